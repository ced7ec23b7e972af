package eval

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestCompareInterval checks the interval against the normal one, which a
// bootstrap of many images must come near to.
func TestCompareInterval(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	const n = 1000
	a, b := make([]float64, n), make([]float64, n)
	var mean, square float64
	for i := range a {
		a[i], b[i] = float64(rng.IntN(2)), float64(rng.IntN(2))
		mean += (b[i] - a[i]) / n
		square += (b[i] - a[i]) * (b[i] - a[i]) / n
	}
	half := 1.96 * math.Sqrt((square-mean*mean)/n)
	c, err := Compare(a, b, 1)
	if err != nil || math.Abs(c.Low-(mean-half)) > 0.004 || math.Abs(c.High-(mean+half)) > 0.004 ||
		math.Abs(c.Difference-mean) > 1e-12 {
		t.Errorf("Compare: %+v, %v; want %g to %g within 0.004", c, err, mean-half, mean+half)
	}
}

// TestCompareP holds that p is two-sided: a difference of 1.5 standard errors
// has, in either direction, the p-value of a normal distribution.
func TestCompareP(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	const n, errors = 400, 1.5
	a, b := make([]float64, n), make([]float64, n)
	var mean, square float64
	for i := range b {
		b[i] = rng.NormFloat64()
		mean += b[i] / n
	}
	for i := range b {
		b[i] -= mean
		square += b[i] * b[i] / n
	}
	for i := range b {
		b[i] += errors * math.Sqrt(square/n)
	}
	want := math.Erfc(errors / math.Sqrt2)
	there, _ := Compare(a, b, 1)
	back, _ := Compare(b, a, 1)
	if math.Abs(there.P-want) > 0.012 || math.Abs(back.P-want) > 0.012 || there.Real || back.Real {
		t.Errorf("p of a difference of %g standard errors: %g, and back %g; want %g within 0.012", errors, there.P,
			back.P, want)
	}
}

// TestCompareCoverage draws pairs of equally good models: about 5 % are called
// different, and not those that are the same.
func TestCompareCoverage(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	called := 0
	const runs, n = 60, 40
	for r := range runs {
		a, b := make([]float64, n), make([]float64, n)
		for i := range a {
			a[i], b[i] = rng.NormFloat64(), rng.NormFloat64()
		}
		if c, _ := Compare(a, b, uint64(r)); c.Real {
			called++
		}
	}
	if called > 9 {
		t.Errorf("%d of %d pairs of equal models are called different; want about 3", called, runs)
	}
}

// Paired scores show a small difference that is on every image.
func TestComparePaired(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	const n = 200
	a, b := make([]float64, n), make([]float64, n)
	for i := range a {
		a[i] = 10 * rng.NormFloat64()
		b[i] = a[i] + 0.1 + 0.2*rng.NormFloat64()
	}
	c, err := Compare(a, b, 1)
	if err != nil || !c.Real || c.P > 0.02 || !strings.Contains(c.String(), "is real") {
		t.Errorf("Compare: %v, %v; want a real difference of about 0.1", c, err)
	}
	if back, _ := Compare(b, a, 1); !back.Real || back.High >= 0 || math.Abs(back.Difference+c.Difference) > 1e-9 {
		t.Errorf("Compare the other way: %v", back)
	}
	other, _ := Compare(a, b, 2)
	if again, _ := Compare(a, b, 1); again != c || other.Low == c.Low {
		t.Errorf("Compare with seed 1: %v, again %v, and with seed 2 %v; want the seed to decide", c, again, other)
	}
	all, none := slices.Repeat([]float64{1}, n), make([]float64, n)
	if c, _ := Compare(none, all, 1); c.P != 2./(resamples+1) {
		t.Errorf("p of all against none: %g; want %g, as the sample itself counts", c.P, 2./(resamples+1))
	}
	same, err := Compare(a, a, 1)
	if err != nil || same.Real || same.P != 1 || !strings.Contains(same.String(), "may be chance") {
		t.Errorf("Compare with itself: %v, %v", same, err)
	}
	for _, wrong := range [][2][]float64{{nil, nil}, {a, a[1:]}} {
		if _, err := Compare(wrong[0], wrong[1], 1); err == nil {
			t.Errorf("Compare of %d and %d scores: no error", len(wrong[0]), len(wrong[1]))
		}
	}
}

func TestRight(t *testing.T) {
	got, err := testClassifier(t).Right([]float32{1, 0, 0.6, 0.8, 0, 1}, []int{0, 0, 1})
	if d := cmp.Diff([]float64{1, 0, 1}, got); err != nil || d != "" {
		t.Errorf("Right: %v, (-want +got):\n%s", err, d)
	}
}
