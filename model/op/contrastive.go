package op

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/goclip/goclip/internal/kernel"
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

func (similarity) traits() Traits { return Traits{} }
