package model

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// imageFeatures is the image tower, from images (N, 3, S, S) to features
// (N, E), not yet of unit length.
func (g *graph) imageFeatures(images *G.Node) *G.Node {
	c, b := g.config.Image, g.Builder
	x := b.Patches(images, c.Patch)                      // (N*P, 3*patch²)
	x = b.Linear(x, g.param("visual.conv1.weight"), nil) // (N*P, D)
	x = b.Assemble(x, g.param("visual.class_embedding"), g.param("visual.positional_embedding"))
	x = g.layerNorm(x, "visual.ln_pre") // (N*T, D), T = P+1
	blocks := transformer{"visual.", c.Layers, c.Heads, false, activations[g.config.Activation]}
	x = blocks.build(g, x, c.tokens(), nil) // the class token (N, D)
	x = g.operand(x, "visual.ln_post")
	return b.Project(x, g.param("visual.proj"))
}

// textFeatures is the text tower, from token ids (N, T) to features (N, E),
// not yet of unit length. What stands after the end of a text changes nothing,
// because attention is causal.
func (g *graph) textFeatures(tokens *G.Node) *G.Node {
	c, b := g.config.Text, g.Builder
	x := b.Embed(g.param("token_embedding.weight"), g.param("positional_embedding"), tokens) // (N*T, D)
	blocks := transformer{"", c.Layers, c.Heads, true, activations[g.config.Activation]}
	x = blocks.build(g, x, tokens.Shape()[1], tokens) // the end of text (N, D)
	x = g.operand(x, "ln_final")
	return b.Project(x, g.param("text_projection"))
}

func (g *graph) layerNorm(x *G.Node, name string) *G.Node {
	return g.Builder.LayerNorm(x, g.param(name+".weight"), g.param(name+".bias"), epsilon)
}

// operand is layerNorm for a result that nothing but products read.
func (g *graph) operand(x *G.Node, name string) *G.Node {
	return g.LayerNormOperand(x, g.param(name+".weight"), g.param(name+".bias"), epsilon)
}

// checkTokens reports the first id that the vocabulary does not have: another
// tokenizer's.
func checkTokens(ids []int32, vocabulary int) error {
	for _, id := range ids {
		if id < 0 || int(id) >= vocabulary {
			return fmt.Errorf("model: token id %d; want 0 to %d, the vocabulary of the model", id, vocabulary-1)
		}
	}
	return nil
}

// imagesNode is the input (n, 3, S, S), which has no value yet.
func (g *graph) imagesNode(n int) *G.Node {
	s := g.config.Image.Size
	return g.Builder.Input("images", tensor.Float32, n, 3, s, s)
}

// tokensNode is the input (n, t), which has no value yet.
func (g *graph) tokensNode(n, t int) *G.Node {
	return g.Builder.Input("tokens", tensor.Int32, n, t)
}

// let gives an input its memory.
func (g *graph) let(node *G.Node, data any) *G.Node {
	if node != nil && g.err == nil {
		g.err = G.Let(node, tensor.New(tensor.WithShape(node.Shape()...), tensor.WithBacking(data)))
	}
	return node
}
