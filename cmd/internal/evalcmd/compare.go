package evalcmd

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/goclip/goclip/cmd/internal/cli"
	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/eval"
)

type compareFlags struct {
	shards  string
	prompts promptFlags
	asJSON  bool
}

func compareCommand() *cobra.Command {
	var f compareFlags
	c := &cobra.Command{
		Use:   "compare RUN_A RUN_B --data 'SHARDS' --classes FILE",
		Short: "Say whether one model is better than another on the same images",
		Args:  cobra.ExactArgs(2),
		RunE:  f.run,
	}
	c.Flags().StringVar(&f.shards, "data", "", "patterns of Parquet files with labels")
	f.prompts.flags(c)
	c.Flags().BoolVar(&f.asJSON, "json", false, "print one line of JSON")
	cli.Required(c, "data", "classes")
	cli.List(c, "data")
	return c
}

func (f *compareFlags) run(c *cobra.Command, runs []string) error {
	if err := f.prompts.read(); err != nil {
		return err
	}
	var right [2][]float64
	for i, path := range runs {
		var err error
		if right[i], err = f.right(c.Context(), path); err != nil {
			return err
		}
	}
	if len(right[0]) != len(right[1]) {
		return fmt.Errorf("eval: compare: %s can use %d rows of the data, %s %d; want the same", runs[0],
			len(right[0]), runs[1], len(right[1]))
	}
	result, err := eval.Compare(right[0], right[1], 1)
	if err != nil {
		return err
	}
	out := c.OutOrStdout()
	if f.asJSON {
		return cli.PrintJSON(out, result)
	}
	_, err = fmt.Fprintf(out, "%d images, %d classes, top-1\nA  %5.1f %%  %s\nB  %5.1f %%  %s\n%v\n",
		result.N, len(f.prompts.classes), 100*result.A, runs[0], 100*result.B, runs[1], result)
	return err
}

// right is 1 for each image that the model of a run gives its label, else 0.
func (f *compareFlags) right(ctx context.Context, path string) ([]float64, error) {
	s, err := modelPath{checkpoint: path}.open(0)
	if err != nil {
		return nil, err
	}
	classifier, err := s.Classifier(ctx, f.prompts.classes, f.prompts.templates)
	if err != nil {
		return nil, err
	}
	x, err := s.embed(ctx, f.shards, data.Need{Label: true, Classes: f.prompts.classes})
	if err != nil {
		return nil, err
	}
	return classifier.Right(x.Images, x.Labels)
}
