// Package doctor finds what is wrong with pairs before a model is trained on
// them, in one pass over their shards:
//
//	rows -> examine, on all cores -> counts and 1.2 kB a row -> findings
//
// What it finds depends on the rows alone, not on the number of goroutines. Of
// pictures, hashes are kept; those that a report shows are read again.
package doctor

import (
	"context"
	"fmt"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/data/tokenizer"
)

// Config says what the pairs are meant for.
type Config struct {
	// Tokenizer and Context, in tokens, are what the model has. Trained says that
	// the vocabulary is made of these captions, not one that others share.
	Tokenizer *tokenizer.Tokenizer
	Context   int
	Trained   bool

	// Batch is the number of pairs of a step.
	Batch int

	// ImageSize is the side, in pixels, of the model's input; 0 where it is not known.
	ImageSize int

	// Workers is the number of goroutines that examine; 0 means one a core.
	Workers int

	// Progress, unless nil, is called with the number of rows done, and of all.
	Progress func(done, all int64)
}

// SetDefaults fills in what is 0 and means something else.
func (c *Config) SetDefaults() {
	if c.Workers == 0 {
		c.Workers = runtime.GOMAXPROCS(0)
	}
}

// Validate reports the first field that cannot work.
func (c Config) Validate() error {
	switch {
	case c.Tokenizer == nil:
		return fmt.Errorf("doctor: no tokenizer")
	case c.Context < 2:
		return fmt.Errorf("doctor: context of %d tokens; want at least 2", c.Context)
	case c.Batch < 2:
		return fmt.Errorf("doctor: batch of %d pairs; want at least 2", c.Batch)
	}
	return nil
}

// An Examination is what is known of all rows.
type Examination struct {
	config     Config
	train, val *set // val is nil where there is none
	copies     copies
	report     *Report
}

// Examine reads the rows that are to be trained on, and the rows of val unless it
// is nil. Rows that cannot be used are part of what it finds, never an error.
func Examine(ctx context.Context, c Config, train, val *data.Survey) (*Examination, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	c.SetDefaults()
	all := train.Len()
	if val != nil {
		all += val.Len()
	}
	var done int64
	count := func(rows int) {
		if done += int64(rows); c.Progress != nil {
			c.Progress(done, all)
		}
	}
	x := &Examination{config: c}
	var err error
	if x.train, err = examineAll(ctx, c, train, count); err != nil {
		return nil, err
	}
	if val != nil {
		if x.val, err = examineAll(ctx, c, val, count); err != nil {
			return nil, err
		}
	}
	if x.copies, err = findCopies(ctx, c.Workers, x.train, x.val); err != nil {
		return nil, err
	}
	x.report, err = x.makeReport(ctx)
	return x, err
}

// Report is what was found.
func (x *Examination) Report() *Report { return x.report }

// A task is some rows, and what they show once done is closed.
type task struct {
	rows  []data.Row
	exams []exam
	done  chan struct{}
}

// examineAll examines rows on all workers, and adds what they show in order.
func examineAll(ctx context.Context, c Config, survey *data.Survey, count func(rows int)) (*set, error) {
	s := newSet(c, survey)
	group, ctx := errgroup.WithContext(ctx)
	ordered, tasks := make(chan *task, 2*c.Workers), make(chan *task)
	group.Go(func() error {
		defer close(ordered)
		defer close(tasks)
		for rows, err := range survey.Rows(ctx, true) {
			if err != nil {
				return err
			}
			t := &task{rows: rows, exams: make([]exam, len(rows)), done: make(chan struct{})}
			for _, to := range []chan *task{ordered, tasks} {
				select {
				case <-ctx.Done():
					return ctx.Err()
				case to <- t:
				}
			}
		}
		return nil
	})
	for range c.Workers {
		group.Go(func() error {
			e := newExaminer(c, survey)
			for t := range tasks {
				for i := range t.rows {
					t.exams[i] = e.examine(&t.rows[i])
				}
				t.rows = nil // their images are not needed any more
				close(t.done)
			}
			return nil
		})
	}
	group.Go(func() error {
		for t := range ordered {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-t.done:
			}
			for i := range t.exams {
				s.add(&t.exams[i])
			}
			count(len(t.exams))
		}
		return nil
	})
	return s, group.Wait()
}
