package data

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"time"
)

// logAfter is how long a batch may take before the stream logs what it waits
// for, and how often it does.
const logAfter = time.Minute

// A stage is where a goroutine of the stream is, for those who wait for it.
type stage struct {
	mu    sync.Mutex
	doing string // "" for nothing
	shard string
	group int // -1 before it is known
	row   int64
	since time.Time
}

// begin says what the goroutine does from now on; row -1 means a whole group.
func (s *stage) begin(doing, shard string, group int, row int64) {
	s.mu.Lock()
	s.doing, s.shard, s.group, s.row, s.since = doing, shard, group, row, time.Now()
	s.mu.Unlock()
}

// end says that the goroutine waits for others.
func (s *stage) end() { s.begin("", "", -1, -1) }

// state returns the words for what the goroutine does, if anything, and since when.
func (s *stage) state() (words string, since time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.doing == "" {
		return "", time.Time{}
	}
	words = s.doing + " of " + filepath.Base(s.shard)
	if s.group >= 0 {
		words += fmt.Sprintf(" row group %d", s.group)
	}
	if s.row >= 0 {
		words += fmt.Sprintf(", row %d", s.row)
	}
	return words, s.since
}

// wait receives from c. While nothing comes it logs what the stream waits for, and
// in the end that is an error.
func wait[T any](ctx context.Context, s *Stream, c <-chan T, start time.Time) (v T, err error) {
	limit := time.Duration(s.d.config.StallSeconds) * time.Second
	every := s.c.logAfter
	if every == 0 {
		every = logAfter
	}
	if limit > 0 {
		every = min(every, limit)
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return v, ctx.Err()
		case v = <-c:
			return v, nil
		case <-tick.C:
		}
		err := s.waiting(time.Since(start))
		if limit > 0 && time.Since(start) >= limit {
			s.stuck = true
			return v, err
		}
		if s.c.Log != nil {
			s.c.Log("%v", err)
		}
	}
}

// waiting names the stage that has taken longest.
func (s *Stream) waiting(since time.Duration) error {
	what, first := "a batch to be released", time.Now()
	for i := range s.stages {
		if words, since := s.stages[i].state(); words != "" && since.Before(first) {
			what, first = words, since
		}
	}
	if request := s.d.store.Waiting(); request != "" {
		what += "; " + request
	}
	return fmt.Errorf("data: no batch for %.0f s: waiting for %s", since.Seconds(), what)
}
