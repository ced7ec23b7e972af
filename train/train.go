// Package train is the loop: batches in, optimizer steps, lines of progress out.
//
//	t, err := train.New(train.Setup{Config: c, Optim: o, Model: m, Tokenizer: tok, Data: pairs})
//	...
//	defer t.Close()
//	err = t.Run(ctx)
//
// Saving, evaluating and what else a run does beside learning reach the loop as
// [Hooks].
package train

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/model"
	"github.com/goclip/goclip/optim"
)

// A Trainer trains a model on a stream of pairs.
type Trainer struct {
	Config
	Model *model.CLIP
	Step  model.Step // of Model, compiled for batches of Config.Batch
	Optim *optim.Optimizer
	EMA   *optim.EMA // nil without optim.ema_decay

	// Watch finds bad steps. A run that goes on must go on with its state.
	Watch Watch

	Hooks

	// Floor is the least loss that the captions allow, which the diagnosis of a
	// run expects; 0 where it is not known. Guess is the loss of a model that knows
	// nothing; 0 means that of a batch in which no caption repeats.
	Floor, Guess float64

	Metrics io.Writer // JSON lines for programs; nil writes none
	Log     *Console  // lines for people; nil writes none

	setup  Setup
	pool   *model.Pool
	stream *data.Stream   // nil before the first step
	frozen []*frozenTower // whose embeddings are cached
	last   lastBatch
	found  findings
	pace   pace
}

// Hooks are what a Trainer calls beside learning. Each may be nil.
type Hooks struct {
	// Eval measures the model after every EvalEvery steps and after the last.
	Eval func(ctx context.Context, step int) ([]Evaluation, error)

	// Save keeps the run after every SaveEvery steps, when SaveInterval has
	// passed, at an interruption and at the end; 0 means never but for the last
	// two. An error stops the run only at its end, since the next save may succeed.
	Save         func(step int) error
	SaveEvery    int
	SaveInterval time.Duration

	// Grid looks at the model before the first step, again and again while it
	// trains, and after the last step. Config.GridPairs says at how many pairs.
	Grid func(ctx context.Context, step int)

	// Best says whether the last Eval found the best score so far, so that the
	// step is to be saved.
	Best func() bool

	// Inspect keeps what is known of a bad step.
	Inspect func(*Inspection) error
}

// ErrInterrupted says that a run ended early, and was saved.
var ErrInterrupted = errors.New("train: interrupted and saved")

// Run trains from the optimizer's current step up to t.Steps. When ctx ends,
// Run saves and returns ErrInterrupted. Training continued from that save
// takes the same steps, bit for bit, as training never interrupted.
func (t *Trainer) Run(ctx context.Context) error {
	var since interval
	var missing error // of the last evaluation
	saved := time.Now()
	if t.Optim.Step() == 0 {
		t.grid(ctx, 0)
	}
	for step := t.Optim.Step() + 1; step <= t.Steps; step++ {
		start, last, best := time.Now(), step == t.Steps, false

		result, err := t.TrainStep(ctx)
		if err != nil && ctx.Err() != nil && t.Optim.Step() < step {
			return t.interrupted(step - 1)
		}
		if err != nil {
			return err
		}
		since.add(t.Batch, time.Since(start), result.Wait)
		t.pace.add(time.Since(start))
		t.Log.Step(step, t.left(step))

		if last || due(step, t.LogEvery) {
			t.report(step, result, since)
			since = interval{stages: t.stream.Stages()}
		}
		if last || due(step, t.gridEvery()) {
			t.grid(ctx, step)
		}
		if last || due(step, t.EvalEvery) {
			err := t.eval(ctx, step)
			if err != nil && ctx.Err() == nil {
				return t.unmeasured(step, err)
			}
			if err != nil && last { // it is saved all the same
				missing = ErrInterrupted
			}
			best = err == nil && t.Best != nil && t.Best()
		}
		if last || best || due(step, t.SaveEvery) || t.SaveInterval > 0 && time.Since(saved) >= t.SaveInterval {
			if err := t.save(step); err != nil && last {
				return fmt.Errorf("train: step %d: %w", step, err)
			} else if err != nil {
				t.Log.Printf("step %d is not saved, the run goes on: %v", step, err)
			}
			saved = time.Now()
		}
	}
	return missing
}

func (t *Trainer) grid(ctx context.Context, step int) {
	if t.Grid != nil {
		defer t.pace.pause(drawing)()
		t.Grid(ctx, step)
	}
}

func (t *Trainer) save(step int) error {
	if t.Save == nil {
		return nil
	}
	defer t.pace.pause(saving)()
	return t.Save(step)
}

// eval measures the model and writes what it found.
func (t *Trainer) eval(ctx context.Context, step int) error {
	if t.Eval == nil {
		return nil
	}
	defer t.pace.pause(evaluating)()
	evaluations, err := t.Eval(ctx, step)
	if err != nil {
		return err
	}
	for _, e := range evaluations {
		t.found.scores = append(t.found.scores, e)
		for _, line := range e.Lines() {
			t.Log.Printf("step %d  %s", step, line)
		}
		if err := t.writeLine(e); err != nil {
			t.Log.Printf("the evaluation of step %d is not written everywhere: %v", step, err)
		}
	}
	return nil
}

// A StepResult is what a step found.
type StepResult struct {
	Loss         float32
	GradNorm     float64 // of all gradients, before clipping
	LearningRate float64
	Wait         time.Duration // for data
}

// TrainStep makes one optimizer step, or leaves it out if the batch is bad and
// t.OnBadStep says so. If ctx ends before the gradients are there, nothing is done.
func (t *Trainer) TrainStep(ctx context.Context) (r StepResult, err error) {
	step := t.Optim.Step() + 1
	if r, err = t.gradients(ctx); err != nil {
		return r, fmt.Errorf("train: step %d: %w", step, err)
	}
	if reason := t.Watch.check(t.Config, r.Loss, r.GradNorm); reason != "" { // before the update spoils the parameters
		return r, t.bad(step, r, reason)
	}
	r.LearningRate = t.Optim.Update(r.GradNorm)
	t.Model.ClampLogitScale(t.MaxLogitScale)
	if t.EMA != nil {
		t.EMA.Update(step)
	}
	return r, nil
}

// A lastBatch is what is known of the batch of the last step.
type lastBatch struct {
	rows     []data.RowRef
	captions []string
}

// gradients takes a batch and computes its loss and gradients.
func (t *Trainer) gradients(ctx context.Context) (r StepResult, err error) {
	start := time.Now()
	batch, err := t.Stream().Next(ctx) // takes nothing from the stream if it fails
	if err != nil {
		return r, err
	}
	r.Wait = time.Since(start)
	copy(t.Step.Images(), batch.Images)
	copy(t.Step.Tokens(), batch.Tokens)
	err = t.embedFrozen(ctx, batch)
	t.last.rows = append(t.last.rows[:0], batch.Rows...)
	t.last.captions = append(t.last.captions[:0], batch.Captions...)
	batch.Release() // its memory is large, and another batch can be decoded into it
	if err != nil {
		return r, err
	}
	t.Step.DrawPatches(t.setup.Seed, t.Optim.Step()+1)
	err = t.Interruptible(ctx, func() (err error) {
		r.Loss, err = t.Step.Run()
		return err
	})
	if err != nil {
		return r, err
	}
	r.GradNorm = t.Optim.Norm()
	return r, nil
}

// interrupted saves the run at step, the last one done.
func (t *Trainer) interrupted(step int) error {
	if err := t.save(step); err != nil {
		return fmt.Errorf("train: step %d: %w", step, err)
	}
	return ErrInterrupted
}

// unmeasured saves a run whose evaluation has ended in err, because what was
// learned is no worse for it.
func (t *Trainer) unmeasured(step int, err error) error {
	err = fmt.Errorf("train: step %d: evaluation: %w", step, err)
	if unsaved := t.save(step); unsaved != nil {
		return fmt.Errorf("%w; and not saved: %w", err, unsaved)
	}
	return err
}

// Parameters of the image tower have its name before theirs; the others are of the
// text tower, except the parameters of the logits.
const imageTower, logits = "visual.", "logit_"

// report writes one line of metrics, and the same for people. A full disk
// must not end a run that can still be saved elsewhere, so it only says so.
func (t *Trainer) report(step int, r StepResult, since interval) {
	pairs, rest := meanCosines(t.Step.ImageEmbeddings(), t.Step.TextEmbeddings(), t.Batch)
	stages := t.stream.Stages().Since(since.stages)
	image := t.Optim.NormOf(func(name string) bool { return strings.HasPrefix(name, imageTower) })
	text := t.Optim.NormOf(func(name string) bool {
		return !strings.HasPrefix(name, imageTower) && !strings.HasPrefix(name, logits)
	})
	m := Metrics{
		Step: step, Epoch: float64(step) * float64(t.Batch) / float64(t.setup.Data.Len()),
		Loss: float64(r.Loss), LnN: t.guess(), Pairs: t.Batch, Floor: t.Floor,
		LogitScale: t.Model.LogitScale(), LearningRate: r.LearningRate,
		GradNorm: r.GradNorm, GradNormImage: image, GradNormText: text,
		CosinePairs: pairs, CosineRest: rest,
		PairsPerSecond: since.rate(), WaitSeconds: since.wait.Seconds(), Skipped: t.Watch.Skipped,
		ReadSeconds: stages.Read.Seconds(), DecodeSeconds: stages.Decode.Seconds(),
		ResizeSeconds: stages.Resize.Seconds(), TokenizeSeconds: stages.Tokenize.Seconds(),
		ReadBytes: stages.Bytes,
	}
	if t.Model.Config().Loss == model.Sigmoid {
		bias := t.Model.LogitBias()
		m.LogitBias = &bias
	}
	t.Log.Metrics(m, t.left(step))
	if err := t.writeLine(m); err != nil {
		t.Log.Printf("metrics of step %d are not written: %v", step, err)
	}
	t.found.lines = append(t.found.lines, m)
	t.diagnose()
}

// guess is the loss of a model that knows nothing.
func (t *Trainer) guess() float64 {
	return cmp.Or(t.Guess, t.Model.Config().GuessLoss(t.Batch))
}

// findings are what a diagnosis needs, since the start of Run.
type findings struct {
	lines  []Metrics
	scores []Evaluation
	shown  map[string]bool // the findings that the last lines showed
}

// diagnose writes a line for each finding that the line before did not show.
func (t *Trainer) diagnose() {
	h := History{Lines: t.found.lines, Scores: t.found.scores,
		Warmup: t.setup.Optim.Warmup, MaxLogitScale: t.MaxLogitScale, Floor: t.Floor}
	shown := map[string]bool{}
	for _, f := range Diagnose(h) {
		if shown[f.Name] = true; !t.found.shown[f.Name] {
			t.Log.Finding(f)
		}
	}
	t.found.shown = shown
}

// due says whether step is a multiple of every; 0 means never.
func due(step, every int) bool { return every > 0 && step%every == 0 }

// An interval sums up the steps between two lines of the log.
type interval struct {
	pairs     int
	all, wait time.Duration
	stages    data.Stages // at its start
}

func (s *interval) add(pairs int, all, wait time.Duration) {
	s.pairs += pairs
	s.all += all
	s.wait += wait
}

func (s interval) rate() float64 {
	if s.all <= 0 {
		return 0
	}
	return float64(s.pairs) / s.all.Seconds()
}
