package data

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/goclip/goclip/data/preprocess"
	"github.com/goclip/goclip/data/tokenizer"
	"github.com/goclip/goclip/internal/guard"
)

// A Batch is N pairs, ready for a model.
type Batch struct {
	Images   []float32 // (N, 3, S, S), normalized
	Tokens   []int32   // (N, T)
	Captions []string  // of each pair
	Rows     []RowRef

	stream  *Stream
	bad     [][]badRow // by sample
	err     error
	mu      sync.Mutex
	pending int           // jobs
	ready   chan struct{} // has a value when there are none left
}

// Release gives the batch's memory back to its stream.
func (b *Batch) Release() { b.stream.free <- b }

// StreamConfig says what a stream makes of the rows of a dataset.
type StreamConfig struct {
	// Seed chooses the order, the captions and the augmentation.
	Seed uint64

	Batch     int // pairs
	ImageSize int // pixels of a side
	Context   int // tokens of a caption, at least 2
	Tokenizer *tokenizer.Tokenizer

	// Start is the number of pairs of the run that come before the first batch.
	Start int64

	// Ledger accounts for rows that cannot be used. Nil means one that only counts,
	// with the budget of the dataset's Config.
	Ledger *Ledger

	// Log, unless nil, is called each minute with what the stream waits for, if no
	// batch comes, and with the requests for remote shards that are made again.
	Log func(format string, args ...any)

	logAfter time.Duration // 0 means the constant
}

// Validate reports the first field that cannot work.
func (c StreamConfig) Validate() error {
	switch {
	case c.Batch < 1:
		return fmt.Errorf("data: batch of %d pairs; want at least 1", c.Batch)
	case c.ImageSize < 1:
		return fmt.Errorf("data: image size of %d pixels; want at least 1", c.ImageSize)
	case c.Context < 2:
		return fmt.Errorf("data: context of %d tokens; want at least 2", c.Context)
	case c.Tokenizer == nil:
		return errors.New("data: no tokenizer")
	case c.Start < 0:
		return fmt.Errorf("data: start after %d pairs; want 0 or more", c.Start)
	}
	return nil
}

// A Stream gives one batch after the other, without end.
type Stream struct {
	d       *Dataset
	c       StreamConfig
	cancel  context.CancelFunc
	ordered chan *Batch // in the order of the run
	free    chan *Batch
	jobs    chan job
	done    sync.WaitGroup
	clock   clock

	stages []stage // of the goroutine that reads, then of those that decode
	taken  *Batch  // from ordered, and not ready yet
	failed error   // of Next, which has no more to give
	stuck  bool    // a goroutine may never end
}

// batchesAhead is the number of batches that are decoded while one trains.
const batchesAhead = 2

// buffers are those, and the one that is being filled or copied from.
const buffers = batchesAhead + 1

// jobSamples is the number of pairs that a goroutine decodes at a time.
const jobSamples = 16

// A job is a part of a batch.
type job struct {
	batch    *Batch
	lo, hi   int
	position int64 // of lo in the run
	pairs    []drawn
}

// A drawn pair is a place in a window.
type drawn struct {
	w  *rowWindow
	at int // in the window's order
}

// A rowWindow is a window with its rows.
type rowWindow struct {
	window
	rows []row
}

// Stream starts to read. It must be closed. Where c is not valid, Next returns the
// error.
func (d *Dataset) Stream(c StreamConfig) *Stream {
	if err := c.Validate(); err != nil {
		return &Stream{d: d, cancel: func() {}, failed: err}
	}
	if c.Ledger == nil {
		c.Ledger = NewLedger(nil, d.config)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &Stream{d: d, c: c, cancel: cancel, ordered: make(chan *Batch, batchesAhead),
		free: make(chan *Batch, buffers), jobs: make(chan job)}
	for range buffers {
		s.free <- &Batch{
			Images: make([]float32, c.Batch*3*c.ImageSize*c.ImageSize), Tokens: make([]int32, c.Batch*c.Context),
			Captions: make([]string, c.Batch), Rows: make([]RowRef, c.Batch), bad: make([][]badRow, c.Batch), stream: s,
			ready: make(chan struct{}, 1),
		}
	}
	decoders := d.config.decoders()
	s.stages = make([]stage, 1+decoders+readsAtOnce)
	for i := range decoders {
		s.done.Add(1)
		go s.decode(&s.stages[1+i])
	}
	if c.Log != nil {
		d.store.SetLog(c.Log)
	}
	s.done.Add(1)
	go s.produce(ctx)
	return s
}

// Next returns the next batch, which the caller releases. When ctx ends, Next
// returns its error and takes nothing. After any other error the stream has no
// more batches, and Next repeats it.
func (s *Stream) Next(ctx context.Context) (*Batch, error) {
	if s.failed != nil {
		return nil, s.failed
	}
	b, err := s.next(ctx)
	if err != nil && ctx.Err() == nil {
		s.failed = err
	}
	return b, err
}

func (s *Stream) next(ctx context.Context) (b *Batch, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	start := time.Now()
	if s.taken == nil {
		if s.taken, err = wait(ctx, s, s.ordered, start); err != nil {
			return nil, err
		}
	}
	if _, err := wait(ctx, s, s.taken.ready, start); err != nil {
		return nil, err
	}
	b, s.taken = s.taken, nil
	if b.err != nil {
		return nil, b.err
	}
	var bad []badRow
	for _, rows := range b.bad {
		bad = append(bad, rows...)
	}
	return b, s.c.Ledger.add(s.c.Batch+len(bad), bad)
}

// Close ends the stream's goroutines, and waits for their end unless Next has
// found that one is stuck.
func (s *Stream) Close() {
	s.cancel()
	if !s.stuck {
		s.done.Wait()
	}
}

// produce reads windows and hands out the parts of batches.
func (s *Stream) produce(ctx context.Context) {
	defer s.done.Done()
	defer close(s.jobs)
	d := s.newDrawer()
	for {
		var b *Batch
		select {
		case <-ctx.Done():
			return
		case b = <-s.free:
		}
		position := d.position
		pairs, err := d.next(ctx)
		if b.err = err; err != nil {
			b.ready <- struct{}{}
		}
		b.pending = (len(pairs) + jobSamples - 1) / jobSamples
		select {
		case <-ctx.Done():
			return
		case s.ordered <- b:
		}
		if err != nil {
			return
		}
		for lo := 0; lo < len(pairs); lo += jobSamples {
			hi := min(len(pairs), lo+jobSamples)
			select {
			case <-ctx.Done():
				return
			case s.jobs <- job{b, lo, hi, position + int64(lo), pairs[lo:hi]}:
			}
		}
	}
}

// A drawer draws the pairs of one batch after the other, and reads the windows
// that they are in.
type drawer struct {
	stream   *Stream
	sampler  *sampler
	position int64        // of the run
	windows  []*rowWindow // of each source
	ahead    []*readAhead // of each source whose shards are remote
	readers  chan *stage
}

func (s *Stream) newDrawer() *drawer {
	sampler := s.d.newSampler(s.c.Seed)
	n := len(sampler.spans)
	return &drawer{
		stream: s, sampler: sampler, position: s.c.Start, windows: make([]*rowWindow, n), ahead: make([]*readAhead, n),
		readers: readersOf(s.stages[len(s.stages)-readsAtOnce:]),
	}
}

// next returns the pairs of the next batch.
func (d *drawer) next(ctx context.Context) ([]drawn, error) {
	pairs := make([]drawn, d.stream.c.Batch)
	for i := range pairs {
		source, at := d.sampler.mix.at(d.position + int64(i))
		w := d.windows[source]
		if w == nil || at >= w.start+int64(len(w.order)) {
			var err error
			d.windows[source] = nil // one window is in memory, not two
			if w, err = d.load(ctx, source, at); err != nil {
				return nil, err
			}
			d.windows[source] = w
		}
		pairs[i] = drawn{w, int(at - w.start)}
	}
	d.position += int64(len(pairs))
	return pairs, nil
}

// load reads the window of a place of a source.
func (d *drawer) load(ctx context.Context, source int, place int64) (*rowWindow, error) {
	w := d.sampler.window(source, place)
	if d.stream.d.remote && d.ahead[source] == nil {
		d.ahead[source] = d.stream.newReadAhead(d.sampler, source, w, d.readers)
	}
	return d.stream.load(ctx, w, d.ahead[source])
}

// load reads the rows of a window, or waits for them to be read ahead.
func (s *Stream) load(ctx context.Context, w window, ahead *readAhead) (loaded *rowWindow, err error) {
	defer lap(&s.clock.read, time.Now())
	if ahead != nil {
		return ahead.window(ctx, w)
	}
	at := &s.stages[0]
	defer at.end()
	want := at.reading()
	loaded = &rowWindow{window: w, rows: make([]row, 0, len(w.order))}
	err = guard.Call(func() error {
		for _, part := range w.parts {
			rows, err := s.d.read(ctx, part[0], part[1], want)
			if err != nil {
				return err
			}
			loaded.rows = append(loaded.rows, rows...)
			s.clock.count(rows)
		}
		return nil
	})
	return loaded, err
}

// decode does jobs until there are none.
func (s *Stream) decode(at *stage) {
	defer s.done.Done()
	p := preprocess.NewProcessor(s.d.config.Preprocess, s.c.ImageSize)
	for j := range s.jobs {
		for i := j.lo; i < j.hi; i++ {
			s.sample(p, at, j.batch, i, j.position+int64(i-j.lo), j.pairs[i-j.lo])
		}
		at.end()
		j.batch.finish(nil, 1)
	}
}

// finish takes account of jobs that are done, and of an error.
func (b *Batch) finish(err error, jobs int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err == nil {
		b.err = err
	}
	if b.pending -= jobs; b.pending == 0 && jobs > 0 {
		b.ready <- struct{}{}
	}
}
