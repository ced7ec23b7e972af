package model

import (
	"math"
	"testing"
)

// TestFLOPs holds counts by hand for a small model, and those that open_clip's
// docs/model_profile.csv publishes for ViT-B/32, in GFLOPs of two decimals.
func TestFLOPs(t *testing.T) {
	b32 := Config{
		EmbedDim: 512, Activation: "gelu",
		Image: ImageConfig{Size: 224, Patch: 32, Width: 768, Layers: 12, Heads: 12},
		Text:  TextConfig{ContextLength: 77, VocabSize: 49408, Width: 512, Layers: 12, Heads: 8},
	}
	for name, have := range map[string][2]float64{
		"image": {b32.ImageFLOPs() / 1e9, 8.82},
		"text":  {b32.TextFLOPs() / 1e9, 5.96},
	} {
		if math.Abs(have[0]-have[1]) > 0.005 {
			t.Errorf("ViT-B/32: %s %.4f GFLOPs, want %.2f", name, have[0], have[1])
		}
	}

	// 5 tokens of width 8: 3 layers of 4 products of 8 x 8 and two of 8 x 32 a token,
	// two of 5 x 8 for each of its pairs of tokens; 4 patches of 12 numbers; 8 x 6.
	small := Config{
		EmbedDim: 6,
		Image:    ImageConfig{Size: 4, Patch: 2, Width: 8, Layers: 3, Heads: 2},
		Text:     TextConfig{ContextLength: 7, Width: 4, Layers: 2, Heads: 2},
	}
	patches := 2. * 4 * 12 * 8
	image := patches + 2*3*(5*(4*8*8+2*8*32)+2*5*5*8) + 2*8*6
	text := 2.*2*(7*(4*4*4+2*4*16)+2*7*7*4) + 2*4*6
	grid := 2. * 2 * 10 * 6
	for name, test := range map[string]struct {
		step StepConfig
		want float64
	}{
		"whole":           {StepConfig{Batch: 10}, 3*(image+text+grid) - patches},
		"micro of batch":  {StepConfig{Batch: 10, MicroBatch: 10}, 3*(image+text+grid) - patches},
		"micro-batches":   {StepConfig{Batch: 10, MicroBatch: 9}, 4*(image+text) + 3*grid - patches},
		"rematerialized":  {StepConfig{Batch: 10, Rematerialize: true}, 11./3*(image+text) + 3*grid - patches},
		"both recomputed": {StepConfig{Batch: 10, MicroBatch: 1, Rematerialize: true}, 14./3*(image+text) + 3*grid - patches},
	} {
		if have := small.StepFLOPs(test.step); math.Abs(have-test.want) > 1e-9*test.want {
			t.Errorf("%s: %g FLOPs a pair, want %g", name, have, test.want)
		}
	}
	for name, test := range map[string]struct {
		freeze []string
		step   StepConfig
		want   float64
	}{
		"a part":                 {[]string{"visual.proj"}, StepConfig{Batch: 10}, 3*(image+text+grid) - patches},
		"images":                 {[]string{"visual.*"}, StepConfig{Batch: 10}, image + 3*(text+grid)},
		"images, again":          {[]string{"visual.*"}, StepConfig{Batch: 10, MicroBatch: 5, Rematerialize: true}, image + 14./3*text + 3*grid},
		"images cached":          {[]string{"visual.*"}, StepConfig{Batch: 10, CachedImages: true}, 3 * (text + grid)},
		"images, texts cached":   {[]string{"[^l]*", "ln_*"}, StepConfig{Batch: 10, CachedTexts: true}, image + 3*grid},
		"texts in micro-batches": {[]string{"[^vl]*", "ln_*"}, StepConfig{Batch: 10, MicroBatch: 5}, 4*image - patches + text + 3*grid},
	} {
		small.Text.VocabSize = 9
		m, err := Blank(small)
		if err == nil {
			err = m.Freeze(test.freeze)
		}
		if have := m.StepFLOPs(test.step); err != nil || math.Abs(have-test.want) > 1e-9*test.want {
			t.Errorf("frozen %s: %g FLOPs a pair, %v; want %g", name, have, err, test.want)
		}
	}
	if small.ImageFLOPs() != image || small.TextFLOPs() != text {
		t.Errorf("%g, %g FLOPs of an image and a text, want %g, %g", small.ImageFLOPs(), small.TextFLOPs(), image, text)
	}

	// 4 tokens, MLPs of 12; a head of keys, values, one query, its result, and an MLP.
	small.Image.NoClassToken, small.Image.NoProjection, small.Image.MLPWidth = true, true, 12
	small.Image.Pool = "map"
	image = patches + 2*3*(4*(4*8*8+2*8*12)+2*4*4*8) + 2*(2*4*8*8+2*8*8+2*4*8+2*8*12)
	if have := small.ImageFLOPs(); have != image {
		t.Errorf("%g FLOPs of an image with attention pooling, want %g", have, image)
	}
}
