package evalcmd

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/goclip/goclip/cmd/internal/cli"
	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/data/storage"
	"github.com/goclip/goclip/eval"
)

type probeFlags struct {
	train, test source
	out         output
	k           int
}

func probeCommand() *cobra.Command {
	var f probeFlags
	c := &cobra.Command{
		Use:   "probe --checkpoint PATH --train 'SHARDS' --data 'SHARDS'",
		Short: "Classify embeddings by a linear probe and by nearest neighbors",
		Long: "Classify embeddings by a linear probe, which is logistic regression, and by nearest neighbors, both of labeled images of training.\n" +
			"The penalty is chosen on a fifth of them, drawn at random, and the probe then fitted to them all.",
		Args: cobra.NoArgs,
		RunE: f.run,
	}
	f.test.flags(c, "patterns of Parquet files with labels, to test on")
	c.Flags().StringVar(&f.train.shards, "train", "", "patterns of Parquet files with labels, to train on")
	c.Flags().StringVar(&f.train.embeddings, "train-embeddings", "", "a file of eval embed instead of --train")
	c.Flags().IntVar(&f.k, "k", 20, "number of nearest neighbors that vote")
	f.out.flags(c)
	cli.List(c, "data", "train")
	return c
}

func (f *probeFlags) check() error {
	if err := f.test.check(false); err != nil {
		return err
	}
	switch train := f.train; {
	case (train.shards == "") == (train.embeddings == ""):
		return cli.Usagef("--train, --train-embeddings: have %q, %q; want one of them", storage.Redact(train.shards),
			train.embeddings)
	case train.shards != "" && f.test.checkpoint == "":
		return cli.Usagef("--checkpoint is missing")
	}
	if err := f.out.check(); err != nil {
		return err
	}
	if f.k < 1 {
		return cli.Usagef("--k %d; want at least 1", f.k)
	}
	return nil
}

func (f *probeFlags) run(c *cobra.Command, _ []string) error {
	if err := f.check(); err != nil {
		return err
	}
	s, err := f.test.open()
	if err != nil {
		return err
	}
	train, err := f.train.set(c.Context(), s, data.Need{Label: true})
	if err != nil {
		return err
	}
	test, err := f.test.set(c.Context(), s, data.Need{Label: true})
	if err != nil {
		return err
	}
	p, err := eval.Probe(c.Context(), nil, train, test, f.k)
	if err != nil {
		return err
	}
	return f.out.print(c, s, f.test.name(), p, func(w io.Writer) error { return printProbe(w, p) })
}

func printProbe(out io.Writer, p eval.Probed) error {
	fmt.Fprintf(out, "%d images to train on, %d to test, %d classes\n", p.Train, p.Test, p.Classes)
	fmt.Fprintf(out, "linear probe    %5.1f %%  (95 %% between %.1f and %.1f; C %.3g)\n", 100*p.Top1, 100*p.Low,
		100*p.High, p.C)
	fmt.Fprintf(out, "  top-5         %5.1f %%\n", 100*p.Top5)
	fmt.Fprintf(out, "  mean per class%5.1f %%\n", 100*p.MeanPerClass)
	_, err := fmt.Fprintf(out, "%-15s %5.1f %%\n", fmt.Sprintf("%d-NN", p.K), 100*p.KNN)
	return err
}
