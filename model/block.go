package model

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"github.com/goclip/goclip/model/op"
	"github.com/goclip/goclip/model/vm"
)

// epsilon of every LayerNorm is PyTorch's default, which CLIP uses.
const epsilon = 1e-5

// A transformer is the stack of residual blocks of a tower.
type transformer struct {
	prefix     string // of its parameters' names: "visual." or ""
	layers     int
	heads      int
	causal     bool
	activation op.Activation
}

// build applies the blocks to x (N*T, D), where t is T, and returns the rows
// (N, D) of one token of each sequence: the first, or the end of the
// text in ids.
func (tr transformer) build(g *graph, x *G.Node, t int, ids *G.Node) *G.Node {
	for i := range tr.layers {
		in := x
		if i < tr.layers-1 {
			x = tr.block(g, x, t, tr.name(i))
		} else {
			x = tr.lastBlock(g, x, t, ids, tr.name(i))
		}
		if x != nil { // the builder met no error
			g.blocks = append(g.blocks, vm.Segment{After: in.ID(), Last: x.ID()})
		}
	}
	return x
}

func (tr transformer) name(i int) string {
	return fmt.Sprintf("%stransformer.resblocks.%d.", tr.prefix, i)
}

// block is one pre-norm residual block:
//
//	x = x + attention(ln_1(x)); x = x + mlp(ln_2(x))
func (tr transformer) block(g *graph, x *G.Node, t int, name string) *G.Node {
	b := g.Builder
	h := g.operand(x, name+"ln_1")                                                                  // (N*T, D)
	h = b.Linear(h, g.param(name+"attn.in_proj_weight"), g.param(name+"attn.in_proj_bias"))         // (N*T, 3D)
	h = b.Attention(h, t, tr.heads, tr.causal)                                                      // (N*T, D)
	x = b.LinearAdd(h, g.param(name+"attn.out_proj.weight"), g.param(name+"attn.out_proj.bias"), x) // (N*T, D)
	return tr.mlp(g, x, name)
}

// lastBlock is block for the one row of each sequence that is read of its
// result: x (N*T, D), the result (N, D).
func (tr transformer) lastBlock(g *graph, x *G.Node, t int, ids *G.Node, name string) *G.Node {
	b := g.Builder
	h := g.layerNorm(x, name+"ln_1") // (N*T, D)
	h = b.PooledAttention(h, g.param(name+"attn.in_proj_weight"), g.param(name+"attn.in_proj_bias"), ids, t, tr.heads)
	x = g.selected(x, t, ids)
	x = b.LinearAdd(h, g.param(name+"attn.out_proj.weight"), g.param(name+"attn.out_proj.bias"), x) // (N, D)
	return tr.mlp(g, x, name)
}

// mlp is the second half of a block.
func (tr transformer) mlp(g *graph, x *G.Node, name string) *G.Node {
	b := g.Builder
	h := g.operand(x, name+"ln_2")
	h = b.LinearAct(h, g.param(name+"mlp.c_fc.weight"), g.param(name+"mlp.c_fc.bias"), tr.activation) // (rows, 4D)
	return b.LinearAdd(h, g.param(name+"mlp.c_proj.weight"), g.param(name+"mlp.c_proj.bias"), x)
}

// selected takes from x (N*T, D) the rows (N, D) of the first token of each
// sequence, or of the end of the text in ids.
func (g *graph) selected(x *G.Node, t int, ids *G.Node) *G.Node {
	if ids == nil {
		return g.SelectFirst(x, t)
	}
	return g.SelectEOT(x, ids)
}
