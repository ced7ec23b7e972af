package kernel

import (
	"math"
	"testing"
)

func TestPeak(t *testing.T) {
	everyLevel(t, func(t *testing.T) {
		if peak := Peak(2); !(peak > 0) || math.IsInf(peak, 0) {
			t.Errorf("Peak(2) = %g GFLOP/s, want a positive number", peak)
		}
		if level < AVX512BF16 {
			return // PeakBF16 is Peak
		}
		if peak := PeakBF16(2); !(peak > 0) || math.IsInf(peak, 0) {
			t.Errorf("PeakBF16(2) = %g GFLOP/s, want a positive number", peak)
		}
	})
}
