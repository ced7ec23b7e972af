package data

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/goclip/goclip/data/preprocess"
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

// TestGoldenBatch holds what runs of earlier versions trained on: the captions that
// are drawn, and the pixels after augmentation.
func TestGoldenBatch(t *testing.T) {
	c := Config{CaptionChoice: "random", Preprocess: preprocess.Config{
		Resize: "squash", Augment: preprocess.Augment{CropScale: []float64{0.3, 1}, Flip: 0.5, Pad: 1, Gray: 0.2},
	}}
	all, _ := batches(t, hfShards(t, 90, 2, nil), c, 0, 10)
	b := all[9] // of the second epoch
	h := sha256.New()
	for _, v := range b.Images {
		fmt.Fprintf(h, "%.4f ", v)
	}
	const captions = "other 62, other 75, caption 47, other 52, caption 18, other 4, other 54, caption 50, other 6, other 79"
	const sum = "facc255b394f20e2"
	if got := strings.Join(b.Captions, ", "); got != captions {
		t.Errorf("captions %q, want %q", got, captions)
	}
	if got := hex.EncodeToString(h.Sum(nil))[:16]; got != sum {
		t.Errorf("images with the sum %s, want %s", got, sum)
	}
}

// TestBatchSize: the pair at a place of the run is the same in batches of any size.
func TestBatchSize(t *testing.T) {
	c := Config{CaptionChoice: "random", Preprocess: augmented}
	patterns := hfShards(t, 90, 2, nil)
	want, _ := batches(t, patterns, c, 0, 8)
	d, err := Open(t.Context(), patterns, c, Need{Caption: true})
	must(t, err)
	s := d.Stream(StreamConfig{Seed: 1, Batch: 40, ImageSize: 4, Context: 12, Tokenizer: testTokenizer(t)})
	defer s.Close()
	for step := range 2 {
		b, err := s.Next(t.Context())
		must(t, err)
		for i, w := range want[4*step : 4*step+4] {
			part := &Batch{Images: b.Images[480*i:][:480],
				Tokens: b.Tokens[120*i:][:120], Captions: b.Captions[10*i:][:10]}
			if !equal(part, w) {
				t.Errorf("pairs %d to %d differ in a batch of 40", 40*step+10*i, 40*step+10*i+9)
			}
		}
		b.Release()
	}
}

// TestNextAgain: a Next whose context ends takes nothing.
func TestNextAgain(t *testing.T) {
	patterns := hfShards(t, 60, 1, nil)
	want, _ := batches(t, patterns, Config{}, 0, 1)
	d, err := Open(t.Context(), patterns, Config{}, Need{Caption: true})
	must(t, err)
	s := d.Stream(StreamConfig{Seed: 1, Batch: 10, ImageSize: 4, Context: 12, Tokenizer: testTokenizer(t)})
	defer s.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("Next with an ended context: %v", err)
	}
	b, err := s.Next(t.Context())
	must(t, err)
	if !equal(b, want[0]) {
		t.Error("the batch after a Next whose context had ended is not the first")
	}
}

// TestIdle: goroutines that have nothing to do are not what a stream waits for.
func TestIdle(t *testing.T) {
	patterns := hfShards(t, 60, 1, nil)
	url, _ := serveFiles(t, filepath.Dir(patterns), healthy)
	for _, from := range []string{patterns, url + "/000.parquet"} {
		d, err := Open(t.Context(), from, Config{ReadAhead: "1kB"}, Need{Caption: true})
		must(t, err)
		s := d.Stream(StreamConfig{Batch: 10, ImageSize: 4, Context: 8, Tokenizer: testTokenizer(t)})
		for range buffers {
			_, err := s.Next(t.Context())
			must(t, err)
		}
		const want = "data: no batch for 60 s: waiting for a batch to be released"
		have := ""
		for range 500 { // parts may still be read ahead
			if have = s.waiting(time.Minute).Error(); have == want {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		if have != want {
			t.Errorf("all batches are in use: %q, want %q", have, want)
		}
		s.Close()
	}
}
