package model

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestNames holds the names and shapes of open_clip's ViT-B-32, which are the
// format of a checkpoint, and the sizes of its two towers.
func TestNames(t *testing.T) {
	c := Config{
		EmbedDim: 512, Activation: "gelu",
		Image: ImageConfig{Size: 224, Patch: 32, Width: 768, Layers: 12, Heads: 12},
		Text:  TextConfig{ContextLength: 77, VocabSize: 49408, Width: 512, Layers: 12, Heads: 8},
	}
	want := map[string][]int{
		"logit_scale":                 {},
		"visual.class_embedding":      {768},
		"visual.conv1.weight":         {768, 3, 32, 32},
		"visual.positional_embedding": {50, 768},
		"visual.ln_pre.weight":        {768}, "visual.ln_pre.bias": {768},
		"visual.ln_post.weight": {768}, "visual.ln_post.bias": {768},
		"visual.proj":            {768, 512},
		"token_embedding.weight": {49408, 512},
		"positional_embedding":   {77, 512},
		"ln_final.weight":        {512}, "ln_final.bias": {512},
		"text_projection": {512, 512},
	}
	for prefix, d := range map[string]int{"visual.": 768, "": 512} {
		for i := range 12 {
			for name, shape := range map[string][]int{
				"ln_1.weight": {d}, "ln_1.bias": {d}, "ln_2.weight": {d}, "ln_2.bias": {d},
				"attn.in_proj_weight": {3 * d, d}, "attn.in_proj_bias": {3 * d},
				"attn.out_proj.weight": {d, d}, "attn.out_proj.bias": {d},
				"mlp.c_fc.weight": {4 * d, d}, "mlp.c_fc.bias": {4 * d},
				"mlp.c_proj.weight": {d, 4 * d}, "mlp.c_proj.bias": {d},
			} {
				want[fmt.Sprintf("%stransformer.resblocks.%d.%s", prefix, i, name)] = shape
			}
		}
	}
	if len(want) != 302 {
		t.Fatalf("the table has %d tensors, want 302", len(want))
	}
	var image, text int
	for _, s := range c.specs() {
		shape, ok := want[s.name]
		if !ok || !slices.Equal(s.shape, shape) {
			t.Errorf("%s %v, want %v", s.name, s.shape, shape)
		}
		delete(want, s.name)
		switch {
		case strings.HasPrefix(s.name, "visual."):
			image += s.size()
		case s.name != "logit_scale":
			text += s.size()
		}
	}
	for name := range want {
		t.Errorf("no tensor %s", name)
	}
	if image != 87_849_216 || text != 63_428_096 {
		t.Errorf("towers of %d and %d parameters, want 87849216 and 63428096", image, text)
	}
}
