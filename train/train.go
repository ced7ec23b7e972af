// Package train is the loop: batches in, optimizer steps, lines of progress
// out. What a run consists of is put together by its caller.
package train

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
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
	Graph model.Step   // of Model, compiled for batches of Config.Batch
	Optim *optim.AdamW // of Model's parameters
	EMA   *optim.EMA   // of them as well, or nil
	Data  *data.Stream // starts at the pair after the optimizer's last step

	// EpochPairs is the number of pairs in an epoch.
	EpochPairs int

	// Eval measures the model after a step. Save keeps the run at a step; an
	// error of it stops the run only at its end, since the next one may succeed.
	Eval func(ctx context.Context, step int) error
	Save func(step int) error

	// Interrupt, unless it is nil, makes Graph.Run return at once, with results
	// that mean nothing: a step of a large batch may take minutes.
	Interrupt func()

	// SaveEvery is in steps, SaveInterval in time; 0 means never, and the end
	// of the run is always saved.
	SaveEvery    int
	SaveInterval time.Duration

	// Probe, unless it is nil, looks at the model after every ProbeEvery steps,
	// and before the first.
	Probe      func(ctx context.Context, step int)
	ProbeEvery int

	// Warmup, in steps, and Floor, the least loss that the captions allow, tell a
	// diagnosis what to expect; 0 means none. Scores, if not nil, returns all
	// scores that Eval has measured.
	Warmup int
	Floor  float64
	Scores func() []Score

	Metrics io.Writer // JSON lines for programs
	Log     *Console  // lines for people

	lines []Metrics       // since the start of Run
	found map[string]bool // the findings that the last lines showed
	// Watch finds bad steps. Its state is a part of the run's.
	Watch Watch

	// Inspect keeps what is known of a bad step; nil means that nobody wants it.
	Inspect func(*Inspection) error

	rows     []data.RowRef // of the batch
	captions []string
}

// ErrInterrupted says that a run ended early, and was saved.
var ErrInterrupted = errors.New("train: interrupted and saved")

// Run trains from the optimizer's current step up to t.Steps. When ctx ends,
// Run saves and returns ErrInterrupted. Training continued from that save
// takes the same steps, bit for bit, as training never interrupted.
func (t *Trainer) Run(ctx context.Context) error {
	var since interval
	saved := time.Now()
	if t.Optim.Step() == 0 {
		t.probe(ctx, 0)
	}
	for step := t.Optim.Step() + 1; step <= t.Steps; step++ {
		start, last := time.Now(), step == t.Steps

		done, err := t.Step(ctx)
		if err != nil && ctx.Err() != nil && t.Optim.Step() < step {
			return t.interrupted(step - 1)
		}
		if err != nil {
			return err
		}
		since.add(t.Batch, time.Since(start), done.Wait)
		t.Log.Step(step)

		if last || due(step, t.LogEvery) {
			t.report(step, done, since)
			since = interval{stages: t.Data.Stages()}
		}
		if last || due(step, t.ProbeEvery) {
			t.probe(ctx, step)
		}
		if last || due(step, t.EvalEvery) {
			if err := t.Eval(ctx, step); err != nil && ctx.Err() == nil {
				return t.unmeasured(step, err)
			}
		}
		if last || due(step, t.SaveEvery) || t.SaveInterval > 0 && time.Since(saved) >= t.SaveInterval {
			if err := t.Save(step); err != nil && last {
				return fmt.Errorf("train: step %d: %w", step, err)
			} else if err != nil {
				t.Log.Printf("step %d is not saved, the run goes on: %v", step, err)
			}
			saved = time.Now()
		}
	}
	return nil
}

func (t *Trainer) probe(ctx context.Context, step int) {
	if t.Probe != nil {
		t.Probe(ctx, step)
	}
}

// Done is what a step found.
type Done struct {
	Loss float32
	Norm float64 // of all gradients, before clipping
	Rate float64 // of learning
	Wait time.Duration
}

// Step makes one optimizer step, or leaves it out if the batch is bad and
// t.OnBadStep says so. If ctx ends before the gradients are
// there, nothing is done.
func (t *Trainer) Step(ctx context.Context) (d Done, err error) {
	t.SetDefaults() // of a Trainer whose Config was not loaded
	step := t.Optim.Step() + 1
	if d, err = t.gradients(ctx); err != nil {
		return d, fmt.Errorf("train: step %d: %w", step, err)
	}
	if reason := t.Watch.check(t.Config, d.Loss, d.Norm); reason != "" { // before the update spoils the parameters
		return d, t.bad(step, d, reason)
	}
	d.Rate = t.Optim.Update(d.Norm)
	t.Model.ClampLogitScale(t.MaxLogitScale)
	if t.EMA != nil {
		t.EMA.Update(step)
	}
	return d, nil
}

// gradients takes a batch and computes its loss and gradients.
func (t *Trainer) gradients(ctx context.Context) (d Done, err error) {
	start := time.Now()
	batch, err := t.Data.Next(ctx) // takes nothing from the stream if it fails
	if err != nil {
		return d, err
	}
	d.Wait = time.Since(start)
	copy(t.Graph.Images(), batch.Images)
	copy(t.Graph.Tokens(), batch.Tokens)
	t.rows = append(t.rows[:0], batch.Rows...)
	t.captions = append(t.captions[:0], batch.Captions...)
	batch.Release() // its memory is large, and another batch can be decoded into it
	stop := func() bool { return true }
	if t.Interrupt != nil {
		stop = context.AfterFunc(ctx, t.Interrupt)
	}
	d.Loss, err = t.Graph.Run()
	if !stop() { // it was not done
		return d, ctx.Err()
	}
	if err != nil {
		return d, err
	}
	d.Norm = t.Optim.Norm()
	return d, nil
}

// interrupted saves the run at step, the last one done.
func (t *Trainer) interrupted(step int) error {
	if err := t.Save(step); err != nil {
		return fmt.Errorf("train: step %d: %w", step, err)
	}
	return ErrInterrupted
}

// unmeasured saves a run whose evaluation has ended in err, because what was
// learned is no worse for it.
func (t *Trainer) unmeasured(step int, err error) error {
	err = fmt.Errorf("train: step %d: evaluation: %w", step, err)
	if unsaved := t.Save(step); unsaved != nil {
		return fmt.Errorf("%w; and not saved: %w", err, unsaved)
	}
	return err
}

// Parameters of the image tower have its name before theirs; all others but the
// logit scale are of the text tower.
const imageTower, logitScale = "visual.", "logit_scale"

// report writes one line of metrics, and the same for people. A full disk
// must not end a run that can still be saved elsewhere, so it only says so.
func (t *Trainer) report(step int, d Done, since interval) {
	pairs, rest := meanCosines(t.Graph.ImageEmbeddings(), t.Graph.TextEmbeddings(), t.Batch)
	stages := t.Data.Stages().Since(since.stages)
	image := t.Optim.NormOf(func(name string) bool { return strings.HasPrefix(name, imageTower) })
	text := t.Optim.NormOf(func(name string) bool { return !strings.HasPrefix(name, imageTower) && name != logitScale })
	m := Metrics{
		Step: step, Epoch: float64(step) * float64(t.Batch) / float64(t.EpochPairs),
		Loss: float64(d.Loss), LnN: math.Log(float64(t.Batch)), Floor: t.Floor,
		LogitScale: math.Exp(float64(t.Model.LogitScale())), LearningRate: d.Rate, GradNorm: d.Norm, GradNormImage: image, GradNormText: text,
		CosinePairs: pairs, CosineRest: rest,
		PairsPerSecond: since.rate(), WaitSeconds: since.wait.Seconds(), Skipped: t.Watch.Skipped,
		ReadSeconds: stages.Read.Seconds(), DecodeSeconds: stages.Decode.Seconds(),
		ResizeSeconds: stages.Resize.Seconds(), TokenizeSeconds: stages.Tokenize.Seconds(),
		ReadBytes: stages.Bytes,
	}
	t.Log.Printf("%v", m)
	if err := writeLine(t.Metrics, m); err != nil {
		t.Log.Printf("metrics of step %d are not written: %v", step, err)
	}
	t.lines = append(t.lines, m)
	t.diagnose()
}

// diagnose writes a line for each finding that the line before did not show.
func (t *Trainer) diagnose() {
	h := History{Lines: t.lines, Warmup: t.Warmup, MaxLogitScale: t.MaxLogitScale, Floor: t.Floor}
	if t.Scores != nil {
		h.Scores = t.Scores()
	}
	found := map[string]bool{}
	for _, f := range Diagnose(h) {
		if found[f.Name] = true; !t.found[f.Name] {
			t.Log.Printf("%v", f)
		}
	}
	t.found = found
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
