package model

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/goclip/goclip/model/op"
)

// imageFeatures is the image tower, from images (N, 3, S, S) to features
// (N, E), not yet of unit length. Kept are nil or the numbers (N, K) of the tokens that
// patch dropout leaves.
func (g *graph) imageFeatures(images, kept *G.Node) *G.Node {
	c, b := g.config.Image, g.Builder
	x := b.Patches(images, c.Patch)                                                                // (N*P, 3*patch²)
	x = b.LinearFloat(x, g.param("visual.conv1.weight"), g.when(c.PatchBias, "visual.conv1.bias")) // (N*P, D)
	if c.NoClassToken {
		x = b.AddPosition(x, g.param("visual.positional_embedding")) // (N*T, D), T = P
	} else {
		x = b.Assemble(x, g.param("visual.class_embedding"), g.param("visual.positional_embedding")) // T = P+1
	}
	t := c.tokens()
	if kept != nil {
		x = b.KeepTokens(x, kept, t) // (N*K, D)
		t = c.keptTokens()
	}
	if !c.NoLnPre {
		x = g.layerNorm(x, "visual.ln_pre")
	}
	x = g.imagePooled(g.imageTransformer(), x, t) // (N, D)
	if c.NoProjection {
		return x
	}
	return b.Project(x, g.param("visual.proj"))
}

// imagePooled is the residual blocks and what makes one row (N, D) of the tokens of an
// image, x (N*T, D), where t is T, with the last LayerNorm.
func (g *graph) imagePooled(blocks transformer, x *G.Node, t int) *G.Node {
	c := g.config.Image
	if c.Pool == "class" {
		x = blocks.token(g, x, t, op.Token{})
		if c.NoProjection {
			return g.layerNorm(x, "visual.ln_post")
		}
		return g.operand(x, "visual.ln_post")
	}
	x = blocks.all(g, x, t)
	switch {
	case c.Pool == "map":
		return g.mapHead(g.layerNorm(x, "visual.ln_post"), t, blocks)
	case c.PoolFirst:
		return g.layerNorm(g.AverageTokens(x, t, c.classTokens()), "visual.ln_post")
	}
	return g.AverageTokens(g.layerNorm(x, "visual.ln_post"), t, c.classTokens())
}

// mapHead is the multihead attention pooling of SigLIP: a learned query attends to the
// tokens x (N*T, D), and an MLP follows.
//
// Source: Zhai et al., "Scaling Vision Transformers", arXiv:2106.04560, section 3.2.
func (g *graph) mapHead(x *G.Node, t int, blocks transformer) *G.Node {
	const name = "visual.attn_pool."
	w, bias := g.param(name+"in_proj_weight"), g.param(name+"in_proj_bias")
	x = g.ProbeAttention(x, w, bias, g.param(name+"probe"), t, blocks.heads)
	x = g.LinearFloat(x, g.param(name+"out_proj.weight"), g.param(name+"out_proj.bias")) // (N, D)
	h := blocks.hidden(g, g.operand(x, name+"ln"), name+"mlp.")
	return g.LinearAdd(h, g.param(name+"mlp.c_proj.weight"), g.param(name+"mlp.c_proj.bias"), x)
}

// textFeatures is the text tower, from token ids (N, T) to features (N, E),
// not yet of unit length. With a causal tower that pools the end of a text, what stands
// behind it changes nothing.
func (g *graph) textFeatures(tokens *G.Node) *G.Node {
	c, b := g.config.Text, g.Builder
	x := b.Embed(g.param("token_embedding.weight"), g.param("positional_embedding"), tokens) // (N*T, D)
	x = g.textTransformer().token(g, x, tokens.Shape()[1], c.token(tokens))                  // (N, D)
	x = g.operand(x, "ln_final")
	if c.ProjectionBias {
		return b.LinearFloat(x, g.param("text_projection.weight"), g.param("text_projection.bias"))
	}
	return b.Project(x, g.param("text_projection"))
}

// token is the one that is read of a text of tokens (N, T).
func (c TextConfig) token(tokens *G.Node) op.Token {
	switch c.Pool {
	case "first":
		return op.Token{}
	case "last": // which sees all also where attention is causal
		return op.Token{At: tokens.Shape()[1] - 1}
	}
	return op.Token{IDs: tokens, EOT: int32(c.EOTID), Causal: !c.Bidirectional}
}

func (g *graph) layerNorm(x *G.Node, name string) *G.Node {
	return g.Builder.LayerNorm(x, g.param(name+".weight"), g.param(name+".bias"), float32(g.config.LayerNormEps))
}

// operand is layerNorm for a result that nothing but products read.
func (g *graph) operand(x *G.Node, name string) *G.Node {
	return g.LayerNormOperand(x, g.param(name+".weight"), g.param(name+".bias"), float32(g.config.LayerNormEps))
}

// loss is that of unit rows x of images and y of texts (N, E). Texts are nil or the
// tokens (N, T), of which the same are no negatives.
func (g *graph) loss(x, y, texts *G.Node) *G.Node {
	if g.config.Loss == Sigmoid {
		return g.SigmoidLoss(x, y, g.param("logit_scale"), g.param("logit_bias"), texts)
	}
	return g.ContrastiveLoss(x, y, g.param("logit_scale"), texts)
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

// embeddingsNode is the input (n, E), which has no value yet.
func (g *graph) embeddingsNode(name string, n int) *G.Node {
	return g.Builder.Input(name, tensor.Float32, n, g.config.EmbedDim)
}

// letFloats is let, unless there is no memory because a graph is only measured.
func (g *graph) letFloats(node *G.Node, data []float32) *G.Node {
	if data == nil {
		return node
	}
	return g.let(node, data)
}

// let gives an input its memory.
func (g *graph) let(node *G.Node, data any) *G.Node {
	if node != nil && g.err == nil {
		g.err = G.Let(node, tensor.New(tensor.WithShape(node.Shape()...), tensor.WithBacking(data)))
	}
	return node
}
