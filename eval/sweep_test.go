package eval

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestHoldOut(t *testing.T) {
	var all Labeled
	for i := range 23 {
		all.X, all.Labels = append(all.X, float32(i), float32(-i)), append(all.Labels, i)
	}
	rest, part := all.HoldOut(1)
	if len(part.Labels) != 4 || len(rest.Labels) != 19 {
		t.Errorf("HoldOut of 23 rows: %d and %d; want 19 and 4", len(rest.Labels), len(part.Labels))
	}
	seen := slices.Concat(rest.Labels, part.Labels)
	for i, label := range seen {
		if x := slices.Concat(rest.X, part.X)[2*i:][:2]; x[0] != float32(label) || x[1] != float32(-label) {
			t.Errorf("row %v has label %d", x, label)
		}
	}
	if slices.Sort(seen); !slices.Equal(seen, all.Labels) {
		t.Errorf("rows %v; want each once", seen)
	}
	if _, again := all.HoldOut(1); cmp.Diff(part, again) != "" {
		t.Error("the same seed draws other rows")
	}
	if _, other := all.HoldOut(2); cmp.Diff(part, other) == "" {
		t.Error("another seed draws the same rows")
	}
}

// TestSweepBest holds that of equally good probes the one with the strongest
// penalty is the best.
func TestSweepBest(t *testing.T) {
	for range 20 { // the order of a map is random
		s := sweep{accuracies: map[int]float64{-48: 0.5, -16: 0.9, 0: 0.9, 16: 0.9, 48: 0.2}}
		if got := s.best(); got != -16 {
			t.Fatalf("best: %d; want -16", got)
		}
	}
}

// TestSweepBoth holds that the last fit has the rows of validation as well: the
// only ones of the third class.
func TestSweepBoth(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 10))
	set := func(classes ...int) (l Labeled) {
		for range 10 {
			for _, c := range classes {
				row := make([]float32, 3)
				row[c] = 1 + 0.01*rng.Float32()
				l.X, l.Labels = append(l.X, row...), append(l.Labels, c)
			}
		}
		return l
	}
	p, err := SweepLinearProbe(t.Context(), nil, set(0, 1), set(0, 1, 2, 2, 2, 2), 3)
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Predict(nil, []float32{0, 0, 1}); got[0] != 2 {
		t.Errorf("an image of the third class is called %d; want 2", got[0])
	}
	if p.C != 1e-6 { // each is as good on validation, without its class
		t.Errorf("c %g; want 1e-6, the strongest penalty", p.C)
	}
}

// TestSweepTolerance has a gradient that is below scikit-learn's tolerance from
// the start, though the classes lie apart.
func TestSweepTolerance(t *testing.T) {
	var all Labeled
	for i := range 20 {
		all.X = append(all.X, []float32{1e-4, 0, 0, 1e-4}[i%2*2:][:2]...)
		all.Labels = append(all.Labels, i%2)
	}
	p, err := SweepLinearProbe(t.Context(), nil, all, all, 2)
	if err != nil {
		t.Fatal(err)
	}
	if a := Accuracy(p.Predict(nil, all.X), all.Labels); a != 1 {
		t.Errorf("accuracy %g, weights %v; want 1", a, p.Weights)
	}
}
