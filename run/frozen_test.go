package run

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goclip/goclip/checkpoint"
	"github.com/goclip/goclip/configs"
	"github.com/goclip/goclip/model"
	"github.com/goclip/goclip/train"
)

// textTower freezes the text tower.
var textTower = []string{"transformer.*", "*oken_embedding.weight", "positional_embedding", "ln_final.*", "text_projection"}

// TestFrozen holds that runs with frozen parameters, of which some have a cache, are
// exact when they are stopped and resumed, with all that a step may be beside.
func TestFrozen(t *testing.T) {
	world := filepath.Join(t.TempDir(), "world")
	for name, change := range map[string]func(c *configs.Run){
		"texts cached, sigmoid, micro-batches of bfloat16, averages": func(c *configs.Run) {
			c.Model.Loss, c.Optim.EMADecay, c.Train.MicroBatch, c.Train.Precision = model.Sigmoid, 0.5, 7, "bf16"
			c.Train.Freeze = textTower
		},
		"images, under augmentation": func(c *configs.Run) { c.Train.Freeze = []string{"visual.*"} },
		"images cached, under augmentation": func(c *configs.Run) {
			c.Train.Freeze, c.Train.CacheFrozen, c.Train.Positives = []string{"visual.*"}, "on", "caption"
		},
		"part of a tower, blocks recomputed": func(c *configs.Run) {
			c.Train.UnlockImageGroups, c.Train.Rematerialize, c.Train.Freeze = 2, "block", []string{"token_embedding.weight"}
		},
	} {
		r := testRun(t, world, "", false)
		change(r.Config)
		r.Config.SetDefaults()
		v, err := Verify(t.Context(), r.Config, 6, 1, r.Log)
		must(t, err)
		if !v.Equal() {
			t.Errorf("%s:\n%v", name, v)
		}
	}
}

// TestFrozenFiles holds that a run with a cache ends in what one without ends in; that
// its checkpoints have the frozen weights and no moments of them; that another list is
// refused when it goes on; and what the plan of a run says.
func TestFrozenFiles(t *testing.T) {
	world := filepath.Join(t.TempDir(), "world")
	dirs := map[string]string{}
	for _, cache := range []string{"auto", "off"} {
		dirs[cache] = filepath.Join(t.TempDir(), cache)
		r := testRun(t, world, dirs[cache], false)
		r.Config.Train.Freeze, r.Config.Train.CacheFrozen = textTower, cache
		must(t, begin(t.Context(), r))
	}
	if got, want := hashes(t, dirs["auto"]), hashes(t, dirs["off"]); got != want {
		t.Errorf("with a cache:\n%s\nwithout:\n%s", got, want)
	}
	for cache, want := range map[string]int{"auto": 1, "off": 0} {
		if files, err := filepath.Glob(filepath.Join(dirs[cache], "frozen-text-*.embeddings")); err != nil || len(files) != want {
			t.Errorf("cache_frozen %s: files %v, %v; want %d", cache, files, err, want)
		}
	}
	folder := filepath.Join(dirs["auto"], "checkpoints", "step-00000011")
	weights, moments := names(t, filepath.Join(folder, ModelFile)), names(t, filepath.Join(folder, OptimizerFile))
	if frozen := "text_projection"; !slices.Contains(weights, frozen) || slices.Contains(moments, "exp_avg."+frozen) ||
		!slices.Contains(moments, "exp_avg.visual.proj") {
		t.Errorf("weights %v, moments %v; want %s among the weights alone", weights, moments, frozen)
	}

	again := testRun(t, world, dirs["auto"], true)
	again.Config.Train.Freeze = []string{"visual.*"}
	want := fmt.Sprintf("train.freeze was %q, is [\"visual.*\"]", textTower)
	if err := begin(t.Context(), again); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("another list: %v; want error with %q", err, want)
	}
	again.Config.Train.Freeze, again.Config.Train.CacheFrozen = textTower, "off"
	must(t, begin(t.Context(), again))

	p, err := MakePlan(t.Context(), again.Config, 1, again.Log)
	must(t, err)
	again.Config.Train.CacheFrozen = "auto"
	cached, err := MakePlan(t.Context(), again.Config, 1, again.Log)
	must(t, err)
	again.Config.Train.Freeze = nil
	whole, err := MakePlan(t.Context(), again.Config, 1, again.Log)
	must(t, err)
	if p.Memory.Parameters >= whole.Memory.Parameters || p.Checkpoint >= whole.Checkpoint || p.FLOPs >= whole.FLOPs ||
		cached.Cache != 100*(20+4*16) || p.Cache != 0 || p.Trainable >= whole.Trainable {
		t.Errorf("plan %+v\ncached %+v\nof all %+v", p, cached, whole)
	}
	if text := cached.String(); !strings.Contains(text, " train\n") || !strings.Contains(text, "of embeddings, which a first epoch computes") {
		t.Errorf("plan:\n%s", text)
	}
}

// TestCacheDir holds that runs share a folder of embeddings, and that all of them are
// there after an epoch.
func TestCacheDir(t *testing.T) {
	world, shared := filepath.Join(t.TempDir(), "world"), filepath.Join(t.TempDir(), "new")
	for i, want := range []string{"which has 0 of them", "which has 94 of them"} {
		r := testRun(t, world, filepath.Join(t.TempDir(), "run"), false)
		r.Config.Train.Freeze, r.Config.Train.CacheDir = textTower, shared
		r.Config.Optim.LearningRate *= float64(1 + i)
		var log bytes.Buffer
		r.Log = train.NewConsole(&log, 0)
		must(t, begin(t.Context(), r))
		files, err := filepath.Glob(filepath.Join(r.Dir, "*.embeddings"))
		must(t, err)
		if text := log.String(); !strings.Contains(text, want) || len(files) > 0 {
			t.Errorf("run %d: files %v, log\n%s\nwant %q", i, files, text, want)
		}
	}
}

func names(t *testing.T, path string) []string {
	t.Helper()
	f, err := checkpoint.OpenTensors(path)
	must(t, err)
	defer f.Close()
	return f.Names()
}

// TestLit holds that a run which starts from weights and locks the image tower keeps
// the bytes of that tower, computes it once, and is exact.
func TestLit(t *testing.T) {
	world, dir := sourceRun(t)
	source, err := Open(dir)
	must(t, err)
	var log bytes.Buffer
	o := tunedRun(t, world, dir, "train.freeze=[visual.*]", "train.steps=12")
	o.Log = train.NewConsole(&log, 0)
	must(t, begin(t.Context(), o))
	tuned, err := Open(o.Dir)
	must(t, err)
	for i, p := range source.Model.Params() {
		if same := slices.Equal(p.Value, tuned.Model.Params()[i].Value); same != (p.Tower() == model.ImageTower) {
			t.Errorf("%s is the source's: %t", p.Name, same)
		}
	}
	files, err := filepath.Glob(filepath.Join(o.Dir, "frozen-image-*.embeddings"))
	must(t, err)
	if len(files) != 1 || !strings.Contains(log.String(), "100 pairs take 1 MB") {
		t.Errorf("files %v, log\n%s", files, log.String())
	}
	v, err := Verify(t.Context(), o.Config, 6, 1, nil)
	must(t, err)
	if !v.Equal() {
		t.Errorf("%v", v)
	}
}
