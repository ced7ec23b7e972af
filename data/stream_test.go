package data

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestStream checks that each row comes once an epoch, with its own caption,
// and that neither the number of decoders, nor where a stream starts, nor the
// layout and the borders of shards change a batch.
func TestStream(t *testing.T) {
	const n = 90
	c := Config{ShuffleWindow: 512, Decoders: 1, CaptionChoice: "random", Preprocess: augmented}
	patterns := hfShards(t, n, 3, nil)
	want, _ := batches(t, patterns, c, 0, 20)
	for epoch := range 2 {
		seen := map[string]bool{}
		for _, b := range want[9*epoch : 9*epoch+9] {
			for i, caption := range b.Captions {
				var number int
				if _, err := fmt.Sscanf(caption[strings.IndexByte(caption, ' '):], "%d", &number); err != nil {
					t.Fatal(err)
				}
				seen[fmt.Sprint(number)] = true
				if row := b.Rows[i]; int(row.Row) != number-number/30*30 {
					t.Fatalf("row %v has caption %q", row, caption)
				}
			}
		}
		if len(seen) != n {
			t.Errorf("epoch %d has %d different rows, want %d", epoch, len(seen), n)
		}
	}
	if equal(want[0], want[9]) {
		t.Error("two epochs have one order")
	}
	for _, decoders := range []int{4, 16} {
		c.Decoders = decoders
		got, _ := batches(t, patterns, c, 0, 20)
		for i := range got {
			if !equal(got[i], want[i]) {
				t.Errorf("batch %d differs with %d decoders", i, decoders)
			}
		}
	}
	for _, start := range []int{1, 8, 9, 17} {
		got, _ := batches(t, patterns, c, int64(10*start), 3)
		for i := range got {
			if !equal(got[i], want[start+i]) {
				t.Errorf("batch %d differs when the stream starts at batch %d", start+i, start)
			}
		}
	}
	got, _ := batches(t, hfShards(t, n, 1, nil), c, 0, 5)
	for i := range got {
		if !equal(got[i], want[i]) {
			t.Errorf("batch %d differs when all rows are in one shard", i)
		}
	}
}

// TestCancel checks that an ended context is an error of Next, and that Close leaves no goroutine.
func TestCancel(t *testing.T) {
	before := runtime.NumGoroutine()
	d, err := Open(context.Background(), hfShards(t, 60, 1, nil), Config{Decoders: 3}, Need{Caption: true})
	must(t, err)
	for range 20 {
		s := d.Stream(StreamConfig{Batch: 20, ImageSize: 4, Context: 8, Tokenizer: testTokenizer(t)})
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if _, err := s.Next(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("Next with an ended context: %v", err)
		}
		s.Close()
	}
	for range 100 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Errorf("%d goroutines, before %d", runtime.NumGoroutine(), before)
}
