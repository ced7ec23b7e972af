package run

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goclip/goclip/configs"
	"github.com/goclip/goclip/train"
)

// TestExtend holds that a run gets a later end only where that is said, that
// its config records it, and that data or a vocabulary of another kind are
// refused by name.
func TestExtend(t *testing.T) {
	world := filepath.Join(t.TempDir(), "world")
	workdir := filepath.Join(t.TempDir(), "run")
	must(t, begin(t.Context(), testRun(t, world, workdir, false)))

	refused := func(r *Options, want string) {
		t.Helper()
		if err := begin(t.Context(), r); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("Train: %v; want one line with %q", err, want)
		}
	}
	r := testRun(t, world, workdir, true)
	r.Config.Train.Steps = 14
	refused(r, "train.steps was 11, is 14; to train on for longer, want --extend steps=14")
	r = testRun(t, world, workdir, true)
	r.Config.Train.Precision = "bf16"
	refused(r, "train.precision was f32, is bf16")
	r = testRun(t, world, workdir, true)
	r.Extend = 11
	refused(r, "--extend steps=11: "+workdir+" has 11 steps; want more")

	inspected(t, world, workdir)

	r = testRun(t, world, workdir, true)
	r.Extend = 14
	must(t, begin(t.Context(), r))
	c, err := configs.Load(filepath.Join(workdir, ConfigFile), nil, nil)
	must(t, err)
	if c.Train.Steps != 14 || c.Train.ExtendedFrom != 11 {
		t.Errorf("config: steps %d, extended_from %d; want 14, 11", c.Train.Steps, c.Train.ExtendedFrom)
	}
	lines := metricsOf(t, workdir)
	if last := lines[len(lines)-1]; last.Step != 14 || last.LearningRate != c.Optim.At(13, 14) {
		t.Errorf("last step %d with learning rate %g; want 14 with the rate of a cosine of 14 steps", last.Step, last.LearningRate)
	}
	if lines[10].LearningRate != c.Optim.At(10, 11) {
		t.Errorf("step 11 with learning rate %g; want the rate of a cosine of 11 steps", lines[10].LearningRate)
	}
	r = testRun(t, world, workdir, true)
	r.Config = c
	must(t, begin(t.Context(), r)) // goes on as it is
	r = testRun(t, world, workdir, false)
	r.Config = c
	n, err := inspect(t, r, 14)
	must(t, err)
	if last := lines[len(lines)-1]; float64(n.Loss) != last.Loss {
		t.Errorf("step 14 again: loss %g, want %g", n.Loss, last.Loss)
	}
	if _, err := inspect(t, r, 11); err == nil || !strings.Contains(err.Error(), "the run was extended after step 11") {
		t.Errorf("a step whose learning rates are not known: %v", err)
	}

	shards, err := filepath.Glob(filepath.Join(world, "train-*.parquet"))
	must(t, err)
	must(t, os.Rename(shards[0], filepath.Join(world, "train-moved.parquet")))
	r = testRun(t, world, workdir, true)
	r.Config = c
	c.World.Dir = ""
	refused(r, "data.train is not what "+workdir+" was trained on: "+filepath.Base(shards[0])+" is missing")
}

// inspected holds that a step that is recomputed is the one that was
// logged, whether there is a checkpoint before it or not.
func inspected(t *testing.T, world, workdir string) {
	lines := metricsOf(t, workdir)
	for _, step := range []int{2, 7, 9} {
		r := testRun(t, world, workdir, false)
		n, err := inspect(t, r, step)
		must(t, err)
		m := lines[step-1]
		if float64(n.Loss) != m.Loss || float64(n.GradNorm) != m.GradNorm || len(n.Pairs) != 20 || len(n.Grid) != 20 {
			t.Errorf("step %d: loss %g, norm %g, %d pairs; the run had %g, %g", step, n.Loss, n.GradNorm, len(n.Pairs), m.Loss, m.GradNorm)
		}
		var mean float64
		for i, p := range n.Pairs {
			mean += float64(p.Loss) / 20
			if p.Caption == "" || !strings.Contains(p.Shard, "train-") {
				t.Errorf("step %d: pair %d: %+v", step, i, p)
			}
		}
		if math.Abs(mean-m.Loss) > 1e-5 {
			t.Errorf("step %d: mean loss of the pairs %g, want %g", step, mean, m.Loss)
		}
	}
	if _, err := inspect(t, testRun(t, world, workdir, false), 12); err == nil || !strings.Contains(err.Error(), "step 12; want 1 to 11") {
		t.Errorf("a step that the run has not: %v", err)
	}
}

func metricsOf(t *testing.T, workdir string) (all []train.Metrics) {
	text, err := os.ReadFile(filepath.Join(workdir, MetricsFile))
	must(t, err)
	for line := range strings.Lines(string(text)) {
		var m train.Metrics
		must(t, json.Unmarshal([]byte(line), &m))
		if m.LearningRate > 0 { // not an evaluation
			all = append(all, m)
		}
	}
	return all
}

// TestBadStep holds that a run whose gradient norm jumps writes down its batch
// and stops, or skips the step, and that a run resumed skips the same ones.
func TestBadStep(t *testing.T) {
	world := filepath.Join(t.TempDir(), "world")
	workdir := filepath.Join(t.TempDir(), "run")
	start := func(onBadStep string) *Options {
		r := testRun(t, world, workdir, false)
		r.Config.Train.Steps, r.Config.Train.GradNormJump, r.Config.Train.OnBadStep = 30, 1.02, onBadStep
		return r
	}
	err := begin(t.Context(), start("stop"))
	if err == nil || !strings.Contains(err.Error(), "gradient norm") {
		t.Fatalf("a gradient norm that jumps: %v", err)
	}
	names, err := filepath.Glob(filepath.Join(workdir, inspectDir, "step-*.json"))
	must(t, err)
	if len(names) != 1 {
		t.Fatalf("inspections %v; want one", names)
	}
	text, err := os.ReadFile(names[0])
	must(t, err)
	var n struct {
		Reason string
		Pairs  []struct{ Caption string }
	}
	must(t, json.Unmarshal(text, &n))
	if n.Reason == "" || len(n.Pairs) != 20 || n.Pairs[3].Caption == "" {
		t.Errorf("inspection %+v", n)
	}
	r := start("skip")
	v, err := Verify(t.Context(), r.Config, 30, 3, r.Log)
	must(t, err)
	if !v.Equal() || v.Skipped == 0 {
		t.Errorf("with skipped steps:\n%v", v)
	}
}
