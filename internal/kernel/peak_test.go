package kernel

import (
	"math"
	"testing"
)

func TestPeak(t *testing.T) {
	everyLevel(t, func(t *testing.T) {
		name, measure := "Peak", Peak
		if level >= AVX512BF16 { // whose float32 kernels are those of AVX512
			name, measure = "PeakBF16", PeakBF16
		}
		if peak := measure(2); !(peak > 0) || math.IsInf(peak, 0) {
			t.Errorf("%s(2) = %g GFLOP/s, want a positive number", name, peak)
		}
	})
}
