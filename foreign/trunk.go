package foreign

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/goclip/goclip/checkpoint/weightfile"
	"github.com/goclip/goclip/checkpoint/weights"
	"github.com/goclip/goclip/model"
)

// timmFields say how timm builds and trains a tower.
var timmFields = []string{
	"timm_model_pretrained", "timm_pool", "timm_proj", "timm_proj_bias", "timm_drop", "timm_drop_path",
}

var siglipTower = regexp.MustCompile(`^vit_(tiny|small|base|large|so400m|giantopt)_patch(\d+)_siglip_(\d+)$`)

// tanhTowers are those of timm's SigLIP towers that have GELU's approximation by
// tanh; the others have GELU itself.
//
// Source: timm 1.0.31, vision_transformer.py.
var tanhTowers = []string{"vit_base_patch32_siglip_256", "vit_large_patch16_siglip_512",
	"vit_so400m_patch16_siglip_256", "vit_so400m_patch16_siglip_384", "vit_so400m_patch16_siglip_512",
	"vit_giantopt_patch16_siglip_256", "vit_giantopt_patch16_siglip_384"}

// trunkSizes are the widths, blocks, heads, widths of MLPs and patches of timm's SigLIP
// towers, and the sides of images that each is there for.
//
// Source: timm 1.0.31, vision_transformer.py.
var trunkSizes = []trunkSize{
	{"base", 768, 12, 12, 3072, 16, []int{224, 256, 384, 512}},
	{"base", 768, 12, 12, 3072, 32, []int{256}},
	{"large", 1024, 24, 16, 4096, 16, []int{256, 384, 512}},
	{"so400m", 1152, 27, 16, 4304, 14, []int{224, 378, 384}},
	{"so400m", 1152, 27, 16, 4304, 16, []int{256, 384, 512}},
	{"giantopt", 1536, 40, 16, 6144, 16, []int{256, 384}},
}

type trunkSize struct {
	name                             string
	width, layers, heads, mlp, patch int
	sides                            []int
}

// TrunkName is the name that timm has for an image tower like SigLIP's; "" if there is
// none of these sizes and this activation.
func TrunkName(c model.ImageConfig) string {
	for _, t := range trunkSizes {
		name := fmt.Sprintf("vit_%s_patch%d_siglip_%d", t.name, c.Patch, c.Size)
		activation := "gelu"
		if slices.Contains(tanhTowers, name) {
			activation = "gelu_tanh"
		}
		if t.width == c.Width && t.layers == c.Layers && t.heads == c.Heads && t.mlp == c.MLPWidth &&
			t.patch == c.Patch && slices.Contains(t.sides, c.Size) && activation == c.Activation {
			return name
		}
	}
	return ""
}

// trunk takes the fields of an image tower of timm. Its sizes are those of the
// tensors, but for the heads, which have 64 channels each if the name does not say
// another number of them.
func (m *Model) trunk(o *object) (eps float64) {
	name := o.text("timm_model_name", "")
	parts := siglipTower.FindStringSubmatch(name)
	if parts == nil {
		o.refuse("timm_model_name", "goclip has no such image tower; want vit_*_patch*_siglip_*")
		return 0
	}
	if pool := o.text("timm_pool", "avg"); pool != "map" {
		o.refuse("timm_pool", "want map")
	}
	if proj := o.text("timm_proj", "linear"); proj != "none" {
		o.refuse("timm_proj", "want none")
	}
	size := o.side("image_size", 224)
	o.ignore(timmFields...)
	o.ignore("patch_dropout")
	w, err := weightfile.Open(m.Weights)
	if err != nil {
		o.config.err = err
		return 0
	}
	defer func() { _ = w.Close() }() // it was only read
	c := &m.Config.Image
	*c = model.ImageConfig{
		Size: size, Pool: "map", NoClassToken: true, NoLnPre: true, NoProjection: true, PatchBias: true,
		Activation: "gelu",
	}
	patches := shapeOf(w, "visual.trunk.patch_embed.proj.weight", 4)
	c.Width, c.Patch = patches[0], patches[3]
	c.MLPWidth = shapeOf(w, "visual.trunk.blocks.0.mlp.fc1.weight", 2)[0]
	for _, t := range w.Tensors() {
		if strings.HasPrefix(t.Name, "visual.trunk.blocks.") && strings.HasSuffix(t.Name, ".norm1.weight") {
			c.Layers++
		}
	}
	if c.Heads = c.Width / 64; parts[1] == "so400m" || parts[1] == "giantopt" {
		c.Heads = 16
	}
	if slices.Contains(tanhTowers, name) {
		c.Activation = "gelu_tanh"
	}
	return 1e-6
}

// shapeOf is the shape of a tensor, or of one of zeros if there is none of that
// rank, which no config may have.
func shapeOf(w weights.File, name string, rank int) []int {
	for _, t := range w.Tensors() {
		if t.Name == name && len(t.Shape) == rank {
			return t.Shape
		}
	}
	return make([]int, rank)
}
