package eval

import (
	"context"
	"fmt"

	"github.com/goclip/goclip/eval/embeddings"
	"github.com/goclip/goclip/model"
)

// A Probed says how well labels follow from embeddings: by a linear probe, and by nearest
// neighbors.
type Probed struct {
	Train   int `json:"train"`
	Test    int `json:"test"`
	Classes int `json:"classes"`

	// Top1 and MeanPerClass are of the linear probe, C its inverse penalty,
	// KNN the top-1 of the K nearest images of training.
	Top1         float64 `json:"top1"`
	Low          float64 `json:"top1_low"`
	High         float64 `json:"top1_high"`
	Top5         float64 `json:"top5"`
	MeanPerClass float64 `json:"mean_per_class"`
	C            float64 `json:"c"`
	KNN          float64 `json:"knn_top1"`
	K            int     `json:"k"`
}

// Benchmark names the task of CLIP_benchmark.
func (p Probed) Benchmark() (task string, m Metrics) {
	_, m = ZeroShot{Top1: p.Top1, Top5: p.Top5, MeanPerClass: p.MeanPerClass, Classes: p.Classes}.Benchmark()
	return "linear_probe", m
}

// Probe fits a linear probe to the images of train, of which a fifth chooses the penalty,
// and measures it and the k nearest neighbors on test.
func Probe(ctx context.Context, pool *model.Pool, train, test *embeddings.Set, k int) (p Probed, err error) {
	if train.Width != test.Width {
		return p, fmt.Errorf("eval: probe: embeddings of %d and of %d numbers; want them of one model", train.Width,
			test.Width)
	}
	p = Probed{Train: len(train.Labels), Test: len(test.Labels), K: k}
	for _, l := range append(append([]int(nil), train.Labels...), test.Labels...) {
		p.Classes = max(p.Classes, l+1)
	}
	most, rest := Labeled{X: train.Images, Labels: train.Labels}.HoldOut(1)
	if len(rest.Labels) == 0 {
		return p, fmt.Errorf("eval: probe: %d images to train on; want at least 5", len(train.Labels))
	}
	fitted, err := SweepLinearProbe(ctx, pool, most, rest, p.Classes)
	if err != nil {
		return p, err
	}
	z, err := fitted.Score(pool, Labeled{X: test.Images, Labels: test.Labels})
	if err != nil {
		return p, err
	}
	p.C, p.Top1, p.Low, p.High, p.Top5, p.MeanPerClass = fitted.C, z.Top1, z.Low, z.High, z.Top5, z.MeanPerClass
	predicted, err := KNN(ctx, pool, test.Images, train.Images, train.Labels, train.Width, k)
	if err != nil {
		return p, err
	}
	p.KNN = Accuracy(predicted, test.Labels)
	return p, nil
}
