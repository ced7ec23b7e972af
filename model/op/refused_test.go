package op_test

import (
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/goclip/goclip/model/op"
)

// TestDtypes checks that tokens for numbers, numbers for tokens and a missing
// argument are told.
func TestDtypes(t *testing.T) {
	for want, build := range map[string]func(b *op.Builder, x, ids *G.Node) *G.Node{
		"argument 0: have int32; want float32": func(b *op.Builder, x, ids *G.Node) *G.Node { return b.Normalize(ids) },
		"argument 2: have float32; want int32": func(b *op.Builder, x, ids *G.Node) *G.Node { return b.Embed(x, x, x) },
		"argument 2 is nil":                    func(b *op.Builder, x, ids *G.Node) *G.Node { return b.LinearAdd(x, x, nil, x) },
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
