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
	})
}
