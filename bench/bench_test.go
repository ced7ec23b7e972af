package bench

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/goclip/goclip/model"
)

// TestFlops holds what the script raced against counts for the same models.
func TestFlops(t *testing.T) {
	for _, test := range []struct {
		model              string
		batch              int
		image, text, train float64
	}{
		{"tiny", 64, 0.365769216, 0.174661632, 1.620260352},
		{"b32", 32, 8.81762304, 5.959540736, 44.100476928},
	} {
		c := Models[test.model]
		for i, have := range []float64{c.ImageFLOPs(), c.TextFLOPs(),
			c.StepFLOPs(model.StepConfig{Batch: test.batch})} {
			if want := []float64{test.image, test.text, test.train}[i]; math.Abs(have/1e9-want) > 1e-9 {
				t.Errorf("%s: flops[%d] = %.9f GFLOP, want %.9f", test.model, i, have/1e9, want)
			}
		}
	}
}

func TestModels(t *testing.T) {
	for name, c := range Models {
		if err := c.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if c.Image.Width != 64*c.Image.Heads || c.Text.Width != 64*c.Text.Heads {
			t.Errorf("%s: heads are not 64 wide", name)
		}
	}
	if n := Models["b32"].ParamCount(); n != 151_277_313 {
		t.Errorf("b32 has %d parameters; want 151277313, as CLIP's ViT-B/32 has", n)
	}
}

// TestRun measures a model that takes no time.
func TestRun(t *testing.T) {
	Models["least"] = model.Config{
		EmbedDim: 8, Activation: "gelu",
		Image: model.ImageConfig{Size: 8, Patch: 4, Width: 8, Layers: 1, Heads: 1},
		Text:  model.TextConfig{ContextLength: 4, VocabSize: 10, Width: 8, Layers: 1, Heads: 1},
	}
	defer delete(Models, "least")
	for _, precision := range []string{"f32", "bf16"} {
		t.Run(precision, func(t *testing.T) { checkRun(t, precision) })
	}
}

func checkRun(t *testing.T, precision string) {
	c := Config{Model: "least", Batch: 2, Threads: 2, Precision: precision, Steps: 20, Warmup: 2, Started: time.Now()}
	r, err := Run(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Train, EncodeImage, EncodeText map[string]any
	}
	if err := json.Unmarshal([]byte(strings.NewReplacer("encode_image", "EncodeImage",
		"encode_text", "EncodeText").Replace(string(text))), &got); err != nil {
		t.Fatal(err)
	}
	for _, phase := range []map[string]any{got.Train, got.EncodeImage, got.EncodeText} {
		for _, key := range []string{"pairs_per_second", "gflops", "peak_fraction"} {
			if v, ok := phase[key].(float64); !ok || !(v > 0) || math.IsInf(v, 0) {
				t.Errorf("%s is %v in %s; want a positive number", key, phase[key], text)
			}
		}
	}
	for name, p := range map[string]Phase{"train": r.Train,
		"encode_image": r.EncodeImage, "encode_text": r.EncodeText} {
		if p.AllocationsPerStep != 0 || p.ArenaBytes <= 0 ||
			len(p.Ops) == 0 || p.MedianPairsPerSecond > p.PairsPerSecond {
			t.Errorf("%s: %+v; want no allocation, an arena, operations, a median not above the best", name, p)
		}
	}
	if runtime.GOOS == "linux" && r.PeakRSSBytes < 1<<20 {
		t.Errorf("peak RSS %d; want at least a MiB", r.PeakRSSBytes)
	}
	var out strings.Builder
	if err := r.Print(&out); err != nil || !strings.Contains(out.String(), "encode_text") ||
		!strings.Contains(out.String(), "adamW") {
		t.Errorf("Print wrote %q, %v; want the phases and the operations", out.String(), err)
	}

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Run(ctx, c); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v; want %v", err, context.Canceled)
	}
}

// TestFrozen holds that what is frozen or cached is not computed.
func TestFrozen(t *testing.T) {
	Models["least"] = model.Config{
		EmbedDim: 8, Activation: "gelu",
		Image: model.ImageConfig{Size: 8, Patch: 4, Width: 8, Layers: 1, Heads: 1},
		Text:  model.TextConfig{ContextLength: 4, VocabSize: 10, Width: 8, Layers: 1, Heads: 1},
	}
	defer delete(Models, "least")
	calls := func(freeze []string, cached bool) (n int) {
		r, err := Run(t.Context(), Config{Model: "least", Batch: 2, Precision: "f32", Steps: 1, Warmup: 1,
			Loss: model.Sigmoid, Freeze: freeze, Cached: cached})
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range r.Train.Ops {
			n += o.Calls
		}
		return n
	}
	images := []string{"visual.*"}
	all, frozen, cached := calls(nil, false), calls(images, false), calls(images, true)
	if cached >= frozen || frozen >= all {
		t.Errorf("operations of a step: %d, with a frozen tower %d, cached %d; want fewer each", all, frozen, cached)
	}
	for want, c := range map[string]Config{
		`bench: model: freeze "vision.*" matches none`:    {Freeze: []string{"vision.*"}},
		"bench: cached embeddings, but both towers train": {Cached: true},
	} {
		c.Model, c.Batch, c.Precision, c.Steps, c.Warmup = "least", 2, "f32", 1, 1
		if _, err := Run(t.Context(), c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v; want error with %q", c, err, want)
		}
	}
}

func TestErrors(t *testing.T) {
	good := Config{Model: "tiny", Batch: 2, Precision: "f32", Steps: 1, Warmup: 1}
	for _, test := range []struct {
		change func(c *Config)
		want   string
	}{
		{func(c *Config) { c.Model = "huge" }, `model "huge"; want b32, small, tiny`},
		{func(c *Config) { c.Batch = 1 }, "batch 1; want 2"},
		{func(c *Config) { c.Threads = -1 }, "threads -1"},
		{func(c *Config) { c.Precision = "f64" }, `precision "f64"`},
		{func(c *Config) { c.Loss = "triplet" }, `loss "triplet"; want softmax or sigmoid`},
		{func(c *Config) { c.Steps = 0 }, "steps 0"},
		{func(c *Config) { c.Warmup = 0 }, "warmup 0"},
	} {
		c := good
		test.change(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: %v; want error with %q", c, err, test.want)
		}
	}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
}
