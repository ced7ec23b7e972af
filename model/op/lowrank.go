package op

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/goclip/goclip/internal/kernel"
	"github.com/goclip/goclip/model/hlo"
)

// AddLowRank adds a product of rank r to a matrix, as LoRA does to a weight:
//
//	y = w + scale b a
//
// Shapes: w (O, I), a (r, I), b (O, r); the result is (O, I), float32 also if b.BF16. A
// linear layer with y has the result and the gradients of one whose output gets scale
// b (a x) added, since (w + scale b a) x is that.
//
// Source: Hu et al., LoRA, arXiv:2106.09685, section 4.1.
func (b *Builder) AddLowRank(w, a, bb *G.Node, scale float32) *G.Node {
	return b.apply(addLowRank{scale}, 2, w, a, bb)[0]
}

// addLowRank maps w, a, b to y and scale b, which the gradient needs.
type addLowRank struct{ scale float32 }

func (op addLowRank) String() string { return fmt.Sprintf("addLowRank{%g}", op.scale) }

func (op addLowRank) shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	w, a, b := in[0], in[1], in[2]
	if w.Dims() != 2 || a.Dims() != 2 || b.Dims() != 2 || b[0] != w[0] || a[1] != w[1] || a[0] != b[1] {
		return nil, fmt.Errorf("have w %v, a %v, b %v; want (O, I), (r, I), (O, r)", w, a, b)
	}
	return []tensor.Shape{w, b}, nil
}

func (op addLowRank) run(p *Pool, out, in []Buffer, shapes []tensor.Shape) {
	p.Scale(out[1].F, in[2].F, op.scale)
	p.Gemm(out[0].F, out[1].F, in[1].F, shapes[0][0], shapes[0][1], shapes[1][0], kernel.Gemm{Residual: in[0].F})
}

func (op addLowRank) lower(b *hlo.Builder, in []hlo.Value) []hlo.Value {
	scaled := b.Times(in[2], float64(op.scale))
	return []hlo.Value{b.Add(in[0], b.Dot(hlo.F32, scaled, in[1], 0, 1, 0)), scaled}
}

func (addLowRank) traits() Traits { return Traits{Cheap: true} }

func (addLowRank) wrt() []bool { return []bool{true, true, true} }

func (op addLowRank) grad(b *Builder, in, out []*G.Node, dy *G.Node) []*G.Node {
	return append([]*G.Node{dy}, b.apply(addLowRankGrad(op), 2, in[1], out[1], dy)...)
}

// addLowRankGrad maps a, scale b and dy to da and db.
type addLowRankGrad struct{ scale float32 }

func (op addLowRankGrad) String() string { return fmt.Sprintf("addLowRankGrad{%g}", op.scale) }

func (addLowRankGrad) shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	return []tensor.Shape{in[0], in[1]}, nil
}

func (op addLowRankGrad) run(p *Pool, out, in []Buffer, shapes []tensor.Shape) {
	a, b, dy := in[0].F, in[1].F, in[2].F
	rank, rows, columns := shapes[0][0], shapes[2][0], shapes[2][1]
	p.Gemm(out[0].F, b, dy, rank, columns, rows, kernel.Gemm{TransA: true})
	p.Gemm(out[1].F, dy, a, rows, rank, columns, kernel.Gemm{TransB: true})
	p.Scale(out[1].F, out[1].F, op.scale)
}

func (op addLowRankGrad) lower(b *hlo.Builder, in []hlo.Value) []hlo.Value {
	da := b.Dot(hlo.F32, in[1], in[2], 0, 0, 0)
	db := b.Times(b.Dot(hlo.F32, in[2], in[0], 0, 1, 1), float64(op.scale))
	return []hlo.Value{da, db}
}

func (addLowRankGrad) traits() Traits { return Traits{} }
