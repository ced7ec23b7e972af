package op

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/goclip/goclip/model/hlo"
)

// LayerNorm normalizes each row of x to mean 0 and variance 1, then scales it
// by gamma and shifts it by beta:
//
//	y = (x - mean) / sqrt(var + eps) * gamma + beta
//
// where mean and var are the row's; var is the population variance.
//
// Shapes: x (N, D), gamma (D), beta (D); the result is (N, D). N counts rows,
// which are the tokens of a whole batch. Eps is in squared units of x; CLIP
// uses 1e-5.
//
// Other shapes, or an eps that is not positive, set b.Err. A row of equal
// values is not an error: its result is beta. NaN and Inf stay in their row.
//
// Source: Ba, Kiros and Hinton, "Layer Normalization", arXiv:1607.06450, eq. 4,
// taken over the channels of one token. The gradient is derived in
// [kernel.Pool.LayerNormGrad].
func (b *Builder) LayerNorm(x, gamma, beta *G.Node, eps float32) *G.Node {
	return b.apply(layerNorm{eps: eps}, 3, x, gamma, beta)[0]
}

// LayerNormOperand is LayerNorm for a result that nothing but products read: if
// b.BF16, it is stored as they round it.
func (b *Builder) LayerNormOperand(x, gamma, beta *G.Node, eps float32) *G.Node {
	return b.apply(layerNorm{eps: eps, bf16: b.BF16}, 3, x, gamma, beta)[0]
}

// layerNorm maps x, gamma, beta to y, mean, rstd. The last two, both (N), are
// what the gradient needs and cost less to keep than to recompute.
type layerNorm struct {
	eps  float32
	bf16 bool // y is bfloat16
}

func (op layerNorm) String() string {
	return fmt.Sprintf("layerNorm{eps: %g, bf16: %v}", op.eps, op.bf16)
}

func (op layerNorm) shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	x, gamma, beta := in[0], in[1], in[2]
	if x.Dims() != 2 || !gamma.Eq(x[1:]) || !beta.Eq(x[1:]) {
		return nil, fmt.Errorf("have x %v, gamma %v, beta %v; want (N, D), (D), (D)", x, gamma, beta)
	}
	if !(op.eps > 0) { // not eps <= 0, which would let NaN pass
		return nil, fmt.Errorf("have eps %g; want eps > 0", op.eps)
	}
	return []tensor.Shape{x, {x[0]}, {x[0]}}, nil
}

func (op layerNorm) run(p *Pool, out, in []Buffer, _ []tensor.Shape) {
	if op.bf16 {
		p.LayerNormBF16(out[0].H, out[1].F, out[2].F, in[0].F, in[1].F, in[2].F, op.eps)
		return
	}
	p.LayerNorm(out[0].F, out[1].F, out[2].F, in[0].F, in[1].F, in[2].F, op.eps)
}

func (op layerNorm) lower(b *hlo.Builder, in []hlo.Value) []hlo.Value {
	x, d := in[0], float64(in[0].Shape[1])
	mean := b.Times(b.Sum(x, 1), 1/d)
	centered := b.Sub(x, b.Spread(mean, x.Shape, 0))
	variance := b.Times(b.Sum(b.Mul(centered, centered), 1), 1/d)
	rstd := b.Rsqrt(b.Plus(variance, float64(op.eps)))
	y := b.Mul(b.Mul(centered, b.Spread(rstd, x.Shape, 0)), b.Spread(in[1], x.Shape, 1))
	return []hlo.Value{b.Add(y, b.Spread(in[2], x.Shape, 1)), mean, rstd}
}

func (op layerNorm) traits() Traits { return Traits{BF16Out: when(op.bf16, 0), Cheap: true} }

func (op layerNorm) wrt() []bool { return []bool{true, true, true} }

func (op layerNorm) grad(b *Builder, in, out []*G.Node, dy *G.Node) []*G.Node {
	return b.apply(layerNormGrad{}, 3, dy, in[0], in[1], out[1], out[2])
}

// layerNormGrad maps dy, x, gamma, mean, rstd to dx, dgamma, dbeta. A sixth
// argument, which only a plan gives it, is added to dx. It has no gradient of
// its own: CLIP needs no second derivatives.
type layerNormGrad struct{}

func (layerNormGrad) String() string { return "layerNormGrad" }

func (layerNormGrad) shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	dy, x, gamma := in[0], in[1], in[2]
	if _, err := same(dy, x); err != nil {
		return nil, err
	}
	return []tensor.Shape{x, gamma, gamma}, nil
}

func (layerNormGrad) run(p *Pool, out, in []Buffer, _ []tensor.Shape) {
	var residual []float32
	if len(in) > 5 {
		residual = in[5].F
	}
	if in[0].H != nil {
		p.LayerNormGradBF16(out[0].F, out[1].F, out[2].F, in[1].F, in[2].F, in[3].F, in[4].F, in[0].H, residual)
		return
	}
	p.LayerNormGrad(out[0].F, out[1].F, out[2].F, in[1].F, in[2].F, in[3].F, in[4].F, in[0].F, residual)
}

// lower: see [kernel.Pool.LayerNormGrad].
func (layerNormGrad) lower(b *hlo.Builder, in []hlo.Value) []hlo.Value {
	dy, x, gamma, mean, rstd := wide(b, in[0]), in[1], in[2], in[3], in[4]
	rows := func(v hlo.Value) hlo.Value { return b.Spread(v, x.Shape, 0) }
	average := func(v hlo.Value) hlo.Value { return rows(b.Times(b.Sum(v, 1), 1/float64(x.Shape[1]))) }
	hat := b.Mul(b.Sub(x, rows(mean)), rows(rstd))
	g := b.Mul(dy, b.Spread(gamma, x.Shape, 1))
	dx := b.Mul(b.Sub(b.Sub(g, average(g)), b.Mul(hat, average(b.Mul(g, hat)))), rows(rstd))
	return []hlo.Value{dx, b.Sum(b.Mul(dy, hat), 0), b.Sum(dy, 0)}
}

func (layerNormGrad) traits() Traits {
	return Traits{InPlace: []int{0}, BF16In: []int{0}, AddsLast: true}
}
