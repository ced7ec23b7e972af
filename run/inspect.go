package run

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/goclip/goclip/checkpoint"
	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/internal/kernel"
	"github.com/goclip/goclip/train"
)

// inspectDir is the folder of a run that holds what is known of bad steps.
const inspectDir = "inspect"

// keepInspection writes what is known of a bad step into the run's folder.
func (r *Run) keepInspection(n *train.Inspection) error {
	dir := filepath.Join(r.Workdir, inspectDir)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return fmt.Errorf("run: %w", err)
	}
	text, err := json.MarshalIndent(n, "", " ")
	if err != nil {
		return fmt.Errorf("run: %w", err)
	}
	path := filepath.Join(dir, fmt.Sprintf("step-%08d.json", n.Step))
	if err := os.WriteFile(path, append(text, '\n'), 0o666); err != nil {
		return fmt.Errorf("run: %w", err)
	}
	r.Log.Printf("step %d is bad: its batch is in %s", n.Step, path)
	return nil
}

// Inspect computes a step of the run again, without its update: from the newest
// checkpoint before it, or from the beginning. It writes nothing.
func (r *Run) Inspect(ctx context.Context, step int) (*train.Inspection, error) {
	c := r.Config
	if step < 1 || step > c.Train.Steps {
		return nil, fmt.Errorf("run: step %d; want 1 to %d, those of %s", step, c.Train.Steps, r.Workdir)
	}
	if err := r.openTrain(ctx); err != nil {
		return nil, err
	}
	r.pool = kernel.NewPool(c.Train.Threads)
	defer r.pool.Close()
	from, err := checkpoint.NewStore(r.Workdir).Before(step)
	if err != nil && !errors.Is(err, checkpoint.ErrNotFound) {
		return nil, err
	}
	start := 0
	if from != nil {
		start = from.Step
	}
	if start < c.Train.ExtendedFrom && start < step-1 {
		return nil, fmt.Errorf("run: step %d: the newest checkpoint before it is of step %d, and the run was extended after step %d; want one from which its learning rates are known",
			step, start, c.Train.ExtendedFrom)
	}
	if err := r.assemble(ctx, from); err != nil {
		return nil, err
	}
	if from != nil {
		if r.state, err = r.restore(from); err != nil {
			return nil, err
		}
		shards, err := r.data.Fingerprints(ctx)
		if err != nil {
			return nil, err
		}
		if changed := data.ShardsDifference(r.state.Shards, shards); changed != "" {
			return nil, fmt.Errorf("run: data.train is not what %s was trained on: %s", r.Workdir, changed)
		}
	}
	graph, err := r.model.NewStep(stepConfig(c), r.pool)
	if err != nil {
		return nil, err
	}
	stream := r.data.Stream(r.streamConfig(data.NewLedger(io.Discard, c.Data)))
	defer stream.Close()
	t := &train.Trainer{Config: c.Train, Model: r.model, Graph: graph, Optim: r.optim, Data: stream, Watch: r.state.Watch, Log: r.Log}
	for r.optim.Step() < step-1 {
		if _, err := t.Step(ctx); err != nil {
			return nil, err
		}
	}
	return t.InspectNext(ctx)
}
