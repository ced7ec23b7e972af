//go:build !purego

package kernel

import (
	"math"
	"time"
)

// peak measures the multiply-adds of one thread, in GFLOP/s; 0 in portable Go.
func peak() float64 {
	if level < AVX2 {
		return 0
	}
	const times = 1 << 16
	best := math.Inf(1)
	for range 200 {
		start := time.Now()
		peakAVX2(times)
		best = min(best, time.Since(start).Seconds())
	}
	return 2 * 8 * 12 * times / best / 1e9
}
