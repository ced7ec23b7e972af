package op

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/goclip/goclip/model/hlo"
)

// KeepTokens takes some of the t rows of each sequence: what patch dropout leaves.
//
// Shapes: x (N*t, D), ids (N, K) of int32, numbers of rows from 0 to t-1; the result is
// (N*K, D). A number outside is the caller's to prevent. A row that is taken twice has
// the sum of both gradients.
func (b *Builder) KeepTokens(x, ids *G.Node, t int) *G.Node {
	return b.apply(keepTokens{t}, 1, x, ids)[0]
}

type keepTokens struct{ t int }

func (op keepTokens) String() string { return fmt.Sprintf("keepTokens{%d}", op.t) }

func (op keepTokens) shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	x, ids := in[0], in[1]
	if x.Dims() != 2 || ids.Dims() != 2 || op.t < 1 || x[0] != ids[0]*op.t {
		return nil, fmt.Errorf("have x %v, ids %v; want (N*t, D), (N, K)", x, ids)
	}
	return []tensor.Shape{{ids[0] * ids[1], x[1]}}, nil
}

func (op keepTokens) run(p *Pool, out, in []Buffer, shapes []tensor.Shape) {
	p.KeepTokens(out[0].F, in[0].F, in[1].I, shapes[1][0], op.t, shapes[0][1])
}

func (op keepTokens) lower(b *hlo.Builder, in []hlo.Value) []hlo.Value {
	return []hlo.Value{b.Rows(in[0], op.rows(b, in[1]))}
}

// rows are the numbers (N*K) of the rows that are kept, among those of all sequences.
func (op keepTokens) rows(b *hlo.Builder, ids hlo.Value) hlo.Value {
	first := b.Mul(b.Iota(0, ids.Shape...), b.Full(hlo.I32, float64(op.t), ids.Shape...))
	return b.Reshape(b.Add(ids, first), ids.Shape[0]*ids.Shape[1])
}

func (keepTokens) traits() Traits { return Traits{Tokens: []int{1}} }

func (keepTokens) wrt() []bool { return []bool{true, false} }

func (op keepTokens) grad(b *Builder, in, _ []*G.Node, dy *G.Node) []*G.Node {
	return append(b.apply(keepTokensGrad(op), 1, dy, in[1]), nil)
}

// keepTokensGrad maps dy, ids to dx.
type keepTokensGrad struct{ t int }

func (op keepTokensGrad) String() string { return fmt.Sprintf("keepTokensGrad{%d}", op.t) }

func (op keepTokensGrad) shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	return []tensor.Shape{{in[1][0] * op.t, in[0][1]}}, nil
}

func (op keepTokensGrad) run(p *Pool, out, in []Buffer, shapes []tensor.Shape) {
	p.KeepTokensGrad(out[0].F, in[0].F, in[1].I, shapes[1][0], op.t, shapes[0][1])
}

func (op keepTokensGrad) lower(b *hlo.Builder, in []hlo.Value) []hlo.Value {
	return []hlo.Value{b.AddRows(in[1].Shape[0]*op.t, keepTokens(op).rows(b, in[1]), in[0])}
}

func (keepTokensGrad) traits() Traits { return Traits{Tokens: []int{1}} }
