package run

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/goclip/goclip/configs"
	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/data/synth"
	"github.com/goclip/goclip/data/tokenizer"
	"github.com/goclip/goclip/train"
)

// inputs are what a run reads: its data sets, and what an evaluation asks for.
type inputs struct {
	train     *data.Dataset
	sets      []evalSet
	templates []string
	tokenizer *tokenizer.Tokenizer // of tokenizer.path; nil without one
	beginning *beginning           // of model.from; nil without it
}

// An evalSet is data with a name that training does not see.
type evalSet struct {
	name    string
	labeled *data.Dataset // all images with labels; nil if they are not classified
	classes []string      // the names of the labels
	pairs   *data.Dataset // the pairs that are evaluated, in memory; nil without captions
}

// openInputs opens what the config names, and draws the quickstart's world if
// there is one to draw. A run that is resumed has its tokenizer in its checkpoint.
func openInputs(ctx context.Context, c *configs.Run, resume bool, log *train.Console) (*inputs, error) {
	if c.World.Dir != "" {
		if err := drawWorld(ctx, c, log); err != nil {
			return nil, err
		}
	}
	in, err := openTrain(ctx, c)
	if err != nil {
		return nil, err
	}
	if !resume {
		if err := in.openBeginning(c); err != nil {
			return nil, err
		}
	}
	return in, in.openEval(ctx, c, log)
}

// openTrain opens the training data alone.
func openTrain(ctx context.Context, c *configs.Run) (*inputs, error) {
	d, err := data.OpenTrain(ctx, c.Data)
	if err != nil {
		return nil, err
	}
	if d.Len() < int64(c.Train.Batch) {
		return nil, fmt.Errorf("run: %d pairs in data.train; want at least train.batch, %d: "+
			"more pairs, or a smaller batch", d.Len(), c.Train.Batch)
	}
	return &inputs{train: d}, nil
}

// openBeginning opens what a run needs that begins: the vocabulary of tokenizer.path, and
// the model of model.from.
func (in *inputs) openBeginning(c *configs.Run) (err error) {
	if in.tokenizer == nil && c.Tokenizer.Path != "" {
		if in.tokenizer, err = c.Tokenizer.Load(); err != nil {
			return err
		}
	}
	if in.beginning == nil && c.Model.From != "" {
		in.beginning, err = beginFrom(c, in.tokenizer)
	}
	return err
}

// drawWorld draws the quickstart's world and proves by a scan of its training
// captions that the combinations held out are never named.
func drawWorld(ctx context.Context, c *configs.Run, log *train.Console) error {
	if within, err := filepath.Match(filepath.Join(c.World.Dir, "*"), filepath.Clean(c.Data.Train)); c.Data.Train != "" &&
		(err != nil || !within) {
		return fmt.Errorf("run: data.train %s: the recipe trains on pictures that it draws in %s (world.dir); "+
			"want no data.train, or a recipe for other data, such as cifar10", c.Data.Train, c.World.Dir)
	}
	log.Printf("drawing the world of colors and shapes in %s", c.World.Dir)
	if err := synth.Write(ctx, c.World.Dir, c.World.Draw); err != nil {
		return err
	}
	d, err := data.OpenTrain(ctx, c.Data)
	if err != nil {
		return err
	}
	scan, err := synth.ScanCaptions(d.Captions(ctx))
	if err != nil {
		return err
	}
	log.Printf("%v", scan)
	return nil
}
