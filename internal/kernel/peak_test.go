package kernel

import (
	"math"
	"testing"
	"time"
)

// TestPeak holds that no product is faster than the peak, which a wrong count
// of operations would show. Half as much again is for a machine that changes
// its speed in between.
func TestPeak(t *testing.T) {
	const n = 192
	p := NewPool(1)
	defer p.Close()
	x, z := make([]float32, n*n), make([]float32, n*n)
	everyLevel(t, func(t *testing.T) {
		peak := Peak(1)
		best := math.Inf(1)
		for range 20 {
			start := time.Now()
			p.Gemm(z, x, x, n, n, n, Gemm{})
			best = min(best, time.Since(start).Seconds())
		}
		if rate := 2 * n * n * n / best / 1e9; !(rate < 1.5*peak) {
			t.Errorf("Gemm makes %.1f GFLOP/s; want less than the peak of %.1f", rate, peak)
		}
	})
}
