package run

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/goclip/goclip/configs"
	"github.com/goclip/goclip/train"
)

// recipe is a run of a second: 100 pairs, which 11 steps of 20 go through
// twice, with every kind of randomness.
const recipe = `
seed: 3
world: {dir: %[1]s, draw: {seed: 1, size: 32, train: 100, val_seen: 20, val_unseen: 20}}
data: {train: "%[1]s/train-*.parquet", val: "%[1]s/val-seen-*.parquet", caption_choice: random, shuffle_window: 512, preprocess: {augment: {pad: 2, flip: 0.5, crop_scale: [0.5, 1]}}}
tokenizer: {vocab_size: 530}
model:
  embed_dim: 16
  image: {size: 32, patch: 16, width: 16, layers: 1, heads: 2}
  text: {context_length: 12, width: 16, layers: 1, heads: 2}
optim: {learning_rate: 3e-3, warmup: 2, clip_norm: 1}
train: {steps: 11, batch: 20, log_every: 1, eval_every: 5}
eval: {classes: "%[1]s/classes.txt", batch: 16}
checkpoint: {every_steps: 4, keep_last: 0}
`

func testRun(t *testing.T, world, workdir string, resume bool) *Options {
	t.Helper()
	path := filepath.Join(t.TempDir(), "recipe.yaml")
	must(t, os.WriteFile(path, fmt.Appendf(nil, recipe, world), 0o666))
	c, err := configs.Load(path, nil, nil)
	must(t, err)
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	must(t, err)
	t.Cleanup(func() { log.Close() })
	return &Options{Config: c, Dir: workdir, Resume: resume, Log: train.NewConsole(log, c.Train.Steps)}
}

// begin trains a run.
func begin(ctx context.Context, o *Options) error {
	_, err := Train(ctx, *o)
	return err
}

func inspect(t *testing.T, o *Options, step int) (*train.Inspection, error) {
	return Inspect(t.Context(), o.Config, o.Dir, step, o.Log)
}

// hashes are the SHA-256 of what a run ends in: weights, moments, and the lines of
// metrics but for their times.
func hashes(t *testing.T, workdir string) string {
	t.Helper()
	var all []string
	for _, name := range []string{ModelFile, OptimizerFile, StateFile, TokenizerFile} {
		text, err := os.ReadFile(filepath.Join(workdir, "checkpoints", "step-00000011", name))
		must(t, err)
		sum := sha256.Sum256(text)
		all = append(all, name+" "+hex.EncodeToString(sum[:]))
	}
	text, err := os.ReadFile(filepath.Join(workdir, MetricsFile))
	must(t, err)
	for line := range strings.Lines(string(text)) {
		if strings.Contains(line, `"set"`) {
			continue // an evaluation that a signal ended is not repeated
		}
		line, _, _ = strings.Cut(line, `,"pairs_per_second"`)
		all = append(all, strings.TrimSpace(line))
	}
	return strings.Join(all, "\n")
}

// TestResume stops a run after every step by a signal's way, and by the death
// of the process between two checkpoints, and continues it: it ends in the same
// weights, moments and metrics, bit for bit, as one never stopped.
func TestResume(t *testing.T) {
	if dir := os.Getenv("RUN_TEST_KILL"); dir != "" {
		killed(t, dir)
		return
	}
	world := filepath.Join(t.TempDir(), "world")
	whole := filepath.Join(t.TempDir(), "whole")
	must(t, begin(t.Context(), testRun(t, world, whole, false)))
	want := hashes(t, whole)

	stopped := filepath.Join(t.TempDir(), "stopped")
	for attempt, done := 1, false; !done; attempt++ {
		_, err := os.Stat(filepath.Join(stopped, ConfigFile))
		r := testRun(t, world, stopped, err == nil)
		ctx, cancel := context.WithCancel(t.Context())
		// It is stopped somewhere: where does not matter. A busy machine may not end a step at first.
		time.AfterFunc(time.Duration(20+10*attempt)*time.Millisecond, cancel)
		err = begin(ctx, r)
		cancel()
		if done = err == nil; !done && !errors.Is(err, train.ErrInterrupted) && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	if got := hashes(t, stopped); got != want {
		t.Errorf("stopped and continued:\n%s\nnever stopped:\n%s", got, want)
	}

	dead := filepath.Join(t.TempDir(), "dead")
	c := exec.Command(os.Args[0], "-test.run=^TestResume$")
	c.Env = append(os.Environ(), "RUN_TEST_KILL="+dead, "RUN_TEST_WORLD="+world)
	if err := c.Run(); err == nil || c.ProcessState.ExitCode() == 1 {
		t.Fatalf("a process that should have been killed: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dead, "checkpoints", "step-00000004")); err != nil {
		t.Fatal(err)
	}
	must(t, begin(t.Context(), testRun(t, world, dead, true)))
	if got := hashes(t, dead); got != want {
		t.Errorf("killed and continued:\n%s\nnever stopped:\n%s", got, want)
	}
}

// killed trains until the checkpoint of step 4 is there and some steps more,
// and dies.
func killed(t *testing.T, dir string) {
	go func() {
		for {
			text, _ := os.ReadFile(filepath.Join(dir, MetricsFile))
			if strings.Contains(string(text), `"step":6,`) {
				p, _ := os.FindProcess(os.Getpid())
				_ = p.Kill()
			}
			time.Sleep(100 * time.Microsecond)
		}
	}()
	r := testRun(t, os.Getenv("RUN_TEST_WORLD"), dir, false)
	_ = begin(t.Context(), r)
	time.Sleep(time.Minute)
}

// TestRefusals holds what a run refuses, in one line and before it writes.
func TestRefusals(t *testing.T) {
	world := filepath.Join(t.TempDir(), "world")
	workdir := filepath.Join(t.TempDir(), "run")
	must(t, begin(t.Context(), testRun(t, world, workdir, false)))
	two := filepath.Join(t.TempDir(), "two.txt")
	must(t, os.WriteFile(two, []byte("cat\ndog\n"), 0o666))
	for _, test := range []struct {
		name, workdir, want string
		resume              bool
		change              func(c *configs.Run)
	}{
		{name: "a folder with a run", workdir: workdir, want: "holds a run already; want to resume it (--resume), or another folder (--workdir)"},
		{name: "no run to resume", workdir: "none", resume: true, want: "holds no run to resume"},
		{name: "another config", workdir: workdir, resume: true, change: func(c *configs.Run) { c.Optim.Beta2 = 0.9 }, want: "optim.beta2 was 0.98, is 0.9"},
		{name: "other data than the world", change: func(c *configs.Run) { c.Data.Train = "mine/*.parquet" },
			want: "run: data.train mine/*.parquet: the recipe trains on pictures that it draws in "},
		{name: "no shards", change: func(c *configs.Run) { c.World.Dir, c.Data.Train = "", "none/*.parquet" }, want: "matches no file"},
		{name: "few pairs", change: func(c *configs.Run) { c.Train.Batch = 1000 }, want: "100 pairs in data.train; want at least train.batch, 1000: more pairs, or a smaller batch"},
		{name: "no tokenizer", change: func(c *configs.Run) { c.Tokenizer.Path = "none.json" }, want: "none.json"},
		{name: "a label without a class", change: func(c *configs.Run) { c.Eval.Classes = two }, want: "have 144 (red circle, red square, red triangle, ...), not 2 (cat, dog)"},
		{name: "no classes", change: func(c *configs.Run) { c.Eval.Classes = "none.txt" }, want: "none.txt"},
	} {
		if test.workdir == "" {
			test.workdir = filepath.Join(t.TempDir(), "new")
		}
		r := testRun(t, world, test.workdir, test.resume)
		if test.change != nil {
			test.change(r.Config)
		}
		err := begin(t.Context(), r)
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v; want one line with %q", test.name, err, test.want)
		}
		if _, err := os.Stat(test.workdir); test.workdir != workdir && err == nil {
			t.Errorf("%s: %s was made", test.name, test.workdir)
		}
	}
}

// TestOpen finds a model by a run, a checkpoint and a file, and passes over a
// checkpoint that is damaged.
func TestOpen(t *testing.T) {
	world := filepath.Join(t.TempDir(), "world")
	workdir := filepath.Join(t.TempDir(), "run")
	must(t, begin(t.Context(), testRun(t, world, workdir, false)))
	folder := filepath.Join(workdir, "checkpoints", "step-00000011")
	var first float32
	for _, path := range []string{workdir, folder, filepath.Join(folder, ModelFile)} {
		m, err := Open(path)
		if err != nil {
			t.Errorf("Open(%s): %v", path, err)
			continue
		}
		v := m.Model.Params()[5].Value[0]
		if first == 0 {
			first = v
		}
		if v != first || len(m.Skipped) != 0 {
			t.Errorf("Open(%s) gives another model, skipped %v", path, m.Skipped)
		}
	}
	text, err := os.ReadFile(filepath.Join(folder, ModelFile))
	must(t, err)
	text[len(text)/2] ^= 1
	must(t, os.WriteFile(filepath.Join(folder, ModelFile), text, 0o666))
	m, err := Open(workdir)
	if err != nil || len(m.Skipped) != 1 || !strings.Contains(m.Path, "step-00000008") || !strings.Contains(m.Skipped[0].Error(), "model.safetensors is damaged") {
		t.Errorf("Open with a damaged checkpoint: %+v, %v; want that of step 8, and why", m, err)
	}
	for _, path := range []string{folder, t.TempDir(), "none"} {
		if _, err := Open(path); err == nil {
			t.Errorf("Open(%s): want error", path)
		}
	}
}

// TestOpenAlone opens weights beside a config that has the model and nothing else.
func TestOpenAlone(t *testing.T) {
	world := filepath.Join(t.TempDir(), "world")
	workdir := filepath.Join(t.TempDir(), "run")
	o := testRun(t, world, workdir, false)
	must(t, begin(t.Context(), o))
	folder := filepath.Join(workdir, "checkpoints", "step-00000011")
	dir := t.TempDir()
	for _, name := range []string{ModelFile, TokenizerFile} {
		text, err := os.ReadFile(filepath.Join(folder, name))
		must(t, err)
		must(t, os.WriteFile(filepath.Join(dir, name), text, 0o666))
	}
	model := `model:
  embed_dim: 16
  image: {size: 32, patch: 16, width: 16, layers: 1, heads: 2}
  text: {context_length: 12, width: 16, layers: 1, heads: 2}
`
	write := func(text string) { must(t, os.WriteFile(filepath.Join(dir, ConfigFile), []byte(text), 0o666)) }
	write(model)
	m, err := Open(filepath.Join(dir, ModelFile))
	must(t, err)
	if m.Model.Config().EmbedDim != 16 || m.Tokenizer.Size() != 530 {
		t.Errorf("a model of %+v with %d tokens", m.Model.Config(), m.Tokenizer.Size())
	}
	must(t, os.Rename(filepath.Join(dir, TokenizerFile), filepath.Join(dir, "words.json")))
	if _, err := Open(filepath.Join(dir, ModelFile)); err == nil || !strings.Contains(err.Error(), TokenizerFile) {
		t.Errorf("without a vocabulary: %v; want error", err)
	}
	write(model + "tokenizer: {path: words.json}\n")
	if _, err := Open(filepath.Join(dir, ModelFile)); err != nil {
		t.Errorf("with tokenizer.path: %v", err)
	}
	write(strings.Replace(model, "embed_dim: 16", "embed_dim: 0", 1))
	if _, err := Open(filepath.Join(dir, ModelFile)); err == nil || !strings.Contains(err.Error(), "embed_dim") {
		t.Errorf("a model of width 0: %v; want error", err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
