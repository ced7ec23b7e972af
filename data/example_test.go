package data_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/data/synth"
	"github.com/goclip/goclip/data/tokenizer"
)

// Batches of a small world: draw its shards, train a vocabulary on their captions,
// and stream. A stream has no end; the next epoch has another order.
func Example() {
	ctx := context.Background()
	folder, err := os.MkdirTemp("", "world")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	if err := synth.Write(ctx, folder, synth.Config{Train: 100, ValSeen: 1, ValUnseen: 1}); err != nil {
		log.Fatal(err)
	}
	pairs, err := data.OpenTrain(ctx, data.Config{Train: filepath.Join(folder, "train-*.parquet")})
	if err != nil {
		log.Fatal(err)
	}
	vocabulary, err := tokenizer.Train(pairs.Captions(ctx), 600)
	if err != nil {
		log.Fatal(err)
	}
	stream := pairs.Stream(data.StreamConfig{Batch: 3, ImageSize: 32, Context: 20, Tokenizer: vocabulary})
	defer stream.Close()
	for range 2 {
		batch, err := stream.Next(ctx)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("images (3, 3, 32, 32): %d values; tokens (3, 20): %d\n", len(batch.Images), len(batch.Tokens))
		for i, caption := range batch.Captions {
			fmt.Printf("row %d: %s\n", batch.Rows[i].Row, caption)
		}
		batch.Release()
	}
	// Output:
	// images (3, 3, 32, 32): 9216 values; tokens (3, 20): 60
	// row 52: a ring that is white
	// row 8: one green dotted heart
	// row 29: orange triangle, dotted, in the middle
	// images (3, 3, 32, 32): 9216 values; tokens (3, 20): 60
	// row 40: a cross that is cyan
	// row 18: cyan heart
	// row 95: there is one little checkered white circle in the picture
}

// The shards that a pattern matches, as they are understood.
func ExampleInspect() {
	for shard, err := range data.Inspect(context.Background(), "testdata/layouts/*.parquet", data.Config{}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s: %d rows in %d row groups; %s\n", shard.Name, shard.Rows, shard.Groups, shard.Layout)
		fmt.Printf("  the first: a %s of %d x %d pixels, %q\n", shard.Example.Format, shard.Example.W,
			shard.Example.H, shard.Example.Captions)
	}
	// Output:
	// testdata/layouts/hf.parquet: 22 rows in 3 row groups; image = image.bytes, caption = caption
	//   the first: a png of 6 x 5 pixels, ["picture number 0"]
	// testdata/layouts/img2dataset.parquet: 22 rows in 3 row groups; image = jpg, caption = caption, status = status
	//   the first: a png of 6 x 5 pixels, ["picture number 0"]
}
