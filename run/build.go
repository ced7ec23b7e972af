package run

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/goclip/goclip/checkpoint"
	"github.com/goclip/goclip/configs"
	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/data/tokenizer"
	"github.com/goclip/goclip/optim"
)

// enter makes or takes the run's folder.
func (r *Run) enter() (unlock func(), err error) {
	r.store = checkpoint.NewStore(r.Workdir)
	if err := os.MkdirAll(r.Workdir, 0o777); err != nil {
		return nil, fmt.Errorf("run: %w", err)
	}
	release, err := checkpoint.Lock(r.Workdir)
	if err != nil {
		return nil, err
	}
	unlock = func() { _ = release() } // the lock ends with the process anyway
	if err := r.check(); err != nil { // another process may have begun one meanwhile
		unlock()
		return nil, err
	}
	return unlock, nil
}

// build makes the model, the optimizer and the run's files, and puts them at
// the place of the newest checkpoint.
func (r *Run) build(ctx context.Context) (err error) {
	var from *checkpoint.Checkpoint
	if r.Resume {
		if from, err = r.checkpoint(); err != nil {
			return err
		}
	}
	if err := r.assemble(ctx, from); err != nil {
		return err
	}
	c := r.Config
	shards, err := r.data.Fingerprints(ctx)
	if err != nil {
		return err
	}
	r.state = state{Seed: c.Seed, Batch: c.Train.Batch, Rows: r.data.Len(), Shards: shards}
	if from != nil {
		if r.state, err = r.restore(from); err != nil {
			return err
		}
		if changed := data.ShardsDifference(r.state.Shards, shards); changed != "" {
			return fmt.Errorf("run: data.train is not what %s was trained on: %s", r.Workdir, changed)
		}
		if err := r.sameTokenizer(); err != nil {
			return err
		}
	}
	text, err := c.YAML()
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(r.Workdir, configFile), text, 0o666); err != nil {
		return fmt.Errorf("run: %w", err)
	}
	if r.metrics, err = openMetrics(filepath.Join(r.Workdir, metricsFile), r.state.Step); err != nil {
		return err
	}
	return r.openLedger(from != nil)
}

// assemble makes the tokenizer, that of a checkpoint if there is one, the model
// and its optimizer, as they are before the first step.
func (r *Run) assemble(ctx context.Context, from *checkpoint.Checkpoint) (err error) {
	if from != nil {
		r.tokenizer, err = tokenizer.Load(from.Path(tokenizerFile))
	} else if r.tokenizer == nil {
		r.tokenizer, err = r.newTokenizer(ctx)
	}
	if err != nil {
		return err
	}
	if r.model, err = newModel(r.Config, r.tokenizer); err != nil {
		return err
	}
	if err := r.fit(); err != nil {
		return err
	}
	c := r.Config
	if c.Optim.EMADecay > 0 {
		r.ema = optim.NewEMA(r.model.Params(), c.Optim.EMADecay, r.pool)
	}
	r.optim, err = optim.New(r.model.Params(), c.Optim, c.Train.Steps, r.pool)
	return err
}

// streamConfig is how the run's stream goes on from its state.
func (r *Run) streamConfig(l *data.Ledger) data.StreamConfig {
	c := r.Config
	return data.StreamConfig{
		Seed: c.Seed, Batch: c.Train.Batch, ImageSize: c.Model.Image.Size, Context: c.Model.Text.ContextLength,
		Tokenizer: r.tokenizer, Ledger: l, Start: r.state.Pairs, Log: r.Log.Printf,
	}
}

// checkpoint finds where to resume, checks that the config is that of the run,
// and returns nil if the run ended before its first checkpoint.
func (r *Run) checkpoint() (*checkpoint.Checkpoint, error) {
	old, err := configs.Load(filepath.Join(r.Workdir, configFile), nil, nil)
	if err != nil {
		return nil, err
	}
	was := 0
	if r.Extend > 0 {
		if was, err = r.extend(old); err != nil {
			return nil, err
		}
	}
	if difference := configs.Difference(old, r.Config); difference != "" {
		if old.Train.Steps != r.Config.Train.Steps {
			difference += fmt.Sprintf("; to train on for longer, want --extend steps=%d", r.Config.Train.Steps)
		}
		return nil, fmt.Errorf("run: %s was started with another config: %s", r.Workdir, difference)
	}
	from, err := r.store.Latest()
	if errors.Is(err, checkpoint.ErrNotFound) {
		r.Log.Printf("no checkpoint to resume from, starting again: %v", err)
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	for _, s := range from.Skipped {
		r.Log.Printf("skipped: %v", s)
	}
	r.Log.Printf("resuming after step %d from %s", from.Step, from.Dir)
	if r.Extend > 0 {
		r.extended(was, from.Step)
	}
	return from, nil
}

// newTokenizer loads the vocabulary of the config or trains one.
func (r *Run) newTokenizer(ctx context.Context) (*tokenizer.Tokenizer, error) {
	c := r.Config.Tokenizer
	if c.Path != "" {
		return tokenizer.Load(c.Path)
	}
	size := c.VocabSize
	if size == 0 {
		size = 4096
	}
	r.captions = data.NewCaptionCounts()
	return tokenizer.Train(r.captions.Pass(r.data.Captions(ctx)), size)
}
