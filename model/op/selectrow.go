package op

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// SelectFirst takes the first of every t rows, the class token's.
//
// Shapes: x (N*t, D); the result is (N, D).
func (b *Builder) SelectFirst(x *G.Node, t int) *G.Node {
	return b.apply(selectFirst{t}, 1, x)[0]
}

type selectFirst struct{ t int }

func (op selectFirst) String() string { return fmt.Sprintf("selectFirst{%d}", op.t) }

func (op selectFirst) shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	x := in[0]
	if x.Dims() != 2 || op.t < 1 || x[0]%op.t != 0 {
		return nil, fmt.Errorf("have x %v; want (N*%d, D)", x, op.t)
	}
	return []tensor.Shape{{x[0] / op.t, x[1]}}, nil
}

func (op selectFirst) run(p *Pool, out, in []Buffer, shapes []tensor.Shape) {
	p.SelectFirst(out[0].F, in[0].F, shapes[0][0]/op.t, op.t, shapes[0][1])
}

func (selectFirst) traits() Traits { return Traits{} }

func (op selectFirst) wrt() []bool { return []bool{true} }

func (op selectFirst) grad(b *Builder, _, _ []*G.Node, dy *G.Node) []*G.Node {
	return b.apply(selectFirstGrad(op), 1, dy)
}

type selectFirstGrad struct{ t int }

func (op selectFirstGrad) String() string { return fmt.Sprintf("selectFirstGrad{%d}", op.t) }

func (op selectFirstGrad) shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	return []tensor.Shape{{in[0][0] * op.t, in[0][1]}}, nil
}

func (op selectFirstGrad) run(p *Pool, out, in []Buffer, shapes []tensor.Shape) {
	p.SelectFirstGrad(out[0].F, in[0].F, shapes[0][0], op.t, shapes[0][1])
}

func (selectFirstGrad) traits() Traits { return Traits{} }

// SelectEOT takes the row of the end-of-text token of each text, the first that
// has the largest id.
//
// Shapes: x (N*T, D), ids (N, T) of int32; the result is (N, D).
func (b *Builder) SelectEOT(x, ids *G.Node) *G.Node {
	return b.apply(selectEOT{}, 1, x, ids)[0]
}

type selectEOT struct{}

func (selectEOT) String() string { return "selectEOT" }

func (selectEOT) shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	x, ids := in[0], in[1]
	if x.Dims() != 2 || ids.Dims() != 2 || x[0] != ids[0]*ids[1] {
		return nil, fmt.Errorf("have x %v, ids %v; want (N*T, D), (N, T)", x, ids)
	}
	return []tensor.Shape{{ids[0], x[1]}}, nil
}

func (selectEOT) run(p *Pool, out, in []Buffer, shapes []tensor.Shape) {
	n, t := shapes[1][0], shapes[1][1]
	p.SelectLargest(out[0].F, in[0].F, in[1].I, n, t, shapes[0][1])
}

func (selectEOT) traits() Traits { return Traits{Tokens: []int{1}} }

func (selectEOT) wrt() []bool { return []bool{true, false} }

func (selectEOT) grad(b *Builder, in, _ []*G.Node, dy *G.Node) []*G.Node {
	return append(b.apply(selectEOTGrad{}, 1, in[1], dy), nil)
}

// selectEOTGrad maps ids, dy to dx.
type selectEOTGrad struct{}

func (selectEOTGrad) String() string { return "selectEOTGrad" }

func (selectEOTGrad) shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	ids, dy := in[0], in[1]
	if ids[0] != dy[0] {
		return nil, fmt.Errorf("have ids %v, dy %v; want (N, T), (N, D)", ids, dy)
	}
	return []tensor.Shape{{ids[0] * ids[1], dy[1]}}, nil
}

func (selectEOTGrad) run(p *Pool, out, in []Buffer, shapes []tensor.Shape) {
	n, t := shapes[0][0], shapes[0][1]
	p.SelectLargestGrad(out[0].F, in[1].F, in[0].I, n, t, shapes[1][1])
}

func (selectEOTGrad) traits() Traits { return Traits{Tokens: []int{0}} }
