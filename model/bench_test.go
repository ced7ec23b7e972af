package model_test

import (
	"fmt"
	"testing"

	"github.com/goclip/goclip/internal/kernel"
	"github.com/goclip/goclip/model"
)

// sized is a model of text width 64 a head, with CLIP's context and vocabulary
// or small ones.
func sized(embed, size, patch, width, layers, context, vocabulary, textWidth, textLayers int) model.Config {
	return model.Config{
		EmbedDim: embed, Activation: "gelu",
		Image: model.ImageConfig{Size: size, Patch: patch, Width: width, Layers: layers, Heads: width / 64},
		Text:  model.TextConfig{ContextLength: context, VocabSize: vocabulary, Width: textWidth, Layers: textLayers, Heads: textWidth / 64},
	}
}

// BenchmarkStep is a step of three models, whole, with blocks recomputed,
// and in micro-batches; it reports the arena.
func BenchmarkStep(b *testing.B) {
	for _, m := range []struct {
		name  string
		c     model.Config
		batch int
	}{
		{"tiny", sized(192, 32, 4, 192, 6, 32, 4096, 192, 6), 32},
		{"small", sized(256, 224, 32, 384, 12, 77, 49408, 256, 6), 16},
		{"b32", sized(512, 224, 32, 768, 12, 77, 49408, 512, 12), 8},
	} {
		for _, s := range []struct {
			name string
			c    model.StepConfig
		}{
			{"none", model.StepConfig{Batch: m.batch}},
			{"block", model.StepConfig{Batch: m.batch, Rematerialize: true}},
			{"micro4", model.StepConfig{Batch: m.batch, MicroBatch: m.batch / 4}},
			{"micro4+block", model.StepConfig{Batch: m.batch, MicroBatch: m.batch / 4, Rematerialize: true}},
		} {
			b.Run(fmt.Sprintf("%s-%d/%s", m.name, m.batch, s.name), func(b *testing.B) {
				clip, err := model.New(m.c, 1)
				if err != nil {
					b.Fatal(err)
				}
				pool := kernel.NewPool(0)
				defer pool.Close()
				step, err := clip.NewStep(s.c, pool)
				if err != nil {
					b.Fatal(err)
				}
				for b.Loop() {
					if _, err := step.Run(); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(step.Stats().ArenaBytes)/1e6, "arena-MB")
			})
		}
	}
}
