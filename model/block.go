package model

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"github.com/goclip/goclip/model/op"
	"github.com/goclip/goclip/model/vm"
)

// A transformer is the stack of residual blocks of a tower.
type transformer struct {
	prefix     string // of its parameters' names: "visual." or ""
	layers     int
	heads      int
	causal     bool
	scaled     bool // by LayerScale
	activation op.Activation
}

func (g *graph) imageTransformer() transformer {
	c := g.config.Image
	return transformer{"visual.", c.Layers, c.Heads, false, c.LayerScale, activations[c.Activation]}
}

func (g *graph) textTransformer() transformer {
	c := g.config.Text
	return transformer{"", c.Layers, c.Heads, !c.Bidirectional, c.LayerScale, activations[c.Activation]}
}

// all applies the blocks to x (N*T, D), where t is T.
func (tr transformer) all(g *graph, x *G.Node, t int) *G.Node {
	for i := range tr.layers {
		x = g.segment(x, func(x *G.Node) *G.Node { return tr.block(g, x, t, tr.name(i)) })
	}
	return x
}

// token applies the blocks to x (N*T, D) and returns the rows (N, D) of one token of
// each sequence.
func (tr transformer) token(g *graph, x *G.Node, t int, token op.Token) *G.Node {
	last := tr.layers - 1
	for i := range last {
		x = g.segment(x, func(x *G.Node) *G.Node { return tr.block(g, x, t, tr.name(i)) })
	}
	return g.segment(x, func(x *G.Node) *G.Node { return tr.lastBlock(g, x, t, token, tr.name(last)) })
}

func (tr transformer) name(i int) string {
	return fmt.Sprintf("%stransformer.resblocks.%d.", tr.prefix, i)
}

// segment applies a block, whose inside can be recomputed from its input.
func (g *graph) segment(in *G.Node, block func(x *G.Node) *G.Node) *G.Node {
	x := block(in)
	if x != nil { // the builder met no error
		g.blocks = append(g.blocks, vm.Segment{After: in.ID(), Last: x.ID()})
	}
	return x
}

// block is one pre-norm residual block:
//
//	x = x + attention(ln_1(x)); x = x + mlp(ln_2(x))
func (tr transformer) block(g *graph, x *G.Node, t int, name string) *G.Node {
	b := g.Builder
	h := g.operand(x, name+"ln_1")                                                          // (N*T, D)
	h = b.Linear(h, g.param(name+"attn.in_proj_weight"), g.param(name+"attn.in_proj_bias")) // (N*T, 3D)
	h = b.Attention(h, t, tr.heads, tr.causal)                                              // (N*T, D)
	x = tr.add(g, h, name+"attn.out_proj", name+"ls_1", x)                                  // (N*T, D)
	return tr.mlp(g, x, name)
}

// lastBlock is block for the one row of each sequence that is read of its
// result: x (N*T, D), the result (N, D).
func (tr transformer) lastBlock(g *graph, x *G.Node, t int, token op.Token, name string) *G.Node {
	b := g.Builder
	h := g.layerNorm(x, name+"ln_1") // (N*T, D)
	h = b.PooledAttention(h, g.param(name+"attn.in_proj_weight"), g.param(name+"attn.in_proj_bias"), token, t, tr.heads)
	x = b.SelectToken(x, token, t)
	x = tr.add(g, h, name+"attn.out_proj", name+"ls_1", x) // (N, D)
	return tr.mlp(g, x, name)
}

// mlp is the second half of a block.
func (tr transformer) mlp(g *graph, x *G.Node, name string) *G.Node {
	h := tr.hidden(g, g.operand(x, name+"ln_2"), name+"mlp.") // (rows, M)
	return tr.add(g, h, name+"mlp.c_proj", name+"ls_2", x)
}

// hidden is the inside of an MLP, of width M.
func (tr transformer) hidden(g *graph, x *G.Node, name string) *G.Node {
	return g.LinearAct(x, g.param(name+"c_fc.weight"), g.param(name+"c_fc.bias"), tr.activation)
}

// add adds the linear layer of a name, scaled or not, to the residual stream x.
func (tr transformer) add(g *graph, h *G.Node, linear, scale string, x *G.Node) *G.Node {
	w, bias := g.param(linear+".weight"), g.param(linear+".bias")
	if !tr.scaled {
		return g.LinearAdd(h, w, bias, x)
	}
	return g.ScaleAdd(g.LinearFloat(h, w, bias), g.param(scale+".gamma"), x)
}
