package evalcmd

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/goclip/goclip/cmd/internal/cli"
	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/eval"
)

type retrievalFlags struct {
	from source
	out  output
}

func retrievalCommand() *cobra.Command {
	var f retrievalFlags
	c := &cobra.Command{
		Use:   "retrieval --checkpoint PATH --data 'SHARDS' | --embeddings FILE",
		Short: "Find each image's captions among all, and each caption's image",
		Args:  cobra.NoArgs,
		RunE:  f.run,
	}
	f.from.flags(c, "patterns of Parquet files with captions")
	f.out.flags(c)
	cli.List(c, "data")
	return c
}

func (f *retrievalFlags) run(c *cobra.Command, _ []string) error {
	if err := f.from.check(false); err != nil {
		return err
	}
	if err := f.out.check(); err != nil {
		return err
	}
	s, err := f.from.open()
	if err != nil {
		return err
	}
	x, err := f.from.set(c.Context(), s, data.Need{Caption: true})
	if err != nil {
		return err
	}
	r, err := eval.Retrieve(c.Context(), nil, x.Images, x.Texts, x.ImageOf)
	if err != nil {
		return err
	}
	return f.out.print(c, s, f.from.name(), r, func(w io.Writer) error { return printRetrieval(w, r) })
}

func printRetrieval(out io.Writer, r eval.Retrieval) error {
	fmt.Fprintf(out, "%d images, %d captions\n", r.Images, r.Texts)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\tR@1 %\tR@5 %\tR@10 %\tmedian rank\tmean rank\t")
	for _, line := range []struct {
		name string
		eval.Recall
	}{{"image to text", r.ImageToText}, {"text to image", r.TextToImage}} {
		fmt.Fprintf(w, "%s\t%.1f\t%.1f\t%.1f\t%.1f\t%.1f\t\n",
			line.name, 100*line.R1, 100*line.R5, 100*line.R10, line.MedianRank, line.MeanRank)
	}
	rank := float64(r.Images+1) / 2
	fmt.Fprintf(w, "chance, text to image\t%.1f\t%.1f\t%.1f\t%.1f\t%.1f\t\n",
		chance(1, r.Images), chance(5, r.Images), chance(10, r.Images), rank, rank)
	return w.Flush()
}

// chance is the percentage of a right answer among k of n that are guessed.
func chance(k, n int) float64 { return 100 * min(1, float64(k)/float64(n)) }
