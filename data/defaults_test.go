package data

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goclip/goclip/data/preprocess"
)

// TestDefaults states every default, that they are the same when set twice, and
// that what means none stays.
func TestDefaults(t *testing.T) {
	set := Config{BadRowBudget: -1, StallSeconds: -1, CaptionChoice: "random", ShuffleWindow: 1,
		ReadAhead: "1kB", CacheSize: "1GB"}
	kept := set
	kept.Preprocess.SetDefaults()
	for _, test := range []struct{ c, want Config }{
		{Config{}, Config{
			CaptionChoice: "first", ShuffleWindow: 8192, BadRowBudget: 0.01, StallSeconds: 600,
			ReadAhead: "64MiB", CacheSize: "10GiB",
			Preprocess: preprocess.Config{Normalize: "clip", Rescale: 1. / 255, Resize: "shortest",
				Interpolation: "bicubic", CropOffset: "round", Alpha: "drop", Convert: "before", PillowVersion: 12,
				MaxPixels: 128_000_000},
		}},
		{set, kept},
	} {
		for range 2 {
			if test.c.SetDefaults(); !cmp.Equal(test.c, test.want) {
				t.Errorf("defaults (-want +got):\n%s", cmp.Diff(test.want, test.c))
			}
		}
		if err := test.c.Validate(); err != nil {
			t.Errorf("Validate of the defaults: %v", err)
		}
	}
}

// TestStreamConfig: a stream says what its config lacks, and works without a
// ledger and a log.
func TestStreamConfig(t *testing.T) {
	d, err := Open(t.Context(), hfShards(t, 30, 1, nil), Config{}, Need{Caption: true})
	must(t, err)
	good := StreamConfig{Batch: 10, ImageSize: 4, Context: 8, Tokenizer: testTokenizer(t)}
	s := d.Stream(good)
	defer s.Close()
	must(t, drain(t, s, 2))
	for want, change := range map[string]func(c *StreamConfig){
		"data: batch of 0 pairs; want at least 1":        func(c *StreamConfig) { c.Batch = 0 },
		"data: image size of -1 pixels; want at least 1": func(c *StreamConfig) { c.ImageSize = -1 },
		"data: context of 1 tokens; want at least 2":     func(c *StreamConfig) { c.Context = 1 },
		"data: no tokenizer":                             func(c *StreamConfig) { c.Tokenizer = nil },
		"data: start after -1 pairs; want 0 or more":     func(c *StreamConfig) { c.Start = -1 },
	} {
		c := good
		change(&c)
		s := d.Stream(c)
		for range 2 {
			if _, err := s.Next(t.Context()); err == nil || err.Error() != want {
				t.Errorf("Next: %v; want %q", err, want)
			}
		}
		s.Close()
	}
}
