package op

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/goclip/goclip/model/hlo"
)

// ScaleAdd computes y = x gamma + residual, with gamma for each channel: LayerScale on
// what a block adds to the residual stream.
//
// Shapes: x (N, D), gamma (D), residual (N, D); the result is (N, D).
//
// Source: Touvron et al., "Going deeper with Image Transformers", arXiv:2103.17239,
// equation 4.
func (b *Builder) ScaleAdd(x, gamma, residual *G.Node) *G.Node {
	return b.apply(scaleAdd{}, 1, x, gamma, residual)[0]
}

type scaleAdd struct{}

func (scaleAdd) String() string { return "scaleAdd" }

func (scaleAdd) shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	x, gamma, residual := in[0], in[1], in[2]
	if x.Dims() != 2 || !gamma.Eq(x[1:]) || !residual.Eq(x) {
		return nil, fmt.Errorf("have x %v, gamma %v, residual %v; want (N, D), (D), (N, D)", x, gamma, residual)
	}
	return []tensor.Shape{x}, nil
}

func (scaleAdd) run(p *Pool, out, in []Buffer, _ []tensor.Shape) {
	p.ScaleAdd(out[0].F, in[0].F, in[1].F, in[2].F)
}

func (scaleAdd) lower(b *hlo.Builder, in []hlo.Value) []hlo.Value {
	x := in[0]
	return []hlo.Value{b.Add(b.Mul(x, b.Spread(in[1], x.Shape, 1)), in[2])}
}

func (scaleAdd) traits() Traits { return Traits{InPlace: []int{2, 0}} }

func (scaleAdd) wrt() []bool { return []bool{true, true, true} }

func (scaleAdd) grad(b *Builder, in, _ []*G.Node, dy *G.Node) []*G.Node {
	return append(b.apply(scaleAddGrad{}, 2, dy, in[0], in[1]), dy)
}

// scaleAddGrad maps dy, x, gamma to dx, dgamma.
type scaleAddGrad struct{}

func (scaleAddGrad) String() string { return "scaleAddGrad" }

func (scaleAddGrad) shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	if _, err := same(in[0], in[1]); err != nil {
		return nil, err
	}
	return []tensor.Shape{in[1], in[2]}, nil
}

func (scaleAddGrad) run(p *Pool, out, in []Buffer, _ []tensor.Shape) {
	p.ScaleAddGrad(out[0].F, out[1].F, in[1].F, in[2].F, in[0].F)
}

func (scaleAddGrad) lower(b *hlo.Builder, in []hlo.Value) []hlo.Value {
	dy, x, gamma := in[0], in[1], in[2]
	return []hlo.Value{b.Mul(dy, b.Spread(gamma, x.Shape, 1)), b.Sum(b.Mul(dy, x), 0)}
}

func (scaleAddGrad) traits() Traits { return Traits{InPlace: []int{0}} }
