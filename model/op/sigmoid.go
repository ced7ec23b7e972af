package op

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/goclip/goclip/model/hlo"
)

// SigmoidLoss computes the pairwise sigmoid loss of N pairs of unit rows: each image
// with each text is a question of its own, whether they are a pair, with the logit
// exp(logitScale) x . y + logitBias.
//
// Shapes: x (N, E), y (N, E), logitScale (1), logitBias (1), texts (N, T) of int32 or
// nil; the result is a scalar. With texts, all that have the same are pairs. The N x N
// logits never exist as a whole: see [kernel.Pool.Sigmoid].
//
// Source: Zhai et al., arXiv:2303.15343, equation 1.
func (b *Builder) SigmoidLoss(x, y, logitScale, logitBias, texts *G.Node) *G.Node {
	return b.apply(sigmoid{texts != nil}, 1, optional(texts, x, y, logitScale, logitBias)...)[0]
}

// sigmoid maps x, y, logitScale, logitBias[, texts] to the loss.
type sigmoid struct{ texts bool }

func (op sigmoid) String() string { return fmt.Sprintf("sigmoid{texts: %v}", op.texts) }

func (op sigmoid) shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	if err := towers(in); err != nil {
		return nil, err
	}
	if bias := in[3]; !bias.Eq(tensor.Shape{1}) {
		return nil, fmt.Errorf("have logit bias %v; want (1)", bias)
	}
	return []tensor.Shape{tensor.ScalarShape()}, pairs(in, in[4:])
}

func (op sigmoid) run(p *Pool, out, in []Buffer, shapes []tensor.Shape) {
	out[0].F[0] = p.Sigmoid(in[0].F, in[1].F, textsOf(in[4:]), in[2].F[0], in[3].F[0], shapes[0][0])
}

// lower computes the rows of this replica's images.
func (op sigmoid) lower(b *hlo.Builder, in []hlo.Value) []hlo.Value {
	l, positive := questions(b, in[0], in[1], in[2], in[3], in[4:])
	l = b.Where(positive, b.Negate(l), l)
	softplus := b.Add(b.Max(l, b.Full(hlo.F32, 0, l.Shape...)), b.Log1p(b.Exp(b.Negate(b.Abs(l)))))
	return []hlo.Value{b.AllSum(b.Times(b.Total(softplus), 1/float64(l.Shape[1])))}
}

// questions are the logits of the rows x of this replica with those y of all, and which
// of them are pairs.
func questions(b *hlo.Builder, x, y, logitScale, bias hlo.Value, texts []hlo.Value) (l, positive hlo.Value) {
	l = logits(b, x, b.AllRows(y), logitScale)
	l = b.Add(l, b.Spread(b.Reshape(bias), l.Shape))
	if len(texts) > 0 {
		return l, sameTexts(b, texts[0])
	}
	return l, ownPair(b, l.Shape)
}

func (op sigmoid) traits() Traits { return Traits{Tokens: when(op.texts, 4)} }

func (op sigmoid) wrt() []bool { return []bool{true, true, true, true, false}[:4+count(op.texts)] }

func (op sigmoid) grad(b *Builder, in, _ []*G.Node, dloss *G.Node) []*G.Node {
	args := append([]*G.Node{in[0], in[1], in[2], in[3], dloss}, in[4:]...)
	return append(b.apply(sigmoidGrad(op), 4, args...), make([]*G.Node, count(op.texts))...)
}

// sigmoidGrad maps x, y, logitScale, logitBias, dloss[, texts] to dx, dy and the
// gradients by logitScale and logitBias.
type sigmoidGrad struct{ texts bool }

func (op sigmoidGrad) String() string { return fmt.Sprintf("sigmoidGrad{texts: %v}", op.texts) }

func (op sigmoidGrad) shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	return []tensor.Shape{in[0], in[1], in[2], in[3]}, nil
}

func (op sigmoidGrad) run(p *Pool, out, in []Buffer, shapes []tensor.Shape) {
	out[2].F[0], out[3].F[0] = p.SigmoidGrad(out[0].F, out[1].F, in[0].F, in[1].F, textsOf(in[5:]),
		in[2].F[0], in[3].F[0], in[4].F[0], shapes[0][0])
}

func (op sigmoidGrad) lower(b *hlo.Builder, in []hlo.Value) []hlo.Value {
	side := func(x, y hlo.Value) (dx, dl hlo.Value) {
		l, positive := questions(b, x, y, in[2], in[3], in[5:])
		p := b.Logistic(l)
		dl = b.Where(positive, b.Plus(p, -1), p)
		dl = b.Mul(dl, b.Spread(b.Times(in[4], 1/float64(l.Shape[1])), l.Shape))
		scaled := b.Mul(dl, b.Spread(scaleOf(b, in[2]), l.Shape))
		return b.Dot(hlo.F32, scaled, b.AllRows(y), 0, 1, 0), dl
	}
	x, y := in[0], in[1]
	dx, dl := side(x, y)
	dy, _ := side(y, x)
	return []hlo.Value{dx, dy, b.Reshape(b.Total(b.Mul(dx, x)), 1), b.Reshape(b.Total(dl), 1)}
}

func (op sigmoidGrad) traits() Traits { return Traits{Tokens: when(op.texts, 5)} }
