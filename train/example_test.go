package train_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/data/synth"
	"github.com/goclip/goclip/data/tokenizer"
	"github.com/goclip/goclip/model"
	"github.com/goclip/goclip/optim"
	"github.com/goclip/goclip/train"
)

// A run of a model of one's own: pairs, a vocabulary, a model, and a Trainer over
// them. It saves nothing, as no hook does.
func ExampleTrainer() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "train")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := synth.Write(ctx, dir, synth.Config{Train: 100, ValSeen: 1, ValUnseen: 1}); err != nil {
		log.Fatal(err)
	}
	pairs, err := data.OpenTrain(ctx, data.Config{Train: filepath.Join(dir, "train-*.parquet")})
	if err != nil {
		log.Fatal(err)
	}
	words, err := tokenizer.Train(pairs.Captions(ctx), 600)
	if err != nil {
		log.Fatal(err)
	}
	m, err := model.New(model.Config{
		EmbedDim: 16,
		Image:    model.ImageConfig{Size: 32, Patch: 8, Width: 32, Layers: 1, Heads: 2},
		Text:     model.TextConfig{ContextLength: 16, VocabSize: words.Size(), Width: 32, Layers: 1, Heads: 2},
	}, 1)
	if err != nil {
		log.Fatal(err)
	}
	t, err := train.New(train.Setup{
		Config: train.Config{Steps: 40, Batch: 25}, Optim: optim.Config{LearningRate: 3e-3, Warmup: 4},
		Seed: 1, Model: m, Tokenizer: words, Data: pairs,
	})
	if err != nil {
		log.Fatal(err)
	}
	defer t.Close()
	first, err := t.TrainStep(ctx)
	if err != nil {
		log.Fatal(err)
	}
	if err := t.Run(ctx); err != nil { // the other 39 steps
		log.Fatal(err)
	}
	last, err := t.InspectNext(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("after", t.Optim.Step(), "steps the loss is lower:", float64(last.Loss) < float64(first.Loss))
	// Output: after 40 steps the loss is lower: true
}
