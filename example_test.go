package goclip_test

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"log"
	"os"
	"path/filepath"

	"github.com/goclip/goclip"
	"github.com/goclip/goclip/configs"
)

// Train the quickstart's recipe for a moment, on fewer pictures, and ask the model
// about one.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "goclip")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)

	config, err := configs.Load("quickstart", []string{
		"world.dir=" + dir + "/world", "world.draw.train=300", "world.draw.val_seen=20", "world.draw.val_unseen=20",
		"eval.classes=", "eval.templates=", "eval.sets=[]", "train.steps=10", "train.batch=16", "optim.warmup=2",
	}, nil)
	if err != nil {
		log.Fatal(err)
	}
	run := filepath.Join(dir, "run")
	result, err := goclip.Train(ctx, config, run)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("trained", result.Step, "steps")

	m, err := goclip.Open(run)
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	photo := image.NewRGBA(image.Rect(0, 0, 64, 48))
	draw.Draw(photo, photo.Bounds(), image.NewUniform(color.RGBA{200, 30, 30, 255}), image.Point{}, draw.Src)
	p, err := m.Classify(ctx, photo, []string{"red circle", "blue square"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d probabilities of sum %.3f\n", len(p), p[0]+p[1])

	rows, err := m.EncodeTexts(ctx, "a photo of a red circle", "a photo of a blue square")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(rows), "embeddings of", len(rows[0]), "numbers")
	// Output:
	// trained 10 steps
	// 2 probabilities of sum 1.000
	// 2 embeddings of 64 numbers
}
