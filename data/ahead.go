package data

import (
	"context"

	"github.com/goclip/goclip/internal/guard"
)

// readsAtOnce is the number of parts of windows that are read at a time where
// shards are remote: most of that is waiting.
const readsAtOnce = 8

// A readAhead reads the parts of a source's windows before they are wanted, in
// the order in which they will be, as many as a budget of bytes allows.
type readAhead struct {
	stream  *Stream
	sampler *sampler
	source  int
	budget  int64 // bytes
	readers chan *stage

	coming window  // that parts are started of
	next   int     // of its parts
	queue  []*part // started, in order
	held   int64   // bytes of the queue
}

// A part is a range of rows that is read.
type part struct {
	rows  []row
	bytes int64 // about
	err   error
	done  chan struct{}
}

// newReadAhead begins with window w of a source.
func (s *Stream) newReadAhead(sampler *sampler, source int, w window, readers chan *stage) *readAhead {
	budget, _ := sizeOf("read_ahead", s.d.config.ReadAhead) // which Validate has read
	return &readAhead{stream: s, sampler: sampler, source: source,
		budget: budget / int64(len(sampler.spans)), readers: readers, coming: w}
}

// window returns the rows of the next window, which is w.
func (a *readAhead) window(ctx context.Context, w window) (*rowWindow, error) {
	loaded := &rowWindow{window: w, rows: make([]row, 0, len(w.order))}
	for range w.parts {
		a.start(ctx)
		p := a.queue[0]
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-p.done:
		}
		if p.err != nil {
			return nil, p.err
		}
		a.queue[0] = nil // so that its rows end with their window
		a.queue, a.held = a.queue[1:], a.held-p.bytes
		a.stream.clock.count(p.rows)
		loaded.rows = append(loaded.rows, p.rows...)
	}
	a.start(ctx)
	return loaded, nil
}

// start starts parts: one, and those after it that the budget has room for.
func (a *readAhead) start(ctx context.Context) {
	for {
		if a.next == len(a.coming.parts) {
			a.coming, a.next = a.sampler.window(a.source, a.coming.start+int64(len(a.coming.order))), 0
		}
		rows := a.coming.parts[a.next]
		bytes := a.stream.d.bytesOf(rows)
		if len(a.queue) > 0 && a.held+bytes > a.budget {
			return
		}
		p := &part{bytes: bytes, done: make(chan struct{})}
		a.queue, a.held = append(a.queue, p), a.held+bytes
		a.next++
		a.stream.done.Go(func() { a.read(ctx, p, rows) })
	}
}

// read reads a part when one of the readers is free.
func (a *readAhead) read(ctx context.Context, p *part, rows [2]int64) {
	defer close(p.done)
	select {
	case <-ctx.Done():
		p.err = ctx.Err()
	case at := <-a.readers:
		p.err = guard.Call(func() (err error) {
			p.rows, err = a.stream.d.read(ctx, rows[0], rows[1], at.reading())
			return err
		})
		at.end()
		a.readers <- at
	}
}

// rowBytes is about what a row takes in memory beside its columns, so that no
// budget has room for rows without end, whatever a footer says of their size.
const rowBytes = 256

// bytesOf is about what rows of the dataset take in memory.
func (d *Dataset) bytesOf(rows [2]int64) (bytes int64) {
	for _, s := range d.shards {
		if n := min(rows[1], s.first+s.length()) - max(rows[0], s.first); n > 0 {
			bytes += (s.bytes/s.rows + rowBytes) * n
		}
	}
	return bytes
}

// readersOf are the places of those that read ahead in the list of stages.
func readersOf(stages []stage) chan *stage {
	c := make(chan *stage, len(stages))
	for i := range stages {
		c <- &stages[i]
	}
	return c
}

// reading reads what training needs, and says where it is.
func (s *stage) reading() columns {
	return columns{image: true, caption: true,
		reading: func(shard string, group int) { s.begin("reading", shard, group, -1) }}
}
