package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// refSigmoid is the loss from the whole grid, in float64.
func refSigmoid(x, y []float64, texts []int32, logitScale, bias float64, n int) (loss float64) {
	e := len(x) / n
	for i := range n {
		for j := range n {
			l := math.Exp(logitScale)*dot64(x[i*e:][:e], y[j*e:][:e]) + bias
			if sameText(texts, i, j, n) {
				l = -l
			}
			loss += max(l, 0) + math.Log1p(math.Exp(-math.Abs(l)))
		}
	}
	return loss / float64(n)
}

// TestSigmoid compares the loss with the grid's, and every gradient with central
// differences of it, with a bias as it begins and with some that are too large; with
// rows on both sides of the block, few numbers wide.
func TestSigmoid(t *testing.T) {
	p := NewPool(2)
	defer p.Close()
	everyLevel(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 2))
		for _, size := range [][2]int{{1, 3}, {2, 5}, {7, 8}, {9, 4}, {17, 6}, {contrastRows + 3, 2}} {
			for _, logits := range [][2]float32{{0, 0}, {2.3026, -10}, {4.6052, 30}} {
				for _, texts := range [][]int32{nil, repeated(size[0])} {
					checkSigmoidLoss(t, p, rng, size[0], size[1], texts, logits[0], logits[1])
				}
			}
		}
	})
}

func checkSigmoidLoss(t *testing.T, p *Pool, rng *rand.Rand, n, e int, texts []int32, logitScale, bias float32) {
	t.Helper()
	const dloss = 0.7
	x, y := unitRows(rng, n, e, 1), unitRows(rng, n, e, 0)
	dx, dy := make([]float32, n*e), make([]float32, n*e)
	loss := p.Sigmoid(x, y, texts, logitScale, bias, n)
	dscale, dbias := p.SigmoidGrad(dx, dy, x, y, texts, logitScale, bias, dloss, n)

	x64, y64, scale64, bias64 := float64s(x), float64s(y), []float64{float64(logitScale)}, []float64{float64(bias)}
	ref := func() float64 { return refSigmoid(x64, y64, texts, scale64[0], bias64[0], n) }
	name := fmt.Sprintf("%d of %d, log scale %g, bias %g, texts %v: ", n, e, logitScale, bias, texts)
	// A logit of s is exact to 6e-8 s, which the gradient multiplies by s.
	tol := 1e-6 + 6e-8*math.Exp(2*scale64[0])
	diff(t, name+"loss", []float32{loss / float32(n)}, []float32{float32(ref()) / float32(n)}, tol)
	diff(t, name+"dscale", []float32{dscale}, slope(scale64, dloss, ref), float64(n)*tol)
	diff(t, name+"dbias", []float32{dbias}, slope(bias64, dloss, ref), float64(n)*tol)
	if n <= contrastRows { // the differences of a whole block take long
		diff(t, name+"dx", dx, slope(x64, dloss, ref), tol)
		diff(t, name+"dy", dy, slope(y64, dloss, ref), tol)
		return
	}
	rest := 3 * e // dy is the sum over both blocks, dx the second's at the end
	diff(t, name+"dx", dx[len(dx)-rest:], slope(x64[len(dx)-rest:], dloss, ref), tol)
	diff(t, name+"dy", dy[:rest], slope(y64[:rest], dloss, ref), tol)
}

// A pair that is not finite shows in the loss, so that training stops there.
func TestSigmoidNaN(t *testing.T) {
	p := NewPool(2)
	defer p.Close()
	everyLevel(t, func(t *testing.T) {
		for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
			const n, e = 20, 8
			x := unitRows(rand.New(rand.NewPCG(1, 2)), n, e, 0)
			y := append([]float32(nil), x...)
			y[13*e+5] = float32(bad)
			if loss := float64(p.Sigmoid(x, y, nil, 1, -1, n)); !math.IsNaN(loss) && !math.IsInf(loss, 0) {
				t.Errorf("a %g gives loss %g, want one that is not finite", bad, loss)
			}
		}
	})
}
