package suite

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/eval"
	"github.com/goclip/goclip/eval/embeddings"
)

// A Model is what is measured.
type Model struct {
	Embedder *eval.Embedder
	Data     data.Config  // how images are prepared
	Ledger   *data.Ledger // of rows that cannot be used; nil counts them
}

// A Result is what came out of a set.
type Result struct {
	Set     Set
	Task    string // by CLIP_benchmark's name
	Metrics eval.Metrics
	Images  int
}

// Score is the metric that counts.
func (r Result) Score() float64 { return scoreOf(r.Set.Metric, r.Metrics) }

// scoreOf finds a metric, or NaN.
func scoreOf(metric string, m eval.Metrics) float64 {
	if metric == "mean_recall@1" {
		return (scoreOf("image_retrieval_recall@1", m) + scoreOf("text_retrieval_recall@1", m)) / 2
	}
	if v, ok := m[metric]; ok {
		return v
	}
	return math.NaN()
}

// Measure measures a model on the set.
func (s Set) Measure(ctx context.Context, m Model) (Result, error) {
	r := Result{Set: s}
	var err error
	switch s.Task {
	case "zeroshot":
		err = s.zeroshot(ctx, m, &r)
	case "multilabel":
		err = s.multilabel(ctx, m, &r)
	case "retrieval":
		err = s.retrieval(ctx, m, &r)
	case "linear_probe":
		err = s.linearProbe(ctx, m, &r)
	}
	if err == nil && math.IsNaN(r.Score()) {
		err = fmt.Errorf("metric %s is not a number here; want another one", s.Metric)
	}
	if err != nil {
		return r, fmt.Errorf("suite: %s: %w", s.Name, err)
	}
	return r, nil
}

// types are what a folder must say of itself for a task.
var types = map[string]string{"zeroshot": "classification", "linear_probe": "classification",
	"multilabel": "multilabel", "retrieval": "retrieval"}

// open opens the images, of a split or the patterns of it.
func (s Set) open(ctx context.Context, m Model, split string, need data.Need) (eval.Source, error) {
	c := m.Data
	if !s.IsWDS() {
		if s.Label != "" && need.Label {
			c.Label = s.Label
		}
		return data.Open(ctx, split, c, need)
	}
	w, err := data.OpenWDS(s.Data, split, c)
	if err != nil {
		return nil, err
	}
	if w.Type != types[s.Task] {
		return nil, fmt.Errorf("%s holds %s; want %s for task %s", s.Data, w.Type, types[s.Task], s.Task)
	}
	return w, nil
}

// test is the name of what is measured on: a split, or patterns.
func (s Set) test() string {
	if s.IsWDS() {
		return s.Split
	}
	return s.Data
}

// embed embeds the images of a split.
func (s Set) embed(ctx context.Context, m Model, split string, need data.Need) (*embeddings.Set, eval.Source, error) {
	from, err := s.open(ctx, m, split, need)
	if err != nil {
		return nil, nil, err
	}
	x, err := m.Embedder.Embed(ctx, from, need.Caption, m.Ledger)
	if err != nil {
		return nil, nil, err
	}
	if len(x.Rows) == 0 {
		return nil, nil, errors.New("none of the rows can be used")
	}
	return x, from, nil
}

// classifier embeds the prompts: of the files that the set names, else of the folder.
func (s Set) classifier(ctx context.Context, m Model, from eval.Source) (*eval.Classifier, error) {
	var classes, templates []string
	if w, ok := from.(*data.WDS); ok {
		classes, templates = w.Classes, w.Templates
	}
	var err error
	if d, ok := from.(*data.Dataset); ok {
		if classes, err = d.ClassNames(); err != nil {
			return nil, err
		}
	}
	if s.Classes != "" {
		if classes, err = eval.ReadClasses(s.Classes); err != nil {
			return nil, err
		}
	}
	if len(classes) == 0 {
		return nil, errors.New("the shards carry no names of classes; want classes, the file of their names")
	}
	if s.Templates != "" || len(templates) == 0 {
		if templates, err = eval.ReadTemplates(s.Templates); err != nil {
			return nil, err
		}
	}
	if err := errors.Join(eval.CheckClasses(classes), eval.CheckTemplates(templates)); err != nil {
		return nil, err
	}
	return m.Embedder.Classifier(ctx, classes, templates)
}

func (s Set) zeroshot(ctx context.Context, m Model, r *Result) error {
	need := data.Need{Label: true, RenameClasses: s.RenameClasses}
	if s.Classes != "" && !s.IsWDS() {
		var err error
		if need.Classes, err = eval.ReadClasses(s.Classes); err != nil {
			return err
		}
	}
	x, from, err := s.embed(ctx, m, s.test(), need)
	if err != nil {
		return err
	}
	c, err := s.classifier(ctx, m, from)
	if err != nil {
		return err
	}
	z, err := c.Score(x.Images, x.Labels)
	r.Images = z.N
	r.Task, r.Metrics = z.Benchmark()
	return err
}

func (s Set) retrieval(ctx context.Context, m Model, r *Result) error {
	x, _, err := s.embed(ctx, m, s.test(), data.Need{Caption: true})
	if err != nil {
		return err
	}
	found, err := eval.Retrieve(ctx, nil, x.Images, x.Texts, x.ImageOf)
	r.Images = found.Images
	r.Task, r.Metrics = found.Benchmark()
	return err
}

func (s Set) linearProbe(ctx context.Context, m Model, r *Result) error {
	split := s.Train
	if split == "" {
		split = "train"
	}
	train, _, err := s.embed(ctx, m, split, data.Need{Label: true})
	if err != nil {
		return err
	}
	test, _, err := s.embed(ctx, m, s.test(), data.Need{Label: true})
	if err != nil {
		return err
	}
	p, err := eval.Probe(ctx, nil, train, test, probeNeighbors)
	r.Images = p.Test
	r.Task, r.Metrics = p.Benchmark()
	return err
}

// probeNeighbors is the number of neighbors that vote beside a linear probe.
const probeNeighbors = 20

func (s Set) multilabel(ctx context.Context, m Model, r *Result) error {
	x, from, err := s.embed(ctx, m, s.test(), data.Need{})
	if err != nil {
		return err
	}
	c, err := s.classifier(ctx, m, from)
	if err != nil {
		return err
	}
	var targets [][]bool
	switch from := from.(type) {
	case *data.WDS:
		for _, ref := range x.Rows {
			targets = append(targets, from.Targets[ref])
		}
	case *data.Dataset:
		values, err := from.Values(ctx, []string{s.Label}, x.Rows)
		if err != nil {
			return err
		}
		for i, v := range values[0] {
			row, err := targetsOf(v, len(c.Classes))
			if err != nil {
				return fmt.Errorf("%v: column %s: %w", x.Rows[i], s.Label, err)
			}
			targets = append(targets, row)
		}
	}
	found, err := c.ScoreMultilabel(x.Images, targets)
	r.Images = found.N
	r.Task, r.Metrics = found.Benchmark()
	return err
}

// targetsOf says of each of n classes whether a list of their numbers has it.
func targetsOf(v any, n int) ([]bool, error) {
	list, ok := v.([]any)
	if !ok {
		return nil, fmt.Errorf("have %T; want a list of the numbers of classes", v)
	}
	targets := make([]bool, n)
	for _, c := range list {
		class, ok := c.(int64)
		if !ok || class < 0 || class >= int64(n) {
			return nil, fmt.Errorf("have class %v; want 0 to %d", c, n-1)
		}
		targets[class] = true
	}
	return targets, nil
}
