package run

import (
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goclip/goclip/configs"
	"github.com/goclip/goclip/foreign"
)

var adapters = []string{
	"model.lora.rank=2", "model.lora.alpha=8", "model.lora.train=[logit_scale]", "optim.learning_rate=1e-2",
}

// TestLoRA holds that a run of adapters leaves the matrices of its source as they are,
// that Open gives the merged model, whose features are those of the one with adapters,
// and that another run starts from it.
func TestLoRA(t *testing.T) {
	world, dir := sourceRun(t)
	source, err := Open(dir)
	must(t, err)
	o := tunedRun(t, world, dir, append(adapters, "optim.ema_decay=0.5")...)
	must(t, begin(t.Context(), o))

	c, err := configs.LoadTrained(filepath.Join(o.Dir, ConfigFile))
	must(t, err)
	withAdapters := &Trained{Tokenizer: source.Tokenizer}
	if c.Model, err = withVocabulary(c.Model, source.Tokenizer); err != nil || c.Model.LoRA.Rank != 2 {
		t.Fatalf("config %+v, %v; want that of adapters", c.Model.LoRA, err)
	}
	withAdapters.Model, err = foreign.Load(filepath.Join(o.Dir, "checkpoints", "step-00000006", EMAFile), c.Model)
	must(t, err)
	learned := 0
	for _, p := range withAdapters.Model.Params() {
		if p.Adapter() || p.Name == "logit_scale" {
			if slices.ContainsFunc(p.Value, func(v float32) bool { return v != 0 }) {
				learned++
			}
			continue
		}
		for _, q := range source.Model.Params() {
			if q.Name == p.Name && !slices.Equal(p.Value, q.Value) {
				t.Errorf("%s is not the source's", p.Name)
			}
		}
	}
	if want := 1 + 2*4*(c.Model.Image.Layers+c.Model.Text.Layers); learned != want {
		t.Errorf("%d tensors are not 0 of adapters and logit scale, want %d", learned, want)
	}

	merged, err := Open(o.Dir)
	must(t, err)
	if merged.Config.Model.LoRA.On() || merged.Model.Config().LoRA.On() || len(merged.Model.Params()) != len(source.Model.Params()) {
		t.Errorf("Open gives a model with adapters")
	}
	want, before := features(t, withAdapters), features(t, source)
	moved := 0.
	for i, v := range features(t, merged) {
		if !(math.Abs(float64(v-want[i])) <= 1e-6) {
			t.Fatalf("feature %d of the merged model is %g, want %g within 1e-6", i, v, want[i])
		}
		moved = max(moved, math.Abs(float64(v-before[i])))
	}
	if moved < 1e-3 {
		t.Errorf("features moved by %g at most; the adapters learned nothing", moved)
	}
	again := tunedRun(t, world, o.Dir, "train.steps=2", "model.image.patch_dropout=0.5")
	if again.Config.Model.LoRA.On() {
		t.Error("a run that starts from one of adapters takes over its adapters")
	}
	must(t, begin(t.Context(), again))
}

// TestLoRAVerify holds that a run of adapters is exact when it is stopped and resumed,
// in micro-batches of bfloat16 with recomputed blocks too.
func TestLoRAVerify(t *testing.T) {
	world, dir := sourceRun(t)
	for _, sets := range [][]string{nil, {"train.micro_batch=7", "train.precision=bf16", "train.rematerialize=block", "optim.ema_decay=0.5"}} {
		o := tunedRun(t, world, dir, append(sets, adapters...)...)
		v, err := Verify(t.Context(), o.Config, 4, 1, nil)
		must(t, err)
		if !v.Equal() {
			t.Errorf("%v, stopped and resumed:\n%v", sets, v)
		}
	}
}

func TestLoRAErrors(t *testing.T) {
	world, dir := sourceRun(t)
	for want, sets := range map[string][]string{
		"visual.proj: is new, and frozen": {"model.embed_dim=24"},
		"none of the":                     {"optim.muon.learning_rate=0.02"},
	} {
		o := tunedRun(t, world, dir, append(sets, adapters...)...)
		if err := begin(t.Context(), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v; want error with %q", sets, err, want)
		}
	}
	o := testRun(t, world, filepath.Join(t.TempDir(), "random"), false)
	o.Config.Model.LoRA.Rank = 2
	if err := begin(t.Context(), o); err == nil || !strings.Contains(err.Error(), "model.lora.rank 2 without model.from") {
		t.Errorf("adapters of random weights: %v", err)
	}
}
