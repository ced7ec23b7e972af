package bench

import (
	"github.com/goclip/goclip/model"
)

// Models are small, middling and the CLIP paper's ViT-B/32 (Radford et al.,
// arXiv:2103.00020). Heads are 64 wide.
var Models = map[string]model.Config{
	"tiny": {
		EmbedDim: 192, Activation: "gelu",
		Image: model.ImageConfig{Size: 32, Patch: 4, Width: 192, Layers: 6, Heads: 3},
		Text:  model.TextConfig{ContextLength: 32, VocabSize: 4096, Width: 192, Layers: 6, Heads: 3},
	},
	"small": {
		EmbedDim: 256, Activation: "gelu",
		Image: model.ImageConfig{Size: 224, Patch: 32, Width: 384, Layers: 12, Heads: 6},
		Text:  model.TextConfig{ContextLength: 77, VocabSize: 49408, Width: 256, Layers: 6, Heads: 4},
	},
	"b32": {
		EmbedDim: 512, Activation: "gelu",
		Image: model.ImageConfig{Size: 224, Patch: 32, Width: 768, Layers: 12, Heads: 12},
		Text:  model.TextConfig{ContextLength: 77, VocabSize: 49408, Width: 512, Layers: 12, Heads: 8},
	},
}

// flops counts the operations of one pair by the usual formulas: a block of
// width D over T tokens is 24 T D² + 4 T² D, and training is three forward
// passes, but for the gradient by the pixels. What an implementation saves,
// such as half of causal attention, still counts, so that rates compare.
func flops(c model.Config, batch int) (image, text, train float64) {
	tower := func(tokens, width, layers int) float64 {
		t, d := float64(tokens), float64(width)
		return float64(layers) * (24*t*d*d + 4*t*t*d)
	}
	patches := (c.Image.Size / c.Image.Patch) * (c.Image.Size / c.Image.Patch)
	patch := float64(2 * patches * c.Image.Width * 3 * c.Image.Patch * c.Image.Patch)
	image = patch + tower(patches+1, c.Image.Width, c.Image.Layers) + float64(2*c.Image.Width*c.EmbedDim)
	text = tower(c.Text.ContextLength, c.Text.Width, c.Text.Layers) + float64(2*c.Text.Width*c.EmbedDim)
	return image, text, 3*(image+text+float64(4*batch*c.EmbedDim)) - patch
}
