package op

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/goclip/goclip/internal/kernel"
	"github.com/goclip/goclip/model/hlo"
)

// Normalize divides each row of x (N, D) by its norm, or by 1e-12 if that is larger.
func (b *Builder) Normalize(x *G.Node) *G.Node {
	return b.apply(normalize{}, 2, x)[0]
}

// normalize maps x to y and the norms (N).
type normalize struct{}

func (normalize) String() string { return "normalize" }

func (normalize) shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	x := in[0]
	if x.Dims() != 2 {
		return nil, fmt.Errorf("have x %v; want (N, D)", x)
	}
	return []tensor.Shape{x, {x[0]}}, nil
}

func (normalize) run(p *Pool, out, in []Buffer, shapes []tensor.Shape) {
	p.L2Normalize(out[0].F, out[1].F, in[0].F, shapes[0][1])
}

func (normalize) lower(b *hlo.Builder, in []hlo.Value) []hlo.Value {
	x := in[0]
	squares := b.Sum(b.Mul(x, x), 1)
	norm := b.Max(b.Sqrt(squares), b.Full(hlo.F32, 1e-12, squares.Shape...))
	return []hlo.Value{b.Div(x, b.Spread(norm, x.Shape, 0)), norm}
}

func (normalize) traits() Traits { return Traits{} }

func (normalize) wrt() []bool { return []bool{true} }

func (normalize) grad(b *Builder, _, out []*G.Node, dy *G.Node) []*G.Node {
	return b.apply(normalizeGrad{}, 1, dy, out[0], out[1])
}

// normalizeGrad maps dy, y, norm to dx.
type normalizeGrad struct{}

func (normalizeGrad) String() string { return "normalizeGrad" }

func (normalizeGrad) shapes(in []tensor.Shape) ([]tensor.Shape, error) { return same(in[0], in[1]) }

func (normalizeGrad) run(p *Pool, out, in []Buffer, shapes []tensor.Shape) {
	p.L2NormalizeGrad(out[0].F, in[1].F, in[2].F, in[0].F, shapes[0][1])
}

func (normalizeGrad) lower(b *hlo.Builder, in []hlo.Value) []hlo.Value {
	dy, y, norm := in[0], in[1], in[2]
	along := b.Spread(b.Sum(b.Mul(y, dy), 1), y.Shape, 0)
	return []hlo.Value{b.Div(b.Sub(dy, b.Mul(along, y)), b.Spread(norm, y.Shape, 0))}
}

func (normalizeGrad) traits() Traits { return Traits{InPlace: []int{0}} }

// ContrastiveLoss computes the symmetric InfoNCE loss of N pairs of unit rows:
// the mean cross entropy of finding y_i among all y from x_i, and the other way
// round, where the logits are exp(logitScale) x yᵀ.
//
// Shapes: x (N, E), y (N, E), logitScale (1), texts (N, T) of int32 or nil; the result
// is a scalar. With texts, those that are the same are no negatives of each other. The
// N x N logits never exist as a whole: see [kernel.Pool.Contrastive].
//
// Source: Radford et al., arXiv:2103.00020, figure 3.
func (b *Builder) ContrastiveLoss(x, y, logitScale, texts *G.Node) *G.Node {
	return b.apply(contrastive{texts != nil}, 3, optional(texts, x, y, logitScale)...)[0]
}

// optional adds an argument to in unless it is nil.
func optional(x *G.Node, in ...*G.Node) []*G.Node {
	if x == nil {
		return in
	}
	return append(in, x)
}

// contrastive maps x, y, logitScale[, texts] to the loss and the log-sum-exps of the
// rows and of the columns, both (N).
type contrastive struct{ texts bool }

func (op contrastive) String() string { return fmt.Sprintf("contrastive{texts: %v}", op.texts) }

func (contrastive) shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	if err := towers(in); err != nil {
		return nil, err
	}
	n := in[0][0]
	return []tensor.Shape{tensor.ScalarShape(), {n}, {n}}, pairs(in, in[3:])
}

// pairs checks that there are as many images as texts, and as many rows of tokens, if any.
func pairs(in, texts []tensor.Shape) error {
	n := in[0][0]
	if in[1][0] != n || n < 2 {
		return fmt.Errorf("have %d images, %d texts; want as many, and at least 2", n, in[1][0])
	}
	if len(texts) > 0 && (texts[0].Dims() != 2 || texts[0][0] != n) {
		return fmt.Errorf("have %d images, tokens %v; want (%d, T)", n, texts[0], n)
	}
	return nil
}

// textsOf are the tokens among optional arguments.
func textsOf(in []Buffer) []int32 {
	if len(in) == 0 {
		return nil
	}
	return in[0].I
}

// towers checks the embeddings of both towers and the logit scale.
func towers(in []tensor.Shape) error {
	x, y, scale := in[0], in[1], in[2]
	if x.Dims() != 2 || y.Dims() != 2 || x[1] != y[1] || !scale.Eq(tensor.Shape{1}) {
		return fmt.Errorf("have x %v, y %v, logit scale %v; want (N, E), (M, E), (1)", x, y, scale)
	}
	return nil
}

func (contrastive) run(p *Pool, out, in []Buffer, shapes []tensor.Shape) {
	out[0].F[0] = p.Contrastive(out[1].F, out[2].F, in[0].F, in[1].F, textsOf(in[3:]), in[2].F[0], shapes[0][1])
}

// lower gathers the rows of all replicas, of which each computes the rows and the
// columns of its own pairs.
func (op contrastive) lower(b *hlo.Builder, in []hlo.Value) []hlo.Value {
	x, y := in[0], in[1]
	z, t := negatives(b, x, y, in[2], in[3:]), negatives(b, y, x, in[2], in[3:])
	rows, cols := logSumExp(b, z), logSumExp(b, t)
	own := b.Mul(b.Sum(b.Mul(x, y), 1), b.Spread(scaleOf(b, in[2]), rows.Shape))
	sum := b.Total(b.Sub(b.Add(rows, cols), b.Times(own, 2)))
	return []hlo.Value{b.AllSum(b.Times(sum, 1/float64(2*z.Shape[1]))), rows, cols}
}

// negatives are the logits of the rows x of this replica with those y of all. Pairs
// that have the same texts, if there are any, are -Inf unless they are one.
func negatives(b *hlo.Builder, x, y, logitScale hlo.Value, texts []hlo.Value) hlo.Value {
	z := logits(b, x, b.AllRows(y), logitScale)
	if len(texts) == 0 {
		return z
	}
	least := b.Full(hlo.F32, math.Inf(-1), z.Shape...)
	return b.Where(ownPair(b, z.Shape), z, b.Where(sameTexts(b, texts[0]), least, z))
}

// ownPair says where row i of this replica and column j of all are a pair.
func ownPair(b *hlo.Builder, shape []int) hlo.Value {
	first := b.Mul(b.Replica(), b.Full(hlo.I32, float64(shape[0])))
	return b.Compare("EQ", b.Add(b.Iota(0, shape...), b.Spread(first, shape)), b.Iota(1, shape...))
}

// sameTexts says which texts (N, T) of this replica are the same as which of all (M, T).
func sameTexts(b *hlo.Builder, ids hlo.Value) hlo.Value {
	all := b.AllRows(ids)
	shape := []int{ids.Shape[0], all.Shape[0], ids.Shape[1]}
	differ := b.Compare("NE", b.Spread(ids, shape, 0, 2), b.Spread(all, shape, 1, 2))
	n := b.Sum(b.To(hlo.I32, differ), 2)
	return b.Compare("EQ", n, b.Full(hlo.I32, 0, n.Shape...))
}

// logSumExp is that of each row of z (N, M), which has a finite element.
func logSumExp(b *hlo.Builder, z hlo.Value) hlo.Value {
	most := b.Largest(z, 1)
	return b.Add(most, b.Log(b.Sum(b.Exp(b.Sub(z, b.Spread(most, z.Shape, 0))), 1)))
}

func (op contrastive) traits() Traits { return Traits{Tokens: when(op.texts, 3)} }

func (op contrastive) wrt() []bool { return []bool{true, true, true, false}[:3+count(op.texts)] }

func (op contrastive) grad(b *Builder, in, out []*G.Node, dloss *G.Node) []*G.Node {
	args := append([]*G.Node{in[0], in[1], in[2], out[1], out[2], dloss}, in[3:]...)
	return append(b.apply(contrastiveGrad(op), 3, args...), make([]*G.Node, count(op.texts))...)
}

// contrastiveGrad maps x, y, logitScale, rowLSE, colLSE, dloss[, texts] to dx, dy and
// the gradient by logitScale.
type contrastiveGrad struct{ texts bool }

func (op contrastiveGrad) String() string { return fmt.Sprintf("contrastiveGrad{texts: %v}", op.texts) }

func (contrastiveGrad) shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	return []tensor.Shape{in[0], in[1], in[2]}, nil
}

func (contrastiveGrad) run(p *Pool, out, in []Buffer, shapes []tensor.Shape) {
	out[2].F[0] = p.ContrastiveGrad(out[0].F, out[1].F, in[0].F, in[1].F, in[3].F, in[4].F, textsOf(in[6:]),
		in[2].F[0], in[5].F[0], shapes[0][1])
}

// lower: dx_i = s/2M sum_j (exp(z_ij - a_i) + exp(z_ij - b_j) - 2 [i=j]) y_j for the
// rows of this replica, dy the same, and the gradient by the logit scale is x . dx.
func (op contrastiveGrad) lower(b *hlo.Builder, in []hlo.Value) []hlo.Value {
	side := func(x, y, rows, cols hlo.Value) hlo.Value {
		z := negatives(b, x, y, in[2], in[6:])
		p := b.Exp(b.Sub(z, b.Spread(rows, z.Shape, 0)))
		q := b.Exp(b.Sub(z, b.Spread(b.AllRows(cols), z.Shape, 1)))
		w := b.Add(p, q)
		w = b.Where(ownPair(b, z.Shape), b.Plus(w, -2), w)
		factor := b.Times(b.Mul(scaleOf(b, in[2]), in[5]), 1/float64(2*z.Shape[1]))
		return b.Dot(hlo.F32, b.Mul(w, b.Spread(factor, w.Shape)), b.AllRows(y), 0, 1, 0)
	}
	x, y, rows, cols := in[0], in[1], in[3], in[4]
	dx, dy := side(x, y, rows, cols), side(y, x, cols, rows)
	return []hlo.Value{dx, dy, b.Reshape(b.Total(b.Mul(dx, x)), 1)}
}

func (op contrastiveGrad) traits() Traits { return Traits{Tokens: when(op.texts, 6)} }

// Similarity computes the grid of logits exp(logitScale) x yᵀ: x (N, E), y
// (M, E), logitScale (1); the result is (N, M). It is for looking at: training
// uses ContrastiveLoss, and so it has no gradient.
func (b *Builder) Similarity(x, y, logitScale *G.Node) *G.Node {
	return b.apply(similarity{}, 1, x, y, logitScale)[0]
}

type similarity struct{}

func (similarity) String() string { return "similarity" }

func (similarity) shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	if err := towers(in); err != nil {
		return nil, err
	}
	return []tensor.Shape{{in[0][0], in[1][0]}}, nil
}

func (similarity) run(p *Pool, out, in []Buffer, shapes []tensor.Shape) {
	p.Gemm(out[0].F, in[0].F, in[1].F, shapes[0][0], shapes[1][0], shapes[0][1], kernel.Gemm{TransB: true})
	p.Scale(out[0].F, out[0].F, float32(math.Exp(float64(in[2].F[0]))))
}

func (similarity) lower(b *hlo.Builder, in []hlo.Value) []hlo.Value {
	return []hlo.Value{logits(b, in[0], in[1], in[2])}
}

// logits are exp(logitScale) x yᵀ (N, M).
func logits(b *hlo.Builder, x, y, logitScale hlo.Value) hlo.Value {
	z := b.Dot(hlo.F32, x, y, 0, 1, 1)
	return b.Mul(z, b.Spread(scaleOf(b, logitScale), z.Shape))
}

func scaleOf(b *hlo.Builder, logitScale hlo.Value) hlo.Value { return b.Exp(b.Reshape(logitScale)) }

func (similarity) traits() Traits { return Traits{} }
