package op_test

import (
	"fmt"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/goclip/goclip/model/op"
)

// TestDtypes checks that tokens for numbers, numbers for tokens and a missing
// argument are errors.
func TestDtypes(t *testing.T) {
	for want, build := range map[string]func(b *op.Builder, x, ids *G.Node) *G.Node{
		"argument 0: have int32; want float32": func(b *op.Builder, x, ids *G.Node) *G.Node { return b.Normalize(ids) },
		"argument 2: have float32; want int32": func(b *op.Builder, x, ids *G.Node) *G.Node { return b.Embed(x, x, x) },
		"argument 2 is nil":                    func(b *op.Builder, x, _ *G.Node) *G.Node { return b.LinearAdd(x, x, nil, x) },
	} {
		b := op.NewBuilder(G.NewGraph())
		y := build(b, b.Input("x", tensor.Float32, 2, 2), b.Input("ids", tensor.Int32, 2, 2))
		if y != nil || b.Err() == nil || !strings.Contains(b.Err().Error(), want) {
			t.Errorf("%v, %v; want error with %q", y, b.Err(), want)
		}
	}
	b := op.NewBuilder(G.NewGraph())
	b.BF16 = true
	x, w := b.Input("x", tensor.Float32, 2, 2), b.Input("w", tensor.Float32, 2)
	b.Normalize(b.LayerNormOperand(x, w, w, 1e-5))
	if err := b.Err(); err == nil || !strings.Contains(err.Error(), "argument 0: have uint16; want float32") {
		t.Errorf("bfloat16 where none is read: %v", err)
	}
}

// TestTokenShapes checks the shapes of token ids beside what they belong to.
func TestTokenShapes(t *testing.T) {
	for want, build := range map[string]func(b *op.Builder, in func(...int) *G.Node, ids *G.Node) *G.Node{
		"ids (2, 2); want N*t rows, ids (N, t)": func(b *op.Builder, in func(...int) *G.Node, ids *G.Node) *G.Node {
			return b.PooledAttention(in(4, 6), in(18, 6), in(18), op.Token{IDs: ids}, 4, 3)
		},
		"ids (2, 2); want (V, D), (at least T, D), (N, T)": func(b *op.Builder, in func(...int) *G.Node, ids *G.Node) *G.Node {
			return b.Embed(in(7, 5), in(1, 5), ids)
		},
		"have 5 rows, token 0 of 2": func(b *op.Builder, in func(...int) *G.Node, ids *G.Node) *G.Node {
			return b.SelectToken(in(5, 3), op.Token{IDs: ids}, 2)
		},
	} {
		b := op.NewBuilder(G.NewGraph())
		in := func(shape ...int) *G.Node { return b.Input(fmt.Sprint(shape), tensor.Float32, shape...) }
		y := build(b, in, b.Input("ids", tensor.Int32, 2, 2))
		if y != nil || b.Err() == nil || !strings.Contains(b.Err().Error(), want) {
			t.Errorf("%v, %v; want error with %q", y, b.Err(), want)
		}
	}
}
