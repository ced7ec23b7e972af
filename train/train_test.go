package train

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/data/synth"
	"github.com/goclip/goclip/data/tokenizer"
	"github.com/goclip/goclip/model"
	"github.com/goclip/goclip/optim"
)

// newTrainer makes a run of 6 steps of 5 pairs, whose metrics go to the buffer.
func newTrainer(t *testing.T) (*Trainer, *bytes.Buffer) {
	t.Helper()
	dir := t.TempDir()
	must(t, synth.Write(t.Context(), dir, synth.Config{Train: 20, ValSeen: 1, ValUnseen: 1}))
	d, err := data.Open(context.Background(), filepath.Join(dir, "train-*.parquet"),
		data.Config{}, data.Need{Caption: true})
	must(t, err)
	tok, err := tokenizer.Train(d.Captions(t.Context()), 520)
	must(t, err)
	m, err := model.New(model.Config{
		EmbedDim: 8, Activation: "gelu",
		Image: model.ImageConfig{Size: 32, Patch: 16, Width: 8, Layers: 1, Heads: 1},
		Text:  model.TextConfig{ContextLength: 10, VocabSize: tok.Size(), Width: 8, Layers: 1, Heads: 1},
	}, 1)
	must(t, err)
	log, err := os.Create(filepath.Join(dir, "log"))
	must(t, err)
	t.Cleanup(func() { log.Close() })
	tr, err := New(Setup{
		Config: Config{Steps: 6, Batch: 5, LogEvery: 2, EvalEvery: 3, Threads: 1}, Optim: optim.Default(), Seed: 1,
		Model: m, Tokenizer: tok, Data: d, Log: NewConsole(log, 6),
	})
	must(t, err)
	t.Cleanup(tr.Close)
	var metrics bytes.Buffer
	tr.Metrics, tr.SaveEvery = &metrics, 4
	return tr, &metrics
}

// TestRun checks when the loop logs, evaluates and saves, and that a save which
// fails is no end until the last.
func TestRun(t *testing.T) {
	tr, metrics := newTrainer(t)
	var evals, saves []int
	full := errors.New("disk full")
	tr.Eval = func(_ context.Context, step int) ([]Evaluation, error) { evals = append(evals, step); return nil, nil }
	tr.Save = func(step int) error { saves = append(saves, step); return full }
	err := tr.Run(t.Context())
	if !errors.Is(err, full) || !strings.HasPrefix(err.Error(), "train: step 6: ") {
		t.Errorf("Run = %v; want the error of the last save", err)
	}
	if len(evals) != 2 || evals[0] != 3 || evals[1] != 6 || len(saves) != 2 || saves[0] != 4 || saves[1] != 6 {
		t.Errorf("evaluations after %v, saves after %v; want 3 6 and 4 6", evals, saves)
	}
	text, err := os.ReadFile(tr.Log.w.(*os.File).Name())
	must(t, err)
	if want := "step 4 is not saved, the run goes on: disk full"; !strings.Contains(string(text), want) {
		t.Errorf("the log is\n%s\nwant %q", text, want)
	}
	var steps []int
	for line := range strings.Lines(metrics.String()) {
		var m Metrics
		must(t, json.Unmarshal([]byte(line), &m))
		steps = append(steps, m.Step)
		if m.LnN != math.Log(5) || !(m.Loss > 0) || m.Epoch != float64(m.Step)/4 ||
			!(m.GradNorm > 0) || m.LogitScale < 1 || m.PairsPerSecond <= 0 {
			t.Errorf("metrics %+v", m)
		}
	}
	if len(steps) != 3 || steps[0] != 2 || steps[2] != 6 {
		t.Errorf("metrics after steps %v; want 2 4 6", steps)
	}
}

// TestNotFinite checks that a loss that is no number stops the run before the
// update, and names the rows.
func TestNotFinite(t *testing.T) {
	tr, _ := newTrainer(t)
	params := tr.Model.Params()
	params[1].Value[0] = float32(math.NaN()) // the class token: every image
	before := params[0].Value[0]
	err := tr.Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "train: step 1: loss NaN") ||
		!strings.Contains(err.Error(), ".parquet: rows ") || strings.Contains(err.Error(), "\n") {
		t.Errorf("Run = %v; want an error in one line that names rows", err)
	}
	if tr.Optim.Step() != 0 || params[0].Value[0] != before {
		t.Errorf("step %d, parameter %g; want no update", tr.Optim.Step(), params[0].Value[0])
	}
}

// TestInterrupted checks that an ended context saves the last step done.
func TestInterrupted(t *testing.T) {
	tr, _ := newTrainer(t)
	ctx, cancel := context.WithCancel(t.Context())
	saved := -1
	tr.Save = func(step int) error { saved = step; return nil }
	tr.Eval = func(context.Context, int) ([]Evaluation, error) { cancel(); return nil, nil } // after step 3
	tr.SaveEvery = 0
	if err := tr.Run(ctx); !errors.Is(err, ErrInterrupted) || saved != 3 || tr.Optim.Step() != 3 {
		t.Errorf("Run = %v, saved step %d of %d; want it interrupted after step 3", err, saved, tr.Optim.Step())
	}
}

// TestEvalError checks that a run whose evaluation fails is saved.
func TestEvalError(t *testing.T) {
	tr, _ := newTrainer(t)
	saved, broken := -1, errors.New("shard is gone")
	tr.Save = func(step int) error { saved = step; return nil }
	tr.Eval = func(context.Context, int) ([]Evaluation, error) { return nil, broken }
	tr.SaveEvery = 0
	if err := tr.Run(t.Context()); !errors.Is(err, broken) ||
		!strings.Contains(err.Error(), "train: step 3: evaluation: ") || saved != 3 {
		t.Errorf("Run = %v, saved step %d; want the error of the evaluation, saved at 3", err, saved)
	}
}

// TestInterruptedAnywhere ends the context at any moment, also within a step:
// what is saved is always the end of a step.
func TestInterruptedAnywhere(t *testing.T) {
	sum := func(tr *Trainer) (h uint64) {
		for _, p := range tr.Model.Params() {
			for _, v := range p.Value {
				h = h*0x100000001b3 + uint64(math.Float32bits(v))
			}
		}
		return h
	}
	after := map[int]uint64{}
	tr, _ := newTrainer(t)
	after[0] = sum(tr)
	tr.SaveEvery = 1
	tr.Save = func(step int) error { after[step] = sum(tr); return nil }
	start := time.Now()
	must(t, tr.Run(t.Context()))
	whole := time.Since(start)
	seen := map[int]bool{}
	for trial := range 20 {
		tr, _ := newTrainer(t)
		tr.SaveEvery = 0
		tr.Save = func(step int) error {
			seen[step] = true
			if step != tr.Optim.Step() || sum(tr) != after[step] {
				t.Errorf("trial %d: step %d is saved otherwise than it was", trial, step)
			}
			return nil
		}
		ctx, cancel := context.WithTimeout(t.Context(), whole*time.Duration(trial)/20)
		if err := tr.Run(ctx); err != nil && !errors.Is(err, ErrInterrupted) {
			t.Errorf("trial %d: %v", trial, err)
		}
		cancel()
	}
	if len(seen) < 2 {
		t.Errorf("all trials ended after the steps %v", seen)
	}
}

// TestSaveInterval checks that time alone makes a save due.
func TestSaveInterval(t *testing.T) {
	tr, _ := newTrainer(t)
	saves := 0
	tr.SaveEvery, tr.SaveInterval = 0, time.Nanosecond
	tr.Save = func(int) error { saves++; return nil }
	must(t, tr.Run(t.Context()))
	if saves != 6 {
		t.Errorf("%d saves, want one a step", saves)
	}
}

func TestMeanCosines(t *testing.T) {
	x := []float32{1, 0, 0, 1, 0.6, 0.8}
	y := []float32{1, 0, 1, 0, 0.6, 0.8}
	pairs, rest := meanCosines(x, y, 3)
	if math.Abs(pairs-2./3) > 1e-6 || math.Abs(rest-(1+0.6+0+0.8+0.6+0.6)/6) > 1e-6 {
		t.Errorf("meanCosines = %g, %g; want 0.6667, 0.6", pairs, rest)
	}
}

func TestConfigErrors(t *testing.T) {
	good := Config{Steps: 1, Batch: 2}
	must(t, good.Validate())
	for want, change := range map[string]func(*Config){
		"steps 0":             func(c *Config) { c.Steps = 0 },
		"batch 1":             func(c *Config) { c.Batch = 1 },
		"log_every -1":        func(c *Config) { c.LogEvery = -1 },
		"eval_every -1":       func(c *Config) { c.EvalEvery = -1 },
		"threads -1":          func(c *Config) { c.Threads = -1 },
		"max_logit_scale 0.5": func(c *Config) { c.MaxLogitScale = 0.5 },
	} {
		c := good
		change(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Validate: %v; want error with %q", err, want)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestTowerNorms holds that the norms of both towers and of the logit scale make
// up the norm of all gradients.
func TestTowerNorms(t *testing.T) {
	tr, _ := newTrainer(t)
	must(t, tr.Run(t.Context()))
	m := tr.found.lines[len(tr.found.lines)-1]
	sum := m.GradNormImage*m.GradNormImage + m.GradNormText*m.GradNormText
	for _, p := range tr.Model.Params() {
		if p.Name == "logit_scale" {
			sum += float64(p.Grad[0]) * float64(p.Grad[0])
		}
	}
	if m.GradNormImage <= 0 || m.GradNormText <= 0 || math.Abs(math.Sqrt(sum)-m.GradNorm) > 1e-6*m.GradNorm {
		t.Errorf("image %g, text %g, together with the logit scale %g; want %g",
			m.GradNormImage, m.GradNormText, math.Sqrt(sum), m.GradNorm)
	}
}

// TestTrainStepClamps holds that a step bounds the logit scale.
func TestTrainStepClamps(t *testing.T) {
	tr, _ := newTrainer(t)
	tr.MaxLogitScale = 5
	if _, err := tr.TrainStep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if have := tr.Model.LogitScale(); math.Abs(have-5) > 1e-5 {
		t.Errorf("logit scale %g after a step; want 5, train.max_logit_scale", have)
	}
}

// TestTrainStepAverages holds that the moving average follows the parameters: after
// one step it is 2/11 of the initial value and 9/11 of the new one.
func TestTrainStepAverages(t *testing.T) {
	tr, _ := newTrainer(t)
	tr.EMA = optim.NewEMA(tr.Model.Params(), 0.9, nil)
	p := tr.Model.Params()[2]
	before := float64(p.Value[3])
	if _, err := tr.TrainStep(t.Context()); err != nil {
		t.Fatal(err)
	}
	after := float64(p.Value[3])
	want := 2*before/11 + 9*after/11
	tr.EMA.Swap()
	if have := float64(p.Value[3]); before == after || math.Abs(have-want) > 1e-6*math.Abs(want) {
		t.Errorf("%s[3] was %g, is %g, its average %g; want %g", p.Name, before, after, have, want)
	}
}

// TestGridHook holds when a run looks at its grid: before the first step, again and
// again, and after the last.
func TestGridHook(t *testing.T) {
	tr, _ := newTrainer(t)
	tr.GridPairs = 2
	var steps []int
	tr.Grid = func(_ context.Context, step int) { steps = append(steps, step) }
	must(t, tr.Run(t.Context()))
	if len(steps) < 2 || steps[0] != 0 || steps[len(steps)-1] != 6 {
		t.Errorf("the grid was looked at after steps %v; want 0 first and 6 last", steps)
	}
}

// TestInspectNext holds that what is known of a step fits its loss: the cosine of a
// pair, and the losses that follow from the cosines.
func TestInspectNext(t *testing.T) {
	tr, _ := newTrainer(t)
	n, err := tr.InspectNext(t.Context())
	must(t, err)
	if tr.Optim.Step() != 0 || n.Step != 1 || len(n.Pairs) != 5 || n.LnN != Number(math.Log(5)) {
		t.Fatalf("inspection %+v after step %d; want step 1 of 5 pairs, and no update", n, tr.Optim.Step())
	}
	x, y := tr.Step.ImageEmbeddings(), tr.Step.TextEmbeddings()
	var mean float64
	for i, p := range n.Pairs {
		var cosine float64
		for j := range 8 {
			cosine += float64(x[8*i+j]) * float64(y[8*i+j])
		}
		if math.Abs(float64(p.Cosine)-cosine) > 1e-6 ||
			math.Abs(float64(p.Loss)-float64(p.ImageLoss+p.TextLoss)/2) > 1e-9 {
			t.Errorf("pair %d: %+v; want cosine %g", i, p, cosine)
		}
		mean += float64(p.Loss) / 5
	}
	if math.Abs(mean-float64(n.Loss)) > 1e-5 {
		t.Errorf("mean loss of the pairs %g; want the step's, %g", mean, n.Loss)
	}
}

// TestSetup holds what a trainer cannot be made of.
func TestSetup(t *testing.T) {
	tr, _ := newTrainer(t)
	s := tr.setup
	for _, test := range []struct {
		change func(*Setup)
		want   string
	}{
		{func(s *Setup) { s.Config.Batch = 20 }, ""}, // all pairs that there are
		{func(s *Setup) { s.Config.Batch = 21 }, "20 pairs of data; want at least the batch, 21"},
		{func(s *Setup) { s.Config.Steps = 0 }, "steps 0"},
		{func(s *Setup) { s.Model = nil }, "model false"},
		{func(s *Setup) { s.Data = nil }, "data false"},
	} {
		c := s
		test.change(&c)
		made, err := New(c)
		if err == nil {
			made.Close()
		}
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("New: %v; want %q", err, test.want)
		}
	}
}

// TestLastEvaluation holds that a run which is stopped while it measures its end is
// saved, and says that it did not get there.
func TestLastEvaluation(t *testing.T) {
	tr, _ := newTrainer(t)
	ctx, cancel := context.WithCancel(t.Context())
	saved := -1
	tr.EvalEvery = 0
	tr.Save = func(step int) error { saved = step; return nil }
	tr.Eval = func(ctx context.Context, _ int) ([]Evaluation, error) { cancel(); return nil, ctx.Err() }
	if err := tr.Run(ctx); !errors.Is(err, ErrInterrupted) || saved != 6 {
		t.Errorf("Run = %v, saved step %d; want it interrupted, saved at 6", err, saved)
	}
}
