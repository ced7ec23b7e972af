package run

import (
	"context"
	"errors"
	"fmt"

	"github.com/goclip/goclip/checkpoint"
	"github.com/goclip/goclip/configs"
	"github.com/goclip/goclip/train"
)

// Inspect recomputes a step of the run in dir, without its update: from the
// newest checkpoint before it, or from the beginning. It writes nothing.
func Inspect(ctx context.Context, c *configs.Run, dir string, step int, log *train.Console) (*train.Inspection, error) {
	if step < 1 || step > c.Train.Steps {
		return nil, fmt.Errorf("run: step %d; want 1 to %d, the steps of %s", step, c.Train.Steps, dir)
	}
	in, err := openTrain(ctx, c)
	if err != nil {
		return nil, err
	}
	from, err := checkpoint.NewStore(dir).Before(step)
	if err != nil && !errors.Is(err, checkpoint.ErrNotFound) {
		return nil, err
	}
	start := 0
	if from != nil {
		start = from.Step
	}
	if start < c.Train.ExtendedFrom && start < step-1 {
		return nil, fmt.Errorf("run: step %d: the newest checkpoint before it is of step %d, and the run was extended "+
			"after step %d; want one from which its learning rates are known",
			step, start, c.Train.ExtendedFrom)
	}
	p, err := build(ctx, c, in, from)
	if err != nil {
		return nil, err
	}
	t, err := newTrainer(p, in, nil, "", log)
	if err != nil {
		return nil, err
	}
	defer t.Close()
	if from != nil {
		if err := goOn(ctx, from, dir, in, t); err != nil {
			return nil, err
		}
	}
	for t.Optim.Step() < step-1 {
		if _, err := t.TrainStep(ctx); err != nil {
			return nil, err
		}
	}
	return t.InspectNext(ctx)
}

// goOn puts a trainer at the place of a checkpoint, if the shards are still
// those that it was trained on.
func goOn(ctx context.Context, from *checkpoint.Checkpoint, dir string, in *inputs, t *train.Trainer) error {
	was, err := readState(from)
	if err != nil {
		return err
	}
	shards, err := in.train.Fingerprints(ctx)
	if err != nil {
		return err
	}
	if err := sameShards(dir, was, shards); err != nil {
		return err
	}
	return restore(from, t)
}
