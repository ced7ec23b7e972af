package storage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"time"
)

// tries is how often a request is made before its error counts: with the pauses
// between, for about 18 seconds.
const tries = 8

// backoff is the pause after a try, from 1: half of 0.25 s, 0.5 s, ... 8 s, and a
// random part of the other half, so that many readers do not come back at once.
func backoff(try int) time.Duration {
	d := min(250*time.Millisecond<<(try-1), 8*time.Second)
	return d/2 + time.Duration(rand.Int64N(int64(d/2)))
}

// temporary marks an error that another try may cure.
type temporary struct{ error }

func (t temporary) Unwrap() error { return t.error }

// A ReadError is one of the way to a remote file, not of what the file holds.
type ReadError struct {
	What string // was read
	Err  error
}

func (e *ReadError) Error() string { return e.What + ": " + e.Err.Error() }

func (e *ReadError) Unwrap() error { return e.Err }

// A request is one that has not ended.
type request struct {
	what  string
	since time.Time
	try   int
	last  error // of the try before
}

// Waiting says for which request a store has waited longest; "" for none.
func (s *Store) Waiting() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var first *request
	for r := range s.requests {
		if first == nil || r.since.Before(first.since) {
			first = r
		}
	}
	if first == nil {
		return ""
	}
	text := fmt.Sprintf("%s, try %d of %d, for %.0f s", first.what, first.try, tries, time.Since(first.since).Seconds())
	if first.last != nil {
		text += fmt.Sprintf(", after %v", first.last)
	}
	return text
}

func (s *Store) count(add func(s *Stats)) {
	s.mu.Lock()
	add(&s.stats)
	s.mu.Unlock()
}

// try calls do until it succeeds, ctx ends, its error is not temporary, or there
// have been enough tries. What do does without progress ends after a time.
func (s *Store) try(ctx context.Context, name Name, what string,
	do func(ctx context.Context, progress func(n int)) error) error {
	r := &request{what: fmt.Sprintf("%v: %s", name, what), since: time.Now()}
	s.mu.Lock()
	s.requests[r] = true
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.requests, r)
		s.mu.Unlock()
	}()
	for try := 1; ; try++ {
		s.count(func(st *Stats) { st.Requests++; r.try = try })
		err := s.once(ctx, do)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return &ReadError{what, ctx.Err()}
		case !errors.As(err, new(temporary)):
			return &ReadError{what, err}
		case try == tries:
			return &ReadError{what, fmt.Errorf("%w, %d times within %.0f s", err, tries, time.Since(r.since).Seconds())}
		}
		pause := s.pause(try)
		s.count(func(st *Stats) { st.Retries++; r.last = err })
		s.logf("data: %v: %s: %v; again in %.1f s, try %d of %d", name, what, err, pause.Seconds(), try+1, tries)
		select {
		case <-ctx.Done():
			return &ReadError{what, ctx.Err()}
		case <-time.After(pause):
		}
	}
}

// once calls do, and ends it when it has made no progress for some time.
func (s *Store) once(ctx context.Context, do func(ctx context.Context, progress func(n int)) error) error {
	limited, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	timer := time.AfterFunc(s.stall, func() {
		cancel(temporary{fmt.Errorf("no byte for %v", s.stall)})
	})
	defer timer.Stop()
	err := do(limited, func(n int) {
		timer.Reset(s.stall)
		s.count(func(st *Stats) { st.Bytes += int64(n) })
	})
	if cause := context.Cause(limited); err != nil && cause != nil {
		return cause
	}
	return err
}

// fetch fills p with the bytes of an object from off. A try after an error goes
// on where the one before has stopped.
func (s *Store) fetch(ctx context.Context, name Name, o object, v Version, p []byte, off int64) error {
	what := fmt.Sprintf("bytes %d-%d", off, off+int64(len(p))-1)
	got := 0
	return s.try(ctx, name, what, func(ctx context.Context, progress func(n int)) error {
		body, err := o.get(ctx, off+int64(got), int64(len(p)-got), v)
		if err != nil {
			return err
		}
		defer func() { _ = body.Close() }() // what counts has been read
		for got < len(p) {
			n, err := body.Read(p[got:])
			got += n
			progress(n)
			if errors.Is(err, io.EOF) && got < len(p) {
				return temporary{fmt.Errorf("ended after %d of %d bytes", got, len(p))}
			}
			if err != nil && got < len(p) {
				return temporary{clean(err)}
			}
		}
		_, _ = body.Read(make([]byte, 1)) // its end, after which the connection serves again
		return nil
	})
}
