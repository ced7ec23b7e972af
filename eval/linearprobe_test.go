package eval

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFitLinearProbeGolden(t *testing.T) {
	g := readGolden(t)
	pool := newPool(t, 2)
	train := Labeled{g.images, g.Labels}
	for _, want := range g.Probe {
		p, err := FitLinearProbe(t.Context(), pool, train, len(want.Bias), want.C, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := Accuracy(p.Predict(pool, g.testImages), g.TestLabels); got != want.Accuracy {
			t.Errorf("c %g: accuracy %g, scikit-learn %g", want.C, got, want.Accuracy)
		}
		for i, v := range p.Weights {
			if w := want.Weights[i/g.e][i%g.e]; math.Abs(float64(v)-w) > 1e-3*(1+math.Abs(w)) {
				t.Errorf("c %g: weights[%d] = %g, scikit-learn %g within 1e-3", want.C, i, v, w)
			}
		}
		for i, v := range p.Bias { // free up to a constant
			w := want.Bias[i] - want.Bias[0]
			if math.Abs(float64(v-p.Bias[0])-w) > 1e-3*(1+math.Abs(w)) {
				t.Errorf("c %g: bias[%d] = %g, scikit-learn %g within 1e-3", want.C, i, v-p.Bias[0], w)
			}
		}
	}
}

// The gradient of the loss equals its central differences.
func TestLinearProbeLoss(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	const n, e, classes = 40, 5, 3
	data := Labeled{unitRows(rng, n, e), make([]int, n)}
	for i := range data.Labels {
		data.Labels[i] = i % classes
	}
	f := newProbeLoss(newPool(t, 1), data, e, classes, 0.5)
	at, grad := make([]float64, classes*(e+1)), make([]float64, classes*(e+1))
	for i := range at {
		at[i] = rng.NormFloat64()
	}
	f.gradient(grad, at)
	for i, v := range grad {
		const h = 1e-2
		x := at[i]
		at[i] = x + h
		up := f.value(at)
		at[i] = x - h
		down := f.value(at)
		at[i] = x
		if d := (up - down) / (2 * h); math.Abs(d-v) > 1e-4 {
			t.Errorf("gradient[%d] = %g, want %g within 1e-4", i, v, d)
		}
	}
}

// TestSweepLinearProbe has few rows of noisy labels, for which a strong penalty is
// better than none.
func TestSweepLinearProbe(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	const n, e = 60, 20
	set := func(n int) Labeled {
		l := Labeled{unitRows(rng, n, e), make([]int, n)}
		for i := range l.Labels {
			if l.X[i*e]+0.3*float32(rng.NormFloat64()) > 0 {
				l.Labels[i] = 1
			}
		}
		return l
	}
	train, validation, test := set(n), set(400), set(2000)
	pool := newPool(t, 2)
	best, err := SweepLinearProbe(t.Context(), pool, train, validation, 2)
	if err != nil {
		t.Fatal(err)
	}
	weak, err := FitLinearProbe(t.Context(), pool, train, 2, 1e6, nil)
	if err != nil {
		t.Fatal(err)
	}
	accuracy := func(p *LinearProbe) float64 { return Accuracy(p.Predict(pool, test.X), test.Labels) }
	if best.C > 1e3 || best.C < 1e-5 || accuracy(best) <= accuracy(weak) {
		t.Errorf("sweep: c %g, accuracy %g; without penalty %g", best.C, accuracy(best), accuracy(weak))
	}
}

// TestSweepLinearProbeOfMany has 1,000 classes, with which the gradient begins below
// scikit-learn's tolerance.
func TestSweepLinearProbeOfMany(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	const classes, e = 1000, 32
	centers := unitRows(rng, classes, e)
	set := func() Labeled {
		l := Labeled{unitRows(rng, classes, e), make([]int, classes)}
		for i := range l.Labels {
			l.Labels[i] = i
			var norm float64
			for d := range e {
				l.X[i*e+d] = 0.3*l.X[i*e+d] + centers[i*e+d]
				norm += float64(l.X[i*e+d]) * float64(l.X[i*e+d])
			}
			for d := range e {
				l.X[i*e+d] /= float32(math.Sqrt(norm))
			}
		}
		return l
	}
	pool, test := newPool(t, 2), set()
	p, err := SweepLinearProbe(t.Context(), pool, set(), set(), classes)
	if err != nil {
		t.Fatal(err)
	}
	if a := Accuracy(p.Predict(pool, test.X), test.Labels); a < 0.9 {
		t.Errorf("accuracy %g of classes that lie apart, with C %g", a, p.C)
	}
}

func TestEnded(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	pool, x, labels := newPool(t, 1), []float32{1, 0, 0, 1}, []int{0, 1}
	_, fit := FitLinearProbe(ctx, pool, Labeled{x, labels}, 2, 1, nil)
	_, nearest := Nearest(ctx, pool, x, x, 2, 1)
	_, retrieve := Retrieve(ctx, pool, x, x, labels)
	for name, err := range map[string]error{"FitLinearProbe": fit, "Nearest": nearest, "Retrieve": retrieve} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s after the end of its context: %v", name, err)
		}
	}
}

func TestLinearProbeErrors(t *testing.T) {
	pool := newPool(t, 1)
	for _, test := range []struct {
		x       []float32
		labels  []int
		classes int
		c       float64
		want    string
	}{
		{nil, nil, 2, 1, "0 labels"},
		{[]float32{1, 2, 3}, []int{0, 1}, 2, 1, "one row per label"},
		{[]float32{1, 2}, []int{0, 2}, 2, 1, "row 1 has label 2; want 0 to 1"},
		{[]float32{1, 2}, []int{0, 0}, 1, 1, "at least 2"},
		{[]float32{1, 2}, []int{0, 1}, 2, 0, "c 0"},
		{[]float32{1, float32(math.Inf(1))}, []int{0, 1}, 2, 1, "row 1 has +Inf"},
	} {
		_, err := FitLinearProbe(t.Context(), pool, Labeled{test.x, test.labels}, test.classes, test.c, nil)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("FitLinearProbe(%v, %v): %v; want error with %q", test.x, test.labels, err, test.want)
		}
	}
}

func TestKNNGolden(t *testing.T) {
	g := readGolden(t)
	for _, want := range g.KNN {
		got, err := KNN(t.Context(), newPool(t, 2), g.testImages, g.images, g.Labels, g.e, want.K)
		if d := cmp.Diff(want.Predicted, got); err != nil || d != "" {
			t.Errorf("KNN of %d: %v, (-scikit-learn +got):\n%s", want.K, err, d)
		}
	}
}

// TestNearest compares sizes around the block with sorting; some items are equal.
func TestNearest(t *testing.T) {
	const e = 3
	rng := rand.New(rand.NewPCG(8, 9))
	items := unitRows(rng, blockSize+40, e)
	for i := range 30 {
		copy(items[(blockSize+i)*e:][:e], items[i*e:])
	}
	queries := items[:20*e]
	for _, k := range []int{1, 2, 7, 5000} {
		got, err := Nearest(t.Context(), newPool(t, 2), queries, items, e, k)
		if err != nil {
			t.Fatal(err)
		}
		for q, near := range got {
			if len(near) != min(k, len(items)/e) || near[0].Item != q || k > 1 && near[1].Item != blockSize+q {
				t.Fatalf("query %d, k %d: %v; want itself and its copy %d first", q, k, near[:min(3, len(near))],
					blockSize+q)
			}
			for i := range near[1:] {
				if nearerFirst(near[i], near[i+1]) >= 0 {
					t.Fatalf("query %d, k %d: %v before %v", q, k, near[i], near[i+1])
				}
			}
		}
	}
	if _, err := Nearest(t.Context(), newPool(t, 1), queries, items, e, 0); err == nil ||
		!strings.Contains(err.Error(), "nearest 0") {
		t.Errorf("Nearest of 0: %v", err)
	}
}

func TestKNNTies(t *testing.T) {
	items := []float32{1, 0, 0.8, 0.6, 0.6, 0.8, 0, 1}
	for _, test := range []struct{ k, want int }{{1, 3}, {2, 1}, {3, 1}, {4, 1}} {
		got, err := KNN(t.Context(), newPool(t, 1), []float32{1, 0}, items, []int{3, 1, 1, 3}, 2, test.k)
		if err != nil || fmt.Sprint(got) != fmt.Sprint([]int{test.want}) {
			t.Errorf("KNN of %d = %v, %v; want %d", test.k, got, err, test.want)
		}
	}
}
