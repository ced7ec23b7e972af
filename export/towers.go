package export

import (
	"math"

	"github.com/goclip/goclip/model"
)

func sqrt(v float32) float32 { return float32(math.Sqrt(float64(v))) }

// imageGraph is the image tower, from image (N, 3, S, S) to embedding (N, E).
func imageGraph(m *model.CLIP) *onnxGraph {
	g := newGraph(m, visual)
	c := g.config.Image
	g.input = value{"image", onnxFloat, []int{3, c.Size, c.Size}}
	in := []string{"image", g.weight("visual.conv1.weight")}
	if c.PatchBias {
		in = append(in, g.weight("visual.conv1.bias"))
	}
	p := []int64{int64(c.Patch), int64(c.Patch)}
	x := g.op("Conv", in, attribute{"kernel_shape", p}, attribute{"strides", p}) // (N, D, g, g)
	x = g.transpose(g.reshape(x, 0, 0, -1), 0, 2, 1)                             // (N, P, D)
	if !c.NoClassToken {
		x = g.op("Concat", []string{g.classTokens(), x}, attribute{"axis", int64(1)})
	}
	x = g.binary("Add", x, g.weight("visual.positional_embedding"))
	if !c.NoLnPre {
		x = g.layerNorm(x, "visual.ln_pre")
	}
	s := stack{"visual.", c.Layers, c.Heads, c.Width, 0, c.LayerScale, c.Activation}
	x = g.imagePooled(g.blocks(x, s), s)
	if !c.NoProjection {
		x = g.binary("MatMul", x, g.weight("visual.proj"))
	}
	g.end(x)
	return g
}

// classTokens is the class token once for each image (N, 1, D).
func (g *onnxGraph) classTokens() string {
	d := g.config.Image.Width
	n := g.part(g.op("Shape", []string{"image"}), 0, 1, 1, 0)
	shape := g.op("Concat", []string{n, g.ints(1, int64(d))}, attribute{"axis", int64(0)})
	return g.op("Expand", []string{g.weight("visual.class_embedding"), shape})
}

// imagePooled makes one row (N, D) of the tokens of an image.
func (g *onnxGraph) imagePooled(x string, s stack) string {
	c := g.config.Image
	if c.Pool == "class" {
		return g.layerNorm(g.token(x, 0), "visual.ln_post")
	}
	if !c.PoolFirst {
		x = g.layerNorm(x, "visual.ln_post")
	}
	if c.Pool == "map" {
		return g.mapHead(x, s)
	}
	if !c.NoClassToken {
		x = g.part(x, 1, math.MaxInt32, 1, 1) // to the end
	}
	x = g.op("ReduceMean", []string{x}, attribute{"axes", []int64{1}}, attribute{"keepdims", int64(0)})
	if c.PoolFirst {
		x = g.layerNorm(x, "visual.ln_post")
	}
	return x
}

// mapHead is the pooling of SigLIP.
func (g *onnxGraph) mapHead(x string, s stack) string {
	const name = "visual.attn_pool."
	w, bias := g.turned(name+"in_proj_weight"), g.weight(name+"in_proj_bias")
	part := func(x string, i int) string {
		return g.binary("Add", g.binary("MatMul", x, g.part(w, i, i+1, s.width, 1)), g.part(bias, i, i+1, s.width, 0))
	}
	probe := g.reshape(g.weight(name+"probe"), 1, 1, int64(s.width))
	x = g.attention(part(probe, 0), part(x, 1), part(x, 2), s)
	x = g.linear(g.reshape(x, 0, -1), name+"out_proj.weight", name+"out_proj.bias") // (N, D)
	return g.binary("Add", x, g.mlp(g.layerNorm(x, name+"ln"), name+"mlp.", s))
}

// token is one token of x (N, T, D).
func (g *onnxGraph) token(x string, i int) string {
	return g.op("Gather", []string{x, g.index(int64(i))}, attribute{"axis", int64(1)})
}

// textGraph is the text tower, from text (N, T) to embedding (N, E).
func textGraph(m *model.CLIP) *onnxGraph {
	g := newGraph(m, textual)
	c := g.config.Text
	g.input = value{"text", onnxInt32, []int{c.ContextLength}}
	x := g.op("Gather", []string{g.weight("token_embedding.weight"), "text"}, attribute{"axis", int64(0)})
	x = g.binary("Add", x, g.weight("positional_embedding"))
	s := stack{"", c.Layers, c.Heads, c.Width, c.ContextLength, c.LayerScale, c.Activation}
	if c.Bidirectional {
		s.tokens = 0
	}
	x = g.layerNorm(g.textToken(g.blocks(x, s)), "ln_final")
	if c.ProjectionBias {
		x = g.linear(x, "text_projection.weight", "text_projection.bias")
	} else {
		x = g.binary("MatMul", x, g.weight("text_projection"))
	}
	g.end(x)
	return g
}

// textToken is the token of x (N, T, D) that is read.
func (g *onnxGraph) textToken(x string) string {
	c := g.config.Text
	switch c.Pool {
	case "first":
		return g.token(x, 0)
	case "last":
		return g.token(x, c.ContextLength-1)
	}
	ids := "text"
	if c.EOTID != 0 {
		is := g.binary("Equal", "text", g.int32(int32(c.EOTID)))
		ids = g.op("Cast", []string{is}, attribute{"to", int64(onnxInt32)})
	}
	// Of several, the first counts.
	at := g.op("ArgMax", []string{ids}, attribute{"axis", int64(1)}, attribute{"keepdims", int64(1)})
	return g.op("GatherND", []string{x, at}, attribute{"batch_dims", int64(1)})
}

// int32 is one whole number of the type of ids.
func (g *onnxGraph) int32(v int32) string {
	return g.op("Cast", []string{g.index(int64(v))}, attribute{"to", int64(onnxInt32)})
}
