// Package bounded holds what tests promise of hostile input: it is done with in
// little time, and in little memory.
package bounded

import (
	"runtime/metrics"
	"testing"
	"time"
)

// second is the longest that one input may take.
const second = time.Second

// Run calls f and fails t if it used more than a second of processor time or
// allocated more than limit bytes, freed or not. Other goroutines count too, so
// tests that run beside it must be idle.
func Run(t testing.TB, limit uint64, f func()) {
	t.Helper()
	bytes, start := allocated(), processor()
	f()
	if used := allocated() - bytes; used > limit {
		t.Errorf("allocated %d bytes, want at most %d", used, limit)
	}
	if used := processor() - start; used > second {
		t.Errorf("took %v, want at most %v", used, second)
	}
}

// allocated is the number of bytes on the heap ever.
func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
