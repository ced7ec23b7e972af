package goclip

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/goclip/goclip/configs"
	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/eval"
	"github.com/goclip/goclip/run"
	"github.com/goclip/goclip/train"
)

// A Result is what a run ended in.
type Result = run.Result

// ErrInterrupted says that a run ended early because its context did, and was saved.
var ErrInterrupted = train.ErrInterrupted

// A TrainOption changes how a run is trained.
type TrainOption func(*trainOptions)

type trainOptions struct {
	resume bool
	extend int
	log    io.Writer
}

// WithResume goes on from the newest checkpoint in the run's folder, and takes the
// same steps, bit for bit, as a run that was never stopped.
func WithResume() TrainOption { return func(o *trainOptions) { o.resume = true } }

// WithExtend goes on from the newest checkpoint to a later end, after the given number
// of steps in all.
func WithExtend(steps int) TrainOption {
	return func(o *trainOptions) { o.resume, o.extend = true, steps }
}

// WithLog writes the lines that the command train shows to w.
func WithLog(w io.Writer) TrainOption {
	return func(o *trainOptions) { o.log = w }
}

// Train runs a config to its end in the folder dir, as the command train does: it
// writes metrics, checkpoints and all else there. [configs.Load] reads a config, and
// fills it where it starts from a model (model.from). When ctx ends, Train saves the run
// and returns [ErrInterrupted].
func Train(ctx context.Context, config *configs.Run, dir string, o ...TrainOption) (*Result, error) {
	if config == nil {
		return nil, fmt.Errorf("goclip: no config to train; want one, as configs.Load reads it")
	}
	var with trainOptions
	for _, option := range o {
		option(&with)
	}
	c := *config
	c.SetDefaults() // a config need not come from a recipe
	all := run.Options{Config: &c, Dir: dir, Resume: with.resume, Extend: with.extend}
	if with.log != nil {
		all.Log = train.NewConsole(with.log, max(c.Train.Steps, with.extend))
	}
	return run.Train(ctx, all)
}

// Evaluate measures the zero-shot accuracy of a model on labeled shards, such as
// "shards/val-*.parquet": the label of a row is the index of its class, from 0.
// Templates make the prompts of a class, as in [Model.Classify].
func Evaluate(
	ctx context.Context, m *Model, shards string, classes []string, templates ...string,
) (eval.ZeroShot, error) {
	c := m.config
	d, err := data.Open(ctx, shards, c.Data, data.Need{Label: true, Classes: classes})
	if err != nil {
		return eval.ZeroShot{}, err
	}
	classifier, err := m.classifierOf(ctx, classes, templates)
	if err != nil {
		return eval.ZeroShot{}, err
	}
	var images []float32
	var labels []int
	size := c.Model.Image.Size
	err = d.Scan(ctx, size, largestBatch, data.NewLedger(io.Discard, c.Data), func(x data.Examples) error {
		rows, err := m.images.encode(ctx, len(x.Labels), func(i int, in *input) error {
			in.pixels = slices.Clone(x.Images[i*3*size*size:][:3*size*size]) // the next batch overwrites them
			return nil
		})
		for _, row := range rows {
			images = append(images, row...)
		}
		labels = append(labels, x.Labels...)
		return err
	})
	if err != nil {
		return eval.ZeroShot{}, err
	}
	return classifier.Score(images, labels)
}
