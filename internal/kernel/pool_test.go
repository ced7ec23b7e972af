package kernel

import (
	"runtime"
	"testing"
	"time"
)

// countTask counts how often each tile is done.
type countTask struct {
	times [40]int
	work  time.Duration
}

func (c *countTask) do(_, tile int) {
	c.times[tile]++
	for start := time.Now(); time.Since(start) < c.work; {
	}
}

// TestPool holds that every tile is done once before a kernel returns, whether
// the workers look for it or have gone to sleep.
func TestPool(t *testing.T) {
	for _, threads := range []int{1, 2, 4} {
		p := NewPool(threads)
		if p.Threads() != threads {
			t.Errorf("a pool of %d threads has %d", threads, p.Threads())
		}
		c := &countTask{work: time.Microsecond}
		var want [40]int
		for run := range 400 {
			tiles := run % 41
			p.run(c, tiles)
			for i := range tiles {
				want[i]++
			}
			if c.times != want {
				t.Fatalf("%d threads: run %d: tiles done %v times, want %v", threads, run, c.times, want)
			}
			if run%50 == 0 {
				time.Sleep(time.Millisecond)
			}
		}
		p.Close()
	}
}

// TestPoolClose holds that a pool leaves no goroutine behind.
func TestPoolClose(t *testing.T) {
	before := runtime.NumGoroutine()
	for range 10 {
		p := NewPool(3)
		p.run(&countTask{}, 10)
		p.Close()
	}
	for deadline := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines, want %d", runtime.NumGoroutine(), before)
		}
	}
}
