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
