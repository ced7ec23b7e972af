package evalcmd

import (
	"context"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/goclip/goclip/cmd/internal/cli"
	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/eval"
	"github.com/goclip/goclip/eval/embeddings"
)

type retrievalFlags struct {
	from source
	out  output
}

// retrieval is what the command prints.
type retrieval struct {
	eval.Retrieval

	// Ceiling is what captions that repeat allow; nil where they allow all.
	Ceiling *eval.Retrieval `json:"ceiling,omitempty"`

	// Loss is the training loss on these pairs; nil without a model that was trained here.
	Loss *eval.PairLoss `json:"loss,omitempty"`
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
	var r retrieval
	if r.Retrieval, err = eval.Retrieve(c.Context(), nil, x.Images, x.Texts, x.ImageOf); err != nil {
		return err
	}
	if best := eval.Ceiling(x.Captions, x.ImageOf); namesCaptions(x) && best.ImageToText.R1+best.TextToImage.R1 < 2 {
		r.Ceiling = &best
	}
	if r.Loss, err = s.pairLoss(c.Context(), x); err != nil {
		return err
	}
	return f.out.print(c, s, f.from.name(), r, func(w io.Writer) error { return r.print(w) })
}

// namesCaptions says whether a set has the captions of its embeddings, which a file for
// numpy has not.
func namesCaptions(x *embeddings.Set) bool { return !slices.Contains(x.Captions, "") }

// pairLoss is the training loss on the pairs of a set, in batches of the training's size;
// nil without a model, of one that another program trained, of a single pair, and where
// captions that repeat are no negatives and the captions are not known.
func (s *session) pairLoss(ctx context.Context, x *embeddings.Set) (*eval.PairLoss, error) {
	if s == nil || s.Config.Train.Batch < 2 || len(x.Labels) < 2 ||
		s.Config.Train.Step().SameTexts && !namesCaptions(x) {
		return nil, nil
	}
	loss, err := s.PairLoss(ctx, nil, x, s.logits(), s.Config.Train.Step())
	return &loss, err
}

func (r *retrieval) print(out io.Writer) error {
	fmt.Fprintf(out, "%d images, %d captions\n", r.Images, r.Texts)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\tR@1 %\tR@5 %\tR@10 %\tmedian rank\tmean rank\t")
	row := func(name string, r eval.Recall) {
		fmt.Fprintf(w, "%s\t%.1f\t%.1f\t%.1f\t%.1f\t%.1f\t\n",
			name, 100*r.R1, 100*r.R5, 100*r.R10, r.MedianRank, r.MeanRank)
	}
	row("image to text", r.ImageToText)
	row("text to image", r.TextToImage)
	if best := r.Ceiling; best != nil {
		row("at most, as captions repeat: image to text", best.ImageToText)
		row("text to image", best.TextToImage)
	}
	rank := float64(r.Images+1) / 2
	row("chance, text to image", eval.Recall{R1: chance(1, r.Images), R5: chance(5, r.Images),
		R10: chance(10, r.Images), MedianRank: rank, MeanRank: rank})
	if err := w.Flush(); err != nil || r.Loss == nil {
		return err
	}
	_, err := fmt.Fprintf(out, "loss %.3f over %d batches of %d pairs, where guessing has %.3f\n",
		r.Loss.Loss, r.Loss.Batches, r.Loss.Batch, r.Loss.LnN)
	return err
}

// chance is the share of right answers among k of n that are guessed.
func chance(k, n int) float64 { return min(1, float64(k)/float64(n)) }
