package model

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"github.com/goclip/goclip/internal/kernel"
)

// epsilon is that of every LayerNorm: PyTorch's default, which CLIP uses.
const epsilon = 1e-5

// A transformer is the stack of residual blocks of a tower.
type transformer struct {
	prefix     string // of its parameters' names: "visual." or ""
	layers     int
	heads      int
	causal     bool
	activation kernel.Activation
}

// build applies the blocks to x (N*T, D), where t is T.
func (tr transformer) build(g *graph, x *G.Node, t int) *G.Node {
	for i := range tr.layers {
		x = tr.block(g, x, t, fmt.Sprintf("%stransformer.resblocks.%d.", tr.prefix, i))
	}
	return x
}

// block is one pre-norm residual block:
//
//	x = x + attention(ln_1(x)); x = x + mlp(ln_2(x))
func (tr transformer) block(g *graph, x *G.Node, t int, name string) *G.Node {
	b := g.Builder
	h := g.layerNorm(x, name+"ln_1")                                                                // (N*T, D)
	h = b.Linear(h, g.param(name+"attn.in_proj_weight"), g.param(name+"attn.in_proj_bias"))         // (N*T, 3D)
	h = b.Attention(h, t, tr.heads, tr.causal)                                                      // (N*T, D)
	x = b.LinearAdd(h, g.param(name+"attn.out_proj.weight"), g.param(name+"attn.out_proj.bias"), x) // (N*T, D)

	h = g.layerNorm(x, name+"ln_2")
	h = b.LinearAct(h, g.param(name+"mlp.c_fc.weight"), g.param(name+"mlp.c_fc.bias"), tr.activation) // (N*T, 4D)
	return b.LinearAdd(h, g.param(name+"mlp.c_proj.weight"), g.param(name+"mlp.c_proj.bias"), x)
}
