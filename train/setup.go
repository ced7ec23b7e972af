package train

import (
	"context"
	"fmt"
	"io"

	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/data/tokenizer"
	"github.com/goclip/goclip/internal/kernel"
	"github.com/goclip/goclip/model"
	"github.com/goclip/goclip/optim"
)

// A Setup is what New puts a Trainer together from.
type Setup struct {
	Config Config
	Optim  optim.Config

	// Seed fixes the order of the pairs and every random draw.
	Seed uint64

	Model     *model.CLIP
	Tokenizer *tokenizer.Tokenizer
	Data      *data.Dataset
	Ledger    *data.Ledger // of rows that cannot be used; nil forgets them

	// CacheDir is the folder of the files of Config.CacheFrozen; where it is empty,
	// frozen towers are computed in each step.
	CacheDir string

	Log *Console
}

// New freezes what s.Config names in s.Model, compiles its step and makes its
// optimizer, as they are before the first step. The result must be closed.
//
// A run that goes on restores the moments by t.Optim.State, calls t.Optim.Resume
// and sets t.Watch before its first step.
func New(s Setup) (*Trainer, error) {
	if err := kernel.CheckLevel(); err != nil {
		return nil, err
	}
	if s.Model == nil || s.Tokenizer == nil || s.Data == nil {
		return nil, fmt.Errorf("train: model %t, tokenizer %t, data %t; want all three",
			s.Model != nil, s.Tokenizer != nil, s.Data != nil)
	}
	s.Config.SetDefaults()
	if err := s.Config.Validate(); err != nil {
		return nil, err
	}
	if rows := s.Data.Len(); rows < int64(s.Config.Batch) {
		return nil, fmt.Errorf("train: %d pairs of data; want at least the batch, %d", rows, s.Config.Batch)
	}
	if err := s.Config.FreezeIn(s.Model); err != nil {
		return nil, err
	}
	step, err := s.Config.CachedStep(s.Model, s.Data)
	if err != nil {
		return nil, err
	}
	if s.CacheDir == "" {
		step.CachedImages, step.CachedTexts = false, false
	}
	t := &Trainer{Config: s.Config, Model: s.Model, Log: s.Log, setup: s, pool: model.NewPool(s.Config.Threads)}
	if t.Step, err = s.Model.NewStep(step, t.pool); err == nil {
		err = t.newFrozen(step)
	}
	if err == nil {
		t.Optim, err = optim.New(s.Model.Params(), s.Optim, s.Config.Steps, t.pool)
	}
	if err != nil {
		t.pool.Close()
		return nil, err
	}
	if s.Optim.EMADecay > 0 {
		t.EMA = optim.NewEMA(s.Model.Params(), s.Optim.EMADecay, t.pool)
	}
	return t, nil
}

// Step is how a run with the config computes its step.
func (c Config) Step() model.StepConfig {
	return model.StepConfig{
		Batch: c.Batch, MicroBatch: c.MicroBatch,
		Rematerialize: c.Rematerialize == "block", BF16: c.Precision == "bf16",
		SameTexts: c.Positives == "caption",
	}
}

// Pool has the threads that the trainer computes on. It ends with the trainer.
func (t *Trainer) Pool() *model.Pool { return t.pool }

// Stream gives the batches that follow the optimizer's last step.
func (t *Trainer) Stream() *data.Stream {
	if t.stream == nil {
		s, m := t.setup, t.Model.Config()
		ledger := s.Ledger
		if ledger == nil {
			ledger = data.NewLedger(io.Discard, data.Config{})
		}
		t.stream = s.Data.Stream(data.StreamConfig{
			Seed: s.Seed, Batch: t.Batch, ImageSize: m.Image.Size,
			Context: m.Text.ContextLength, Tokenizer: s.Tokenizer,
			Ledger: ledger, Start: int64(t.Optim.Step()) * int64(t.Batch), Log: t.Log.Printf,
		})
	}
	return t.stream
}

// Close ends the stream and the threads of the trainer.
func (t *Trainer) Close() {
	if t.stream != nil {
		t.stream.Close()
	}
	for _, f := range t.frozen {
		f.close()
	}
	t.pool.Close()
}

// Interruptible runs f, which computes on the trainer's pool. If ctx ends
// meanwhile, what f computes is given up within milliseconds, since a step of a
// large batch may take minutes; the results then mean nothing, and the error is
// ctx's.
func (t *Trainer) Interruptible(ctx context.Context, f func() error) error {
	interrupted := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		t.pool.Interrupt()
		close(interrupted)
	})
	err := f()
	if stop() {
		return err
	}
	<-interrupted
	t.pool.Resume()
	return ctx.Err()
}
