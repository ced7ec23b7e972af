package report

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// clusters are rows (n, e) around a few random centers, far apart, and a start.
func clusters(n, e, groups int) (x, start []float64) {
	rng := rand.New(rand.NewPCG(1, 2))
	centers := make([]float64, groups*e)
	for i := range centers {
		centers[i] = 4 * rng.NormFloat64()
	}
	for i := range n {
		for d := range e {
			x = append(x, centers[i%groups*e+d]+rng.NormFloat64())
		}
		start = append(start, rng.NormFloat64(), rng.NormFloat64())
	}
	return x, start
}

// TestTSNE places four groups in 20 dimensions: the nearest neighbors of each
// row in the plane are of its group.
func TestTSNE(t *testing.T) {
	const n, e, groups = 80, 20, 4
	x, start := clusters(n, e, groups)
	y, err := TSNE(t.Context(), x, e, start, 10)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		order := make([]int, n)
		for j := range order {
			order[j] = j
		}
		slices.SortFunc(order, func(a, b int) int {
			if closeness(y, i, a) > closeness(y, i, b) {
				return -1
			}
			return 1
		})
		for _, j := range order[:6] { // itself, and five others
			if j%groups != i%groups {
				t.Errorf("row %d of group %d has row %d of group %d beside it", i, i%groups, j, j%groups)
			}
		}
	}
	again, err := TSNE(t.Context(), x, e, start, 10)
	if err != nil || !slices.Equal(y, again) {
		t.Error("a second run places rows elsewhere")
	}
}

// TestAffinities checks the perplexity of each row: two to the entropy, in bits.
func TestAffinities(t *testing.T) {
	const n, want = 30, 7.0
	x, _ := clusters(n, 5, 3)
	distances, p := make([]float64, n), make([]float64, n)
	for i := range n {
		for j := range n {
			distances[j] = 0
			for d := range 5 {
				apart := x[i*5+d] - x[j*5+d]
				distances[j] += apart * apart
			}
		}
		neighbors(p, distances, i, math.Log(want))
		var sum, entropy float64
		for _, v := range p {
			if sum += v; v > 0 {
				entropy -= v * math.Log2(v)
			}
		}
		if got := math.Exp2(entropy); math.Abs(got-want) > 1e-3 || math.Abs(sum-1) > 1e-12 || p[i] != 0 {
			t.Errorf("row %d: perplexity %g of probabilities that add up to %g, %g of itself; want %g, 1, 0", i, got,
				sum, p[i], want)
		}
	}
}

// TestTSNEGradient compares with differences of the divergence.
func TestTSNEGradient(t *testing.T) {
	const n = 9
	x, y := clusters(n, 3, 3)
	p := affinities(x, 3, n, 2)
	divergence := func() (kl float64) {
		var sum float64
		for i := range n {
			for j := range n {
				if i != j {
					sum += closeness(y, i, j)
				}
			}
		}
		for i := range n {
			for j := range n {
				if v := p[i*n+j]; i != j && v > 0 {
					kl += v * math.Log(v/(closeness(y, i, j)/sum))
				}
			}
		}
		return kl
	}
	grad := make([]float64, 2*n)
	tsneGradient(grad, y, p, 1)
	for i := range y {
		const h = 1e-5
		at := y[i]
		y[i] = at + h
		up := divergence()
		y[i] = at - h
		want := (up - divergence()) / (2 * h)
		if y[i] = at; math.Abs(grad[i]-want) > 1e-7 {
			t.Errorf("gradient[%d] = %g, want %g", i, grad[i], want)
		}
	}
}

func TestTSNEErrors(t *testing.T) {
	if _, err := TSNE(t.Context(), make([]float64, 6), 2, make([]float64, 6), 5); err == nil {
		t.Error("three rows: no error")
	}
	x, start := clusters(8, 3, 2)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := TSNE(ctx, x, 3, start, 3); err == nil {
		t.Error("an ended context: no error")
	}
	same, err := TSNE(t.Context(), make([]float64, 24), 3, start, 3) // all rows alike
	if err != nil || slices.ContainsFunc(same, func(v float64) bool { return math.IsNaN(v) }) {
		t.Errorf("rows that are alike: %v, %v", same, err)
	}
}
