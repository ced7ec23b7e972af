package pack_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/data/pack"
)

// Shards of a list of images with captions.
func ExampleRun() {
	folder, err := os.MkdirTemp("", "pack")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	image, err := filepath.Abs("../preprocess/testdata/inputs/gray.jpg")
	if err != nil {
		log.Fatal(err)
	}
	list := filepath.Join(folder, "list.csv")
	rows := fmt.Sprintf("path,caption,score\n%s,a street in the rain,0.31\nnone.jpg,nothing,0.2\n", image)
	if err := os.WriteFile(list, []byte(rows), 0o666); err != nil {
		log.Fatal(err)
	}

	ctx, shards := context.Background(), filepath.Join(folder, "shards")
	result, err := pack.Run(ctx, shards, pack.Config{Source: list, SkipBad: true})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d rows in %d shard, %d left out\n", result.Rows, result.Shards, result.Skipped)

	pairs, err := data.OpenTrain(ctx, data.Config{Train: filepath.Join(shards, "*.parquet"), Where: "score > 0.3"})
	if err != nil {
		log.Fatal(err)
	}
	for caption, err := range pairs.Captions(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(caption)
	}
	// Output:
	// 1 rows in 1 shard, 1 left out
	// a street in the rain
}
