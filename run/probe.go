package run

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"

	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/data/preprocess"
	"github.com/goclip/goclip/eval"
	"github.com/goclip/goclip/train"
	"github.com/goclip/goclip/web/page"
)

// probeFile grows with the run, as metrics.jsonl does.
const probeFile = "probe.jsonl"

// probePicture is the side of a picture in it, in pixels.
const probePicture = 64

// A probe is a fixed set of pairs that the run looks at again and again.
type probe struct {
	train.Probe
	images   []float32 // (N, 3, S, S)
	captions []string
	embedder *eval.Embedder
	file     *os.File
}

// openProbe chooses the pairs and opens their file to go on after the run's
// step. A run that wants no probe, or has too few captions for one, gets nil.
func (r *Run) openProbe(ctx context.Context) (*probe, error) {
	c := r.Config
	if c.Train.ProbeSize() == 0 {
		return nil, nil
	}
	set, from := r.probeData(ctx)
	pairs, err := from.Spread(ctx, c.Train.ProbeSize())
	if err == nil && len(pairs) < 2 {
		err = fmt.Errorf("run: %d pairs with captions that differ in set %s; want 2", len(pairs), set)
	}
	if err != nil {
		r.Log.Printf("no grid is written for the page of the run: %v", err)
		return nil, ctx.Err() // a set that is damaged is for the evaluation to refuse
	}
	p := &probe{Probe: train.Probe{Set: set}}
	processor := preprocess.NewProcessor(c.Data.Preprocess, c.Model.Image.Size)
	for _, pair := range pairs {
		if err := p.add(processor, pair, c.Model.Image.Size); err != nil {
			return nil, err
		}
	}
	if p.embedder, err = eval.NewEmbedder(r.model, r.tokenizer, len(p.Pairs), r.pool); err != nil {
		return nil, err
	}
	p.file, err = p.open(filepath.Join(r.Workdir, probeFile), r.state.Step)
	return p, err
}

// probeData is the first set of the evaluations, which training does not see,
// if it has captions, or else what is trained on.
func (r *Run) probeData(ctx context.Context) (set string, d *data.Dataset) {
	c := r.Config
	name, patterns := "validation", c.Data.Val
	if len(c.Eval.Sets) > 0 {
		name, patterns = c.Eval.Sets[0].Name, c.Eval.Sets[0].Data
	}
	if patterns != "" {
		if d, err := data.Open(ctx, patterns, c.Data, data.Need{Caption: true}); err == nil {
			return name, d
		}
	}
	return "training", r.data
}

func (p *probe) add(processor *preprocess.Processor, pair data.Pair, size int) error {
	url, err := page.Thumbnail(pair.Image.RGBA(), probePicture)
	if err != nil {
		return err
	}
	input := make([]float32, 3*size*size)
	processor.Eval(input, pair.Image)
	p.images, p.captions = append(p.images, input...), append(p.captions, pair.Caption)
	p.Pairs = append(p.Pairs, train.ProbePair{Shard: pair.Row.Shard, Row: pair.Row.Row, Caption: pair.Caption, Picture: string(url)})
	return nil
}

// open writes the first line, and keeps the snapshots up to step of a file that
// has the same.
func (p *probe) open(path string, step int) (*os.File, error) {
	first, err := json.Marshal(p.Probe)
	if err != nil {
		return nil, fmt.Errorf("run: %w", err)
	}
	first = append(first, '\n')
	old, err := upTo(path, step)
	if err != nil {
		return nil, err
	}
	if bytes.HasPrefix(old, first) {
		first = old
	}
	return rewrite(path, first)
}

func (p *probe) close() {
	if p != nil {
		p.file.Close()
	}
}

// probeAfter writes the grid of the probe after a step. What goes wrong is no
// reason to stop.
func (r *Run) probeAfter(ctx context.Context, step int) {
	p := r.probe
	if p == nil {
		return
	}
	snapshot, err := p.snapshot(ctx, step, math.Exp(float64(r.model.LogitScale())))
	if err == nil {
		var line []byte
		if line, err = json.Marshal(snapshot); err == nil {
			_, err = p.file.Write(append(line, '\n'))
		}
	}
	if err != nil && ctx.Err() == nil {
		r.Log.Printf("the grid of step %d is not written: %v", step, err)
	}
}

func (p *probe) snapshot(ctx context.Context, step int, scale float64) (s train.Snapshot, err error) {
	images, err := p.embedder.Images(ctx, p.images)
	if err != nil {
		return s, err
	}
	texts, err := p.embedder.Texts(ctx, p.captions)
	if err != nil {
		return s, err
	}
	return train.NewSnapshot(step, scale, images, texts, len(p.Pairs)), nil
}
