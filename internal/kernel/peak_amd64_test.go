//go:build !purego

package kernel

import (
	"math"
	"time"
)

// peak measures the multiply-adds of one thread, in GFLOP/s; 0 in portable Go.
func peak() float64 {
	burst, lanes := peakAVX2, 8.0
	switch level {
	case Portable:
		return 0
	case AVX512:
		burst, lanes = peakAVX512, 16
	}
	const times = 1 << 16
	best := math.Inf(1)
	for range 200 {
		start := time.Now()
		burst(times)
		best = min(best, time.Since(start).Seconds())
	}
	return 2 * lanes * 12 * times / best / 1e9
}
