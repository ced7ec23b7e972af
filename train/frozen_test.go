package train

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goclip/goclip/model"
	"github.com/goclip/goclip/train/embedcache"
)

// texts freezes the text tower of newTrainer.
var texts = []string{"*transformer*", "token*", "positional*", "ln_final*", "text_projection"}

// frozenTrainer is newTrainer with changes to its config, and a cache in dir.
func frozenTrainer(t *testing.T, dir string, change func(c *Config)) *Trainer {
	t.Helper()
	tr, _ := newTrainer(t)
	s := tr.setup
	s.CacheDir = dir
	change(&s.Config)
	again, err := New(s)
	must(t, err)
	t.Cleanup(again.Close)
	return again
}

// values are all parameters after the run, and the losses on the way.
func values(t *testing.T, tr *Trainer) (all [][]float32, losses []float32) {
	t.Helper()
	for range tr.Steps {
		r, err := tr.TrainStep(t.Context())
		must(t, err)
		losses = append(losses, r.Loss)
	}
	for _, p := range tr.Model.Params() {
		all = append(all, slices.Clone(p.Value))
	}
	return all, losses
}

func logOf(t *testing.T, tr *Trainer) string {
	t.Helper()
	text, err := os.ReadFile(tr.Log.w.(*os.File).Name())
	must(t, err)
	return string(text)
}

// TestFrozenRun holds that what is frozen keeps its bytes and has no moments, and that
// runs with the cache end in the same bits as without, whether it is empty, whole or
// torn, in whole batches or micro-batches, in float32 or bfloat16.
func TestFrozenRun(t *testing.T) {
	for name, freeze := range map[string][]string{"image": {"visual.*"}, "text": texts, "both": append([]string{"visual.*"}, texts...)} {
		for _, precision := range []string{"f32", "bf16"} {
			dir := t.TempDir()
			change := func(cache string, micro int) func(c *Config) {
				return func(c *Config) { c.Freeze, c.Precision, c.CacheFrozen, c.MicroBatch = freeze, precision, cache, micro }
			}
			first := frozenTrainer(t, dir, change("off", 0))
			var before [][]float32
			for _, p := range first.Model.Params() {
				before = append(before, slices.Clone(p.Value))
			}
			want, losses := values(t, first)
			moments := 0
			must(t, first.Optim.State(func(string, []int, []float32) error { moments++; return nil }))
			trained := 0
			for i, p := range first.Model.Params() {
				if p.Frozen != slices.Equal(p.Value, before[i]) {
					t.Errorf("%s: %s: frozen %t, and equal %t", name, p.Name, p.Frozen, !p.Frozen)
				}
				if !p.Frozen {
					trained++
				}
			}
			if moments != 2*trained {
				t.Errorf("%s: %d moments; want 2 for each of %d that train", name, moments, trained)
			}
			for run := range 3 {
				tr := frozenTrainer(t, dir, change("auto", 0))
				got, l := values(t, tr)
				if !slices.EqualFunc(got, want, slices.Equal) || !slices.Equal(l, losses) {
					t.Errorf("%s, %s, cached run %d: losses %v, want %v, or weights differ", name, precision, run, l, losses)
				}
				checkLog(t, name, run, tr)
				tr.Close()
				tear(t, dir, run)
			}
			want, losses = values(t, frozenTrainer(t, dir, change("off", 2)))
			if got, l := values(t, frozenTrainer(t, dir, change("on", 2))); !slices.EqualFunc(got, want, slices.Equal) {
				t.Errorf("%s, %s, micro-batches: losses %v, want %v, or weights differ", name, precision, l, losses)
			}
		}
	}
}

// checkLog looks for what a run says of the cache.
func checkLog(t *testing.T, name string, run int, tr *Trainer) {
	t.Helper()
	want := []string{"has 0 of them; 20 pairs take 1 MB", " tower is frozen", "no whole embedding"}[run]
	if log := logOf(t, tr); !strings.Contains(log, want) || run > 0 && strings.Contains(log, "has 0 of them") {
		t.Errorf("%s: run %d: the log is\n%s\nwant %q", name, run, log, want)
	}
	for _, f := range tr.frozen {
		if f.file.Len() == 0 || f.file.Len() > 20 {
			t.Errorf("%s: run %d: %d embeddings", name, run, f.file.Len())
		}
	}
}

// tear cuts a byte off the files after the second run.
func tear(t *testing.T, dir string, run int) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "frozen-*.embeddings"))
	must(t, err)
	if run != 1 {
		return
	}
	for _, file := range files {
		info, err := os.Stat(file)
		must(t, err)
		must(t, os.Truncate(file, info.Size()-1))
	}
}

// TestFrozenKey holds that embeddings are of one tower, precision and architecture.
func TestFrozenKey(t *testing.T) {
	tr, _ := newTrainer(t)
	keys := map[embedcache.Key]string{}
	add := func(what string, tower model.Tower, bf16 bool) {
		key, err := towerKey(tr.Model, tower, bf16)
		must(t, err)
		if keys[key] != "" {
			t.Errorf("%s has the key of %s", what, keys[key])
		}
		keys[key] = what
	}
	add("images", model.ImageTower, false)
	add("texts", model.TextTower, false)
	add("images in bf16", model.ImageTower, true)
	for _, p := range tr.Model.Params() {
		if p.Tower() != "" {
			p.Value[0]++
			add(p.Name, p.Tower(), false)
			p.Value[0]--
		}
	}
}

// TestFrozenFull holds that a run goes on where there is no room, and says so once.
func TestFrozenFull(t *testing.T) {
	freeze := func(size string) func(c *Config) {
		return func(c *Config) { c.Freeze, c.CacheSize = []string{"visual.*"}, size }
	}
	want, _ := values(t, frozenTrainer(t, "", freeze("1GiB")))
	tr := frozenTrainer(t, t.TempDir(), freeze("0.3KiB"))
	if got, _ := values(t, tr); !slices.EqualFunc(got, want, slices.Equal) {
		t.Error("a cache that is full changes the weights")
	}
	said := "has 4 embeddings, the most that train.cache_size 0.3KiB lets it have: the image tower computes the others"
	if log := logOf(t, tr); strings.Count(log, said) != 1 {
		t.Errorf("the log is\n%s\nwant once %q", log, said)
	}
	file := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(file, nil, 0o666))
	below := frozenTrainer(t, file, freeze("1GiB"))
	if _, err := below.TrainStep(t.Context()); err == nil || !strings.Contains(err.Error(), "or train.cache_frozen off") {
		t.Errorf("a file in place of the folder: %v; want error", err)
	}
}

// TestFrozenInterrupted holds that what an interrupted step computed is not kept.
func TestFrozenInterrupted(t *testing.T) {
	dir := t.TempDir()
	tr := frozenTrainer(t, dir, func(c *Config) { c.Freeze = []string{"visual.*"} })
	batch, err := tr.Stream().Next(t.Context())
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := tr.embedFrozen(ctx, batch); !errors.Is(err, context.Canceled) || tr.frozen[0].file.Len() != 0 {
		t.Errorf("embedFrozen: %v, %d embeddings; want %v and none", err, tr.frozen[0].file.Len(), context.Canceled)
	}
}

func TestFrozenErrors(t *testing.T) {
	tr, _ := newTrainer(t)
	for want, change := range map[string]func(c *Config){
		`train: freeze[1]: "[a" is not a pattern of names`:  func(c *Config) { c.Freeze = []string{"visual.*", "[a"} },
		`train: model: freeze "visual.cls" matches none of`: func(c *Config) { c.Freeze = []string{"visual.cls"} },
		`are frozen; want at least one`:                     func(c *Config) { c.Freeze = []string{"*"} },
		`unlock_image_groups -1 is negative`:                func(c *Config) { c.UnlockImageGroups = -1 },
		`unlock_image_groups: model: 4 unlocked groups`:     func(c *Config) { c.UnlockImageGroups = 4 },
		`cache_frozen "yes"; want auto, on or off`:          func(c *Config) { c.CacheFrozen = "yes" },
		`cache_frozen on, but both towers train`:            func(c *Config) { c.CacheFrozen = "on" },
		`train: cache_size "1"; want a size`:                func(c *Config) { c.CacheSize = "1" },
	} {
		s := tr.setup
		change(&s.Config)
		if _, err := New(s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("New: %v; want error with %q", err, want)
		}
	}
}
