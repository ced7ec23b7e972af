package evalcmd

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"

	"github.com/spf13/cobra"

	"github.com/goclip/goclip/cmd/internal/cli"
	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/data/storage"
	"github.com/goclip/goclip/eval"
	"github.com/goclip/goclip/internal/kernel"
)

// probed is what probe prints.
type probed struct {
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
func (p probed) Benchmark() (task string, m eval.Metrics) {
	_, m = eval.ZeroShot{Top1: p.Top1, Top5: p.Top5, MeanPerClass: p.MeanPerClass, Classes: p.Classes}.Benchmark()
	return "linear_probe", m
}

func probeCommand() *cobra.Command {
	var train, test source
	var out report
	var k int
	c := &cobra.Command{
		Use:   "probe --checkpoint PATH --train 'SHARDS' --data 'SHARDS'",
		Short: "Classify embeddings by logistic regression and by nearest neighbours",
		Long: "Classify embeddings by logistic regression and by nearest neighbours, both of labelled images of training.\n" +
			"The penalty is chosen on a fifth of them, drawn at random, and the regression then fitted to them all.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			train.checkpoint = test.checkpoint
			if err := test.check(false); err != nil {
				return err
			}
			if (train.shards == "") == (train.embeddings == "") {
				return cli.Usagef("--train, --train-embeddings: have %q, %q; want one of them", storage.Redact(train.shards), train.embeddings)
			}
			if train.shards != "" && train.checkpoint == "" {
				return cli.Usagef("--checkpoint is missing")
			}
			if err := out.check(); err != nil {
				return err
			}
			if k < 1 {
				return cli.Usagef("--k %d; want at least 1", k)
			}
			s, err := test.open()
			if err != nil {
				return err
			}
			var name modelName
			if s != nil {
				defer s.pool.Close()
				name = s.name()
			}
			var sets [2]*eval.Embedded
			for i, from := range []*source{&train, &test} {
				if sets[i], err = from.embedded(c.Context(), s, data.Need{Label: true}); err != nil {
					return err
				}
			}
			p, err := probe(c.Context(), sets[0], sets[1], k)
			if err != nil {
				return err
			}
			return out.print(c, name, test.name(), p, func(w io.Writer) error { return printProbe(w, p) })
		},
	}
	test.flags(c, "patterns of Parquet files with labels, to test on")
	c.Flags().StringVar(&train.shards, "train", "", "patterns of Parquet files with labels, to train on")
	c.Flags().StringVar(&train.embeddings, "train-embeddings", "", "a file of eval embed instead of --train")
	c.Flags().IntVar(&k, "k", 20, "number of nearest neighbours that vote")
	out.flags(c)
	return c
}

// probe fits both classifiers to train and measures them on test.
func probe(ctx context.Context, train, test *eval.Embedded, k int) (p probed, err error) {
	if train.Width != test.Width {
		return p, fmt.Errorf("eval: probe: embeddings of %d and of %d numbers; want them of one model", train.Width, test.Width)
	}
	pool := kernel.NewPool(0)
	defer pool.Close()
	p = probed{Train: len(train.Labels), Test: len(test.Labels), K: k}
	for _, l := range append(append([]int(nil), train.Labels...), test.Labels...) {
		p.Classes = max(p.Classes, l+1)
	}
	most, rest := divide(train)
	if len(rest.Labels) == 0 {
		return p, fmt.Errorf("eval: probe: %d images to train on; want at least 5", len(train.Labels))
	}
	fitted, err := eval.SweepProbe(ctx, pool, most, rest, p.Classes)
	if err != nil {
		return p, err
	}
	z, err := fitted.Score(pool, eval.Labelled{X: test.Images, Labels: test.Labels})
	if err != nil {
		return p, err
	}
	p.C, p.Top1, p.Low, p.High, p.Top5, p.MeanPerClass = fitted.C, z.Top1, z.Low, z.High, z.Top5, z.MeanPerClass
	predicted, err := eval.KNN(ctx, pool, test.Images, train.Images, train.Labels, train.Width, k)
	if err != nil {
		return p, err
	}
	p.KNN = eval.Accuracy(predicted, test.Labels)
	return p, nil
}

// divide draws a fifth of the images by a fixed seed.
func divide(x *eval.Embedded) (most, rest eval.Labelled) {
	for i, from := range rand.New(rand.NewPCG(1, 0)).Perm(len(x.Labels)) {
		to := &most
		if i < len(x.Labels)/5 {
			to = &rest
		}
		to.X, to.Labels = append(to.X, x.Images[from*x.Width:][:x.Width]...), append(to.Labels, x.Labels[from])
	}
	return most, rest
}

func printProbe(out io.Writer, p probed) error {
	fmt.Fprintf(out, "%d images to train on, %d to test, %d classes\n", p.Train, p.Test, p.Classes)
	fmt.Fprintf(out, "linear probe    %5.1f %%  (95 %% between %.1f and %.1f; C %.3g)\n", 100*p.Top1, 100*p.Low, 100*p.High, p.C)
	fmt.Fprintf(out, "  top-5         %5.1f %%\n", 100*p.Top5)
	fmt.Fprintf(out, "  mean per class%5.1f %%\n", 100*p.MeanPerClass)
	_, err := fmt.Fprintf(out, "%-15s %5.1f %%\n", fmt.Sprintf("%d-NN", p.K), 100*p.KNN)
	return err
}
