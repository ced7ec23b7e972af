package run

import (
	"context"
	"fmt"
	"math"

	"github.com/goclip/goclip/configs"
	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/eval"
	"github.com/goclip/goclip/model"
	"github.com/goclip/goclip/train"
)

// openEval opens what the evaluations of a run measure, if it has any: the captions of
// each set, and its labels where there are classes.
func (in *inputs) openEval(ctx context.Context, c *configs.Run, log *train.Console) (err error) {
	sets := c.Eval.Sets
	if len(sets) == 0 && c.Data.Val != "" {
		sets = []eval.Set{{Name: "validation", Data: c.Data.Val}}
	}
	if len(sets) == 0 {
		return in.checkBest(c)
	}
	if c.Eval.Classes != "" {
		if in.classes, err = configs.ReadClasses(c.Eval.Classes); err != nil {
			return err
		}
		if in.templates, err = configs.ReadTemplates(c.Eval.Templates); err != nil {
			return err
		}
	}
	for _, s := range sets {
		opened, err := in.openSet(ctx, c, s, log)
		if err != nil {
			return err
		}
		if opened.labeled != nil || opened.pairs != nil { // or eval.max_pairs wants none
			in.sets = append(in.sets, *opened)
		}
	}
	return in.checkBest(c)
}

// openSet opens a set and draws its pairs.
func (in *inputs) openSet(ctx context.Context, c *configs.Run, s eval.Set, log *train.Console) (*evalSet, error) {
	d, err := data.Open(ctx, s.Data, c.Data, data.Need{})
	if err != nil {
		return nil, err
	}
	has, opened := d.Has(), &evalSet{name: s.Name}
	switch {
	case !has.Caption && !has.Label:
		_, err = data.Open(ctx, s.Data, c.Data, data.Need{Caption: true}) // which says what there is
		if err == nil {
			err = fmt.Errorf("run: set %s: some shards have captions and some do not; want the same columns in all", s.Name)
		}
		return nil, err
	case !has.Caption && in.classes == nil:
		return nil, fmt.Errorf("run: set %s has labels and no captions; want the names of its classes (eval.classes), "+
			"or captions to measure recall by (data.caption)", s.Name)
	case !has.Label && in.classes != nil:
		log.Printf("set %s has no labels: its captions are evaluated, and nothing is classified", s.Name)
	}
	if has.Label && in.classes != nil {
		if opened.labeled, err = in.openLabeled(ctx, c, s, log); err != nil {
			return nil, err
		}
	}
	if n := c.Eval.MostPairs(c.Train.Batch); has.Caption && n > 0 {
		if d, err = data.Open(ctx, s.Data, c.Data, data.Need{Caption: true}); err != nil {
			return nil, err
		}
		if opened.pairs, err = d.Draw(ctx, n, c.Seed); err != nil {
			return nil, err
		}
		if opened.pairs.Len() < 2 {
			return nil, fmt.Errorf("run: set %s: %d of its rows have an image and a caption; want 2 at least",
				s.Name, opened.pairs.Len())
		}
	}
	return opened, nil
}

// openLabeled opens a set whose labels are numbers of the classes.
func (in *inputs) openLabeled(ctx context.Context, c *configs.Run, s eval.Set, log *train.Console) (*data.Dataset, error) {
	d, err := data.Open(ctx, s.Data, c.Data, data.Need{Label: true, Classes: in.classes})
	if err != nil {
		return nil, err
	}
	label, at, err := d.MaxLabel(ctx)
	if err != nil {
		return nil, err
	}
	if label >= int64(len(in.classes)) {
		return nil, fmt.Errorf("run: %v has label %d; want 0 to %d, the lines of %s", at, label, len(in.classes)-1,
			c.Eval.Classes)
	}
	one, err := d.OneLabel(ctx)
	if err != nil {
		return nil, err
	}
	if one && label >= 0 && d.Len() > 1 {
		log.Printf("warning: one class only: every label of set %s is %d, %s; its accuracy says little",
			s.Name, label, in.classes[label])
	}
	return d, nil
}

// limitPairs keeps as many pairs of each set as eval.max_pairs allows beside a model.
func (in *inputs) limitPairs(c *configs.Run, m *model.CLIP) {
	every := c.Train.EvalEvery
	if every == 0 {
		every = c.Train.Steps
	}
	withPairs := 0
	for _, s := range in.sets {
		if s.pairs != nil {
			withPairs++
		}
	}
	for i, s := range in.sets {
		if s.pairs == nil {
			continue
		}
		cost := m.Config().ImageFLOPs() + s.pairs.CaptionsPerRow()*m.Config().TextFLOPs()
		n := c.Eval.Pairs(withPairs, c.Train.Batch, every, cost, m.StepFLOPs(c.Train.Step()))
		in.sets[i].pairs = s.pairs.First(n)
	}
}

// announceSets says what the evaluations measure.
func (in *inputs) announceSets(c *configs.Run, log *train.Console) {
	for _, s := range in.sets {
		if s.pairs == nil {
			continue
		}
		n := int(s.pairs.Len())
		log.Printf("set %s: loss and recall of %d images with %.1f captions each", s.name, n, s.pairs.CaptionsPerRow())
		if n < c.Train.Batch {
			log.Printf("set %s has fewer pairs than train.batch %d: its loss is that of %d pairs, and guessing has ln %d = %.3f",
				s.name, c.Train.Batch, n, n, math.Log(float64(n)))
		}
		if best := s.ceiling(); best < 0.95 {
			log.Printf("set %s: captions repeat, which cannot be told apart: no model has a mean recall above %.1f %%",
				s.name, 100*best)
		}
	}
}

// ceiling is the mean recall that captions which repeat allow.
func (s *evalSet) ceiling() float64 {
	captions, imageOf := s.pairs.HeldCaptions()
	return eval.Ceiling(captions, imageOf).Mean()
}

// checkBest refuses a checkpoint.best that no evaluation gives.
func (in *inputs) checkBest(c *configs.Run) error {
	if c.Checkpoint.Best == "" {
		return nil
	}
	for _, s := range in.sets {
		of := train.Evaluation{}
		if s.pairs != nil {
			of.PairScores = &train.PairScores{}
		}
		if s.labeled != nil {
			of.Accuracy = &train.Accuracy{}
		}
		if _, ok := of.Score(c.Checkpoint.Best); ok {
			return nil
		}
	}
	return fmt.Errorf("run: checkpoint.best %s: no evaluation has it: have %d sets; want data.val or eval.sets "+
		"with captions for val.recall and val.loss, with labels and eval.classes for val.top1",
		c.Checkpoint.Best, len(in.sets))
}
