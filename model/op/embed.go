package op

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/goclip/goclip/model/hlo"
)

// Embed looks up the embedding of each token and adds the embedding of its position.
//
// Shapes: table (V, D), position (at least T, D), ids (N, T) of int32; the
// result is (N*T, D). An id outside of the table is the caller's to prevent.
func (b *Builder) Embed(table, position, ids *G.Node) *G.Node {
	return b.apply(embed{}, 1, table, position, ids)[0]
}

type embed struct{}

func (embed) String() string { return "embed" }

func (embed) shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	table, position, ids := in[0], in[1], in[2]
	if table.Dims() != 2 || position.Dims() != 2 || ids.Dims() != 2 || table[1] != position[1] || position[0] < ids[1] {
		return nil, fmt.Errorf("have table %v, position %v, ids %v; want (V, D), (at least T, D), (N, T)",
			table, position, ids)
	}
	return []tensor.Shape{{ids[0] * ids[1], table[1]}}, nil
}

func (embed) run(p *Pool, out, in []Buffer, shapes []tensor.Shape) {
	p.Embed(out[0].F, in[0].F, in[1].F, in[2].I, shapes[2][1], shapes[0][1])
}

func (embed) lower(b *hlo.Builder, in []hlo.Value) []hlo.Value {
	table, position, ids := in[0], in[1], in[2]
	n, t, d := ids.Shape[0], ids.Shape[1], table.Shape[1]
	y := b.Reshape(b.Rows(table, b.Reshape(ids, n*t)), n, t, d)
	y = b.Add(y, b.Spread(b.Slice(position, 0, 0, t), y.Shape, 1, 2))
	return []hlo.Value{b.Reshape(y, n*t, d)}
}

func (embed) traits() Traits { return Traits{Tokens: []int{2}} }

func (embed) wrt() []bool { return []bool{true, true, false} }

func (embed) grad(b *Builder, in, _ []*G.Node, dy *G.Node) []*G.Node {
	table, position, ids := in[0], in[1], in[2]
	return append(b.apply(embedGrad{table.Shape(), position.Shape()}, 2, ids, dy), nil)
}

// embedGrad maps ids, dy to dtable, which may be left out, and dposition.
type embedGrad struct{ table, position tensor.Shape }

func (op embedGrad) String() string {
	return fmt.Sprintf("embedGrad{table: %v, position: %v}", op.table, op.position)
}

func (op embedGrad) shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	if want := (tensor.Shape{in[0][0] * in[0][1], op.table[1]}); !in[1].Eq(want) {
		return nil, fmt.Errorf("have dy %v; want %v", in[1], want)
	}
	return []tensor.Shape{op.table, op.position}, nil
}

func (op embedGrad) run(p *Pool, out, in []Buffer, shapes []tensor.Shape) {
	p.EmbedGrad(out[0].F, out[1].F, in[1].F, in[0].I, shapes[0][1], op.table[1])
}

func (op embedGrad) lower(b *hlo.Builder, in []hlo.Value) []hlo.Value {
	ids, dy := in[0], in[1]
	n, t, d := ids.Shape[0], ids.Shape[1], dy.Shape[1]
	position := b.Sum(b.Reshape(dy, n, t, d), 0)
	if rest := op.position[0] - t; rest > 0 {
		position = b.Concat(0, position, b.Full(hlo.F32, 0, rest, d))
	}
	return []hlo.Value{b.AddRows(op.table[0], b.Reshape(ids, n*t), dy), position}
}

func (embedGrad) traits() Traits { return Traits{Tokens: []int{0}, Optional: []int{0}} }
