package goclip

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"

	"github.com/goclip/goclip/model"
)

// errClosed is what a closed model answers.
var errClosed = errors.New("goclip: the model is closed")

// batches are the sizes of batches that a tower computes: what waits is put into
// the smallest that holds it.
var batches = [...]int{1, 4, 16, 64}

const largestBatch = 64

// A tower computes the inputs of all callers, in batches of those that wait at the
// same time. One goroutine does.
type tower struct {
	dim      int
	compile  func(batch int) (*model.Encoder, error)
	encoders [len(batches)]*model.Encoder // nil until needed
	inputs   chan *input
	ended    chan struct{}

	mu     sync.RWMutex // held for reading while a caller sends
	closed bool
}

// An input is one image or text: its numbers, and where its unit row goes.
type input struct {
	pixels []float32
	tokens []int32
	row    []float32
	done   chan<- error // has room for the answer
}

func newTower(dim int, compile func(batch int) (*model.Encoder, error)) *tower {
	t := &tower{dim: dim, compile: compile, inputs: make(chan *input, 2*largestBatch), ended: make(chan struct{})}
	go t.work()
	return t
}

// encode computes the unit rows (N, E) of n inputs; fill gives the numbers of each.
func (t *tower) encode(ctx context.Context, n int, fill func(i int, in *input) error) ([][]float32, error) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if t.closed {
		return nil, errClosed
	}
	all := make([]float32, n*t.dim)
	rows := make([][]float32, n)
	done := make(chan error, n)
	sent := 0
	var failed error
	for i := range n {
		rows[i] = all[i*t.dim : (i+1)*t.dim : (i+1)*t.dim]
		in := &input{row: rows[i], done: done}
		if failed = fill(i, in); failed != nil {
			break
		}
		select {
		case t.inputs <- in:
			sent++
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	for range sent {
		select {
		case err := <-done:
			if failed == nil {
				failed = err
			}
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if failed != nil {
		return nil, failed
	}
	for i, row := range rows {
		for _, v := range row {
			if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
				return nil, fmt.Errorf("goclip: input %d: its embedding has the element %g; want finite ones: are the weights damaged?", i, v)
			}
		}
	}
	return rows, nil
}

// work answers until the tower is closed.
func (t *tower) work() {
	defer close(t.ended)
	var waiting []*input
	for first := range t.inputs {
		waiting = append(waiting[:0], first)
		for more := true; more && len(waiting) < largestBatch; {
			select {
			case in, open := <-t.inputs:
				if more = open; open {
					waiting = append(waiting, in)
				}
			default:
				more = false
			}
		}
		err := t.run(waiting)
		for _, in := range waiting {
			in.done <- err
		}
	}
}

// run computes one batch.
func (t *tower) run(inputs []*input) error {
	size := 0
	for batches[size] < len(inputs) {
		size++
	}
	e := t.encoders[size]
	if e == nil {
		var err error
		if e, err = t.compile(batches[size]); err != nil {
			return err
		}
		t.encoders[size] = e
	}
	for i, in := range inputs {
		copy(e.Images()[i*len(in.pixels):], in.pixels)
		copy(e.Tokens()[i*len(in.tokens):], in.tokens)
	}
	rows, err := e.Run()
	if err != nil {
		return err
	}
	for i, in := range inputs {
		copy(in.row, rows[i*t.dim:])
	}
	return nil
}

// close waits for what is being computed.
func (t *tower) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.closed {
		t.closed = true
		close(t.inputs)
		<-t.ended
		t.encoders = [len(batches)]*model.Encoder{}
	}
}
