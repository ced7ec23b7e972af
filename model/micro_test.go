package model_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/goclip/goclip/internal/kernel"
	"github.com/goclip/goclip/model"
)

// TestMicroStep holds that a batch in 1, 2, 4 and 7 micro-batches, of which the
// last is smaller, has the loss, the embeddings and the gradient of every
// parameter, that of the logit scale too, that the whole batch has, at any
// number of threads, also where all texts are shorter than the context.
func TestMicroStep(t *testing.T) {
	const n = 27
	for i, micro := range []int{27, 14, 7, 4} {
		c := tiny()
		c.Text.ContextLength = []int{8, 20, 20, 8}[i]
		var first []float32
		for _, threads := range []int{1, 3} {
			pool := kernel.NewPool(threads)
			defer pool.Close()
			m, err := model.New(c, 3)
			must(t, err)
			whole, err := m.NewTrainStep(model.StepConfig{Batch: n}, pool)
			must(t, err)
			short := make([]int32, n*8)
			fill(whole.Images(), short, 8)
			for j := range n {
				copy(whole.Tokens()[j*c.Text.ContextLength:], short[j*8:][:8])
			}
			loss, err := whole.Run()
			must(t, err)
			var want [][]float32
			for _, p := range m.Params() {
				want = append(want, slices.Clone(p.Grad))
				for i := range p.Grad {
					p.Grad[i] = float32(math.NaN())
				}
			}
			s, err := m.NewMicroStep(model.StepConfig{Batch: n, MicroBatch: micro}, pool)
			must(t, err)
			copy(s.Images(), whole.Images())
			copy(s.Tokens(), whole.Tokens())
			for range 2 { // the second run adds to nothing of the first
				got, err := s.Run()
				must(t, err)
				if math.Abs(float64(got-loss)) > 1e-6 {
					t.Errorf("micro-batches of %d: loss %g, want %g", micro, got, loss)
				}
				near(t, "image embeddings", s.ImageEmbeddings(), whole.ImageEmbeddings())
				near(t, "text embeddings", s.TextEmbeddings(), whole.TextEmbeddings())
			}
			var all []float32
			for i, p := range m.Params() {
				if d := distance(p.Grad, want[i]) / norm(want[i]); !(d <= 1e-6) {
					t.Errorf("micro-batches of %d: %s: the gradient is off by %g of its norm, want 1e-6", micro, p.Name, d)
				}
				all = append(all, p.Grad...)
			}
			if first == nil {
				first = all
			} else if !slices.Equal(first, all) {
				t.Errorf("micro-batches of %d: gradients with %d threads differ", micro, threads)
			}
		}
	}
}

// distance is the norm of x - y.
func distance(x, y []float32) float64 {
	d := make([]float32, len(x))
	for i := range x {
		d[i] = x[i] - y[i]
	}
	return norm(d)
}

func TestStepErrors(t *testing.T) {
	m, err := model.New(tiny(), 1)
	must(t, err)
	pool := kernel.NewPool(1)
	defer pool.Close()
	for _, test := range []struct {
		c    model.StepConfig
		want string
	}{
		{model.StepConfig{Batch: 1, MicroBatch: 1}, "batch 1; want at least 2"},
		{model.StepConfig{Batch: 4, MicroBatch: -1}, "micro-batch -1 is negative"},
	} {
		if _, err := m.NewStep(test.c, pool); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("NewStep(%+v): %v; want error with %q", test.c, err, test.want)
		}
	}
	s, err := m.NewStep(model.StepConfig{Batch: 4, MicroBatch: 2}, pool)
	must(t, err)
	s.Tokens()[3] = 50
	if _, err := s.Run(); err == nil || !strings.Contains(err.Error(), "token id 50; want 0 to 49") {
		t.Errorf("Run with a token of another vocabulary: %v", err)
	}
}

// TestRematerialize holds that computing blocks again gives the same bits in
// less memory, whole or in micro-batches.
func TestRematerialize(t *testing.T) {
	const n = 12
	pool := kernel.NewPool(2)
	defer pool.Close()
	c := tiny()
	c.Image.Layers, c.Text.Layers = 4, 4
	m, err := model.New(c, 3)
	must(t, err)
	for _, micro := range []int{0, 5} {
		var want [][]float32
		var kept int
		for _, again := range []bool{false, true} {
			config := model.StepConfig{Batch: n, MicroBatch: micro, Rematerialize: again}
			s, err := m.NewStep(config, pool)
			must(t, err)
			fill(s.Images(), s.Tokens(), 8)
			loss, err := s.Run()
			must(t, err)
			got := [][]float32{{loss}, slices.Clone(s.ImageEmbeddings()), slices.Clone(s.TextEmbeddings())}
			for _, p := range m.Params() {
				got = append(got, slices.Clone(p.Grad))
			}
			arena := s.Stats().ArenaBytes
			if measured, _, err := m.Measure(config); err != nil || measured.ArenaBytes != arena {
				t.Errorf("Measure(%+v): %d bytes, %v; the step has %d", config, measured.ArenaBytes, err, arena)
			}
			if !again {
				want, kept = got, arena
				continue
			}
			if arena > kept*2/3 {
				t.Errorf("micro-batches of %d: %d bytes, %d without computing again; want less than two thirds", micro, arena, kept)
			}
			for i := range got {
				if !slices.Equal(got[i], want[i]) {
					t.Errorf("micro-batches of %d: result %d differs", micro, i)
				}
			}
		}
	}
}
