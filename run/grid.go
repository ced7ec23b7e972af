package run

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/goclip/goclip/configs"
	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/data/preprocess"
	"github.com/goclip/goclip/eval"
	"github.com/goclip/goclip/train"
	"github.com/goclip/goclip/web/page"
)

// gridPicture is the side of a picture in a grid's file, in pixels.
const gridPicture = 64

// A grid is a fixed set of pairs whose cosines the run writes again and again.
type grid struct {
	train.Grid
	images   []float32 // (N, 3, S, S)
	captions []string
	embedder *eval.Embedder
	trainer  *train.Trainer
	file     *os.File
}

// openGrid chooses the pairs and opens their file to go on after the run's
// step. A run that wants no grid, or has too few captions for one, gets nil.
func openGrid(ctx context.Context, s *session) (*grid, error) {
	c := s.config
	if c.Train.GridSize() == 0 {
		return nil, nil
	}
	set, from := gridData(ctx, c, s.inputs)
	pairs, err := from.Spread(ctx, c.Train.GridSize())
	if err == nil && len(pairs) < 2 {
		err = fmt.Errorf("run: %d pairs with captions that differ in set %s; want 2", len(pairs), set)
	}
	if err != nil {
		s.log.Printf("no grid is written for the page of the run: %v", err)
		return nil, ctx.Err() // a set that is damaged is for the evaluation to refuse
	}
	g := &grid{Grid: train.Grid{Set: set}, trainer: s.trainer}
	processor := preprocess.NewProcessor(c.Data.Preprocess, c.Model.Image.Size)
	for _, pair := range pairs {
		if err := g.add(processor, pair, c.Model.Image.Size); err != nil {
			return nil, err
		}
	}
	if g.embedder, err = eval.NewEmbedder(s.model, s.tokenizer, len(g.Pairs), s.trainer.Pool()); err != nil {
		return nil, err
	}
	g.file, err = g.open(s.folder, s.trainer.Optim.Step())
	return g, err
}

// gridData is the first set of the evaluations, which training does not see,
// if it has captions, or else what is trained on.
func gridData(ctx context.Context, c *configs.Run, in *inputs) (set string, d *data.Dataset) {
	name, patterns := "validation", c.Data.Val
	if len(c.Eval.Sets) > 0 {
		name, patterns = c.Eval.Sets[0].Name, c.Eval.Sets[0].Data
	}
	if patterns != "" {
		if d, err := data.Open(ctx, patterns, c.Data, data.Need{Caption: true}); err == nil {
			return name, d
		}
	}
	return "training", in.train
}

func (g *grid) add(processor *preprocess.Processor, pair data.Pair, size int) error {
	url, err := page.Thumbnail(pair.Image.RGBA(), gridPicture)
	if err != nil {
		return err
	}
	input := make([]float32, 3*size*size)
	processor.Eval(input, pair.Image)
	g.images, g.captions = append(g.images, input...), append(g.captions, pair.Caption)
	g.Pairs = append(g.Pairs, train.GridPair{Shard: pair.Row.Shard, Row: pair.Row.Row, Caption: pair.Caption,
		Picture: string(url)})
	return nil
}

// open writes the first line, and keeps the snapshots up to step of a file that
// has the same.
func (g *grid) open(f *folder, step int) (*os.File, error) {
	first, err := json.Marshal(g.Grid)
	if err != nil {
		return nil, fmt.Errorf("run: %w", err)
	}
	first = append(first, '\n')
	old, err := upTo(f.path(GridFile), step)
	if err != nil {
		return nil, err
	}
	if bytes.HasPrefix(old, first) {
		first = old
	}
	return f.rewrite(GridFile, first)
}

// after writes the cosines after a step. What goes wrong is no reason to stop.
func (g *grid) after(ctx context.Context, step int) {
	snapshot, err := g.snapshot(ctx, step)
	if err == nil {
		var line []byte
		if line, err = json.Marshal(snapshot); err == nil {
			_, err = g.file.Write(append(line, '\n'))
		}
	}
	if err != nil && ctx.Err() == nil {
		g.trainer.Log.Printf("the grid of step %d is not written: %v", step, err)
	}
}

func (g *grid) snapshot(ctx context.Context, step int) (s train.Snapshot, err error) {
	images, err := g.embedder.Images(ctx, g.images)
	if err != nil {
		return s, err
	}
	texts, err := g.embedder.Texts(ctx, g.captions)
	if err != nil {
		return s, err
	}
	return train.NewSnapshot(step, g.trainer.Model.LogitScale(), images, texts, len(g.Pairs)), nil
}
