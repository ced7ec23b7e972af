package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// refContrastive is the loss from the whole grid, in float64: the mean of the
// cross-entropies of all rows and all columns, the diagonal being right, and neither
// right nor wrong what else has the same text; texts may be nil.
func refContrastive(x, y []float64, texts []int32, logitScale float64, e int) (loss float64) {
	n := len(x) / e
	scale := math.Exp(logitScale)
	at := func(i, j int) float64 { return scale * dot64(x[i*e:][:e], y[j*e:][:e]) }
	for i := range n {
		var row, column float64
		for j := range n {
			if i == j || !sameText(texts, i, j, n) {
				row += math.Exp(at(i, j) - at(i, i))
				column += math.Exp(at(j, i) - at(i, i))
			}
		}
		loss += (math.Log(row) + math.Log(column)) / float64(2*n)
	}
	return loss
}

// sameText says whether pairs i and j of n are right for each other.
func sameText(texts []int32, i, j, n int) bool {
	t := len(texts) / n
	return i == j || texts != nil && slices.Equal(texts[i*t:][:t], texts[j*t:][:t])
}

// repeated are texts of 3 tokens, of which every fourth is the same and two others are.
func repeated(n int) []int32 {
	texts := make([]int32, 3*n)
	for i := range n {
		texts[3*i+2] = int32(i)
		if i%4 == 0 {
			texts[3*i+2] = 1 << 20
		}
	}
	if n > 6 {
		texts[3*5+2], texts[3*2+2] = 99, 99
	}
	return texts
}

// unitRows returns rows of norm 1; near is how far they lean to a common row.
func unitRows(rng *rand.Rand, n, e int, near float32) []float32 {
	p := NewPool(1)
	defer p.Close()
	x := normal(rng, n*e)
	for i := 0; i < len(x); i += e {
		x[i] += near
	}
	p.L2Normalize(x, make([]float32, n), x, e)
	return x
}

// TestContrastive compares the loss with the grid's, and every gradient with
// central differences of it.
func TestContrastive(t *testing.T) {
	p := NewPool(2)
	defer p.Close()
	everyLevel(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 2))
		for _, size := range [][2]int{{1, 3}, {2, 5}, {7, 8}, {8, 9}, {9, 4}, {17, 6}} {
			for _, logitScale := range []float32{0, 2.6593, 4.6052} { // 1, CLIP's first and its largest scale
				for _, texts := range [][]int32{nil, repeated(size[0])} {
					checkContrastive(t, p, rng, size[0], size[1], texts, logitScale)
				}
			}
		}
	})
}

func checkContrastive(t *testing.T, p *Pool, rng *rand.Rand, n, e int, texts []int32, logitScale float32) {
	t.Helper()
	x, y := unitRows(rng, n, e, 1), unitRows(rng, n, e, 0)
	a, b := make([]float32, n), make([]float32, n)
	dx, dy := make([]float32, n*e), make([]float32, n*e)
	const dloss = 0.7
	loss := p.Contrastive(a, b, x, y, texts, logitScale, e)
	dscale := p.ContrastiveGrad(dx, dy, x, y, a, b, texts, logitScale, dloss, e)

	x64, y64, scale64 := float64s(x), float64s(y), []float64{float64(logitScale)}
	ref := func() float64 { return refContrastive(x64, y64, texts, scale64[0], e) }
	name := fmt.Sprintf("%d of %d, log scale %g, texts %v: ", n, e, logitScale, texts)
	// A logit of s is exact to 6e-8 s, which the gradient multiplies by s/2.
	tol := 1e-6 + 3e-8*math.Exp(2*scale64[0])
	diff(t, name+"loss", []float32{loss}, []float32{float32(ref())}, tol)
	diff(t, name+"dx", dx, slope(x64, dloss, ref), tol)
	diff(t, name+"dy", dy, slope(y64, dloss, ref), tol)
	diff(t, name+"dscale", []float32{dscale}, slope(scale64, dloss, ref), tol)
}

// slope is dloss times the central differences of f by the elements of v.
func slope(v []float64, dloss float64, f func() float64) []float32 {
	const h = 1e-5
	d := make([]float64, len(v))
	for i := range v {
		v[i] += h
		above := f()
		v[i] -= 2 * h
		d[i] = dloss * (above - f()) / (2 * h)
		v[i] += h
	}
	return float32s(d)
}

// TestContrastiveBlocks crosses the block of rows of the grid.
func TestContrastiveBlocks(t *testing.T) {
	p := NewPool(2)
	defer p.Close()
	everyLevel(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 2))
		for _, n := range []int{contrastRows - 1, contrastRows, contrastRows + 1, 2*contrastRows + 5} {
			const e, logitScale = 16, 4.6052
			x, y := unitRows(rng, n, e, 2), unitRows(rng, n, e, 2)
			a, b := make([]float32, n), make([]float32, n)
			got := p.Contrastive(a, b, x, y, nil, logitScale, e)
			want := refContrastive(float64s(x), float64s(y), nil, logitScale, e)
			diff(t, fmt.Sprint("loss of ", n), []float32{got}, []float32{float32(want)}, 1e-5)
		}
	})
}

// A pair that is not finite shows in the loss, so that training stops there.
func TestContrastiveNaN(t *testing.T) {
	p := NewPool(2)
	defer p.Close()
	everyLevel(t, func(t *testing.T) {
		for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
			const n, e = 20, 8
			x := unitRows(rand.New(rand.NewPCG(1, 2)), n, e, 0)
			y := append([]float32(nil), x...)
			y[13*e+5] = float32(bad)
			if loss := p.Contrastive(make([]float32, n), make([]float32, n), x, y, nil, 1, e); !math.IsNaN(float64(loss)) {
				t.Errorf("a %g gives loss %g, want NaN", bad, loss)
			}
		}
	})
}
