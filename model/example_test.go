package model_test

import (
	"fmt"
	"log"

	"github.com/goclip/goclip/model"
)

// Two images and two texts through the towers of a model with its initial values.
// The model comes from a checkpoint by Load; see package run.
func ExampleCLIP() {
	m, err := model.New(model.Config{
		EmbedDim: 8,
		Image:    model.ImageConfig{Size: 32, Patch: 16, Width: 16, Layers: 1, Heads: 2},
		Text:     model.TextConfig{ContextLength: 6, VocabSize: 100, Width: 16, Layers: 1, Heads: 2},
	}, 1)
	if err != nil {
		log.Fatal(err)
	}
	images, err := m.NewImageEncoder(model.EncoderConfig{Batch: 2}, nil)
	if err != nil {
		log.Fatal(err)
	}
	for i := range images.Images() { // (2, 3, 32, 32), normalized
		images.Images()[i] = float32(i%7) / 7
	}
	x, err := images.Run()
	if err != nil {
		log.Fatal(err)
	}
	texts, err := m.NewTextEncoder(model.EncoderConfig{Batch: 2}, nil)
	if err != nil {
		log.Fatal(err)
	}
	copy(texts.Tokens(), []int32{98, 5, 99, 0, 0, 0, 98, 7, 8, 99, 0, 0}) // start, words, end
	y, err := texts.Run()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(x)/m.Config().EmbedDim, "images and", len(y)/m.Config().EmbedDim, "texts")
	fmt.Println(m.Config().ParamCount(), "parameters, logit scale", fmt.Sprintf("%.2f", m.LogitScale()))
	// Output:
	// 2 images and 2 texts
	// 20993 parameters, logit scale 14.29
}
