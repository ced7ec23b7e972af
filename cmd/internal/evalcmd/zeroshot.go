package evalcmd

import (
	"cmp"
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

// zeroshot is what the command prints.
type zeroshot struct {
	eval.ZeroShot

	// Of --train: what its captions name, and the accuracy by that.
	Captions int         `json:"train_captions,omitempty"`
	NotNamed []string    `json:"unseen_classes,omitempty"`
	Split    *eval.Split `json:"split,omitempty"`

	// Of --details.
	Calibration *eval.Calibration    `json:"calibration,omitempty"`
	Templates   []eval.TemplateScore `json:"templates,omitempty"`
	Confusion   [][]int              `json:"confusion,omitempty"`
}

type zeroshotFlags struct {
	from    source
	out     output
	prompts promptFlags
	train   string
	details bool
}

// trainUsage is the description of the flag --train.
const trainUsage = "the Parquet files of training: report classes that their captions name apart from those they never name"

func zeroshotCommand() *cobra.Command {
	var f zeroshotFlags
	c := &cobra.Command{
		Use:   "zeroshot --checkpoint PATH --data 'SHARDS' --classes FILE",
		Short: "Classify labeled images by prompts for their classes",
		Args:  cobra.NoArgs,
		RunE:  f.run,
	}
	f.from.flags(c, "patterns of Parquet files with labels")
	f.prompts.flags(c)
	c.Flags().StringVar(&f.train, "train", "", trainUsage)
	c.Flags().BoolVar(&f.details, "details", false, "add calibration, the accuracy of each template and, in JSON, the confusion matrix")
	f.out.flags(c)
	cli.Required(c, "checkpoint", "classes")
	cli.List(c, "data", "train")
	return c
}

func (f *zeroshotFlags) run(c *cobra.Command, _ []string) error {
	if err := f.from.check(true); err != nil {
		return err
	}
	if err := f.out.check(); err != nil {
		return err
	}
	if err := f.prompts.read(); err != nil {
		return err
	}
	s, err := f.from.open()
	if err != nil {
		return err
	}
	x, err := f.from.set(c.Context(), s, data.Need{Label: true, Classes: f.prompts.classes})
	if err != nil {
		return err
	}
	seen := slices.Compact(slices.Sorted(slices.Values(x.Labels)))
	if n := len(f.prompts.classes); len(seen) < n && seen[len(seen)-1] == len(seen)-1 {
		fmt.Fprintf(c.ErrOrStderr(), "the class list has %d names, and the labels are 0 to %d: is it their list?\n",
			n, len(seen)-1)
	}
	if err := f.prompts.embed(c.Context(), s); err != nil {
		return err
	}
	z, err := f.measure(c.Context(), s, x)
	if err != nil {
		return err
	}
	return f.out.print(c, s, f.from.name(), z, func(w io.Writer) error { return z.print(w, s.Path) })
}

// measure computes what the flags ask for.
func (f *zeroshotFlags) measure(ctx context.Context, s *session, x *embeddings.Set) (z zeroshot, err error) {
	classes, templates, prompts := f.prompts.classes, f.prompts.templates, f.prompts.embedded
	c, err := eval.NewClassifier(classes, prompts, len(templates))
	if err != nil {
		return z, err
	}
	if z.ZeroShot, err = c.Score(x.Images, x.Labels); err != nil {
		return z, err
	}
	if f.details {
		k, err := c.Calibrate(x.Images, x.Labels, s.logits())
		if err != nil {
			return z, err
		}
		z.Calibration = &k
		if z.Templates, err = eval.ScoreTemplates(classes, templates, prompts, x.Images, x.Labels); err != nil {
			return z, err
		}
		if z.Confusion, err = c.Confusion(x.Images, x.Labels); err != nil {
			return z, err
		}
	}
	if f.train == "" {
		return z, nil
	}
	d, err := data.Open(ctx, f.train, s.Config.Data, data.Need{Caption: true})
	if err != nil {
		return z, err
	}
	audit, err := eval.AuditCaptions(classes, d.Captions(ctx))
	if err != nil {
		return z, err
	}
	split, err := c.ScoreSplit(x.Images, x.Labels, audit.Unseen())
	z.Split, z.Captions = &split, audit.Captions
	for i, unseen := range audit.Unseen() {
		if unseen {
			z.NotNamed = append(z.NotNamed, classes[i])
		}
	}
	return z, err
}

func (z *zeroshot) print(out io.Writer, path string) error {
	fmt.Fprintf(out, "%s\n%d images, %d classes\n", path, z.N, z.Classes)
	fmt.Fprintf(out, "top-1           %5.1f %%  (95 %% between %.1f and %.1f; chance %.1f)\n", 100*z.Top1, 100*z.Low,
		100*z.High, 100*z.Chance())
	fmt.Fprintf(out, "top-5           %5.1f %%\n", 100*z.Top5)
	fmt.Fprintf(out, "mean per class  %5.1f %%\n", 100*z.MeanPerClass)
	if z.Calibration != nil {
		fmt.Fprintf(out, "calibration     %5.1f points between confidence and accuracy (ECE)\n", 100*z.Calibration.ECE)
	}
	if z.Split != nil {
		fmt.Fprintf(out, "%d training captions name %d of the classes, and none of the other %d:\n",
			z.Captions, z.Classes-len(z.NotNamed), len(z.NotNamed))
		printPart(out, "  seen          ", z.Split.Seen)
		printPart(out, "  never seen    ", z.Split.Unseen)
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	if len(z.Templates) > 0 {
		fmt.Fprintln(w, "\ntop-1 %\ttemplate, the best first\t")
		best := slices.Clone(z.Templates)
		slices.SortStableFunc(best, func(a, b eval.TemplateScore) int { return cmp.Compare(b.Top1, a.Top1) })
		for _, t := range best {
			fmt.Fprintf(w, "%.1f\t%s\t\n", 100*t.Top1, t.Template)
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
	fmt.Fprintln(w, "\ntop-1 %\ttop-5 %\timages\tclass\t")
	for _, s := range z.PerClass {
		fmt.Fprintf(w, "%.1f\t%.1f\t%d\t%s\t\n", 100*s.Top1, 100*s.Top5, s.N, s.Class)
	}
	return w.Flush()
}

func printPart(out io.Writer, name string, z *eval.ZeroShot) {
	if z == nil {
		fmt.Fprintf(out, "%s  no image\n", name)
		return
	}
	fmt.Fprintf(out, "%s%5.1f %%  (95 %% between %.1f and %.1f; %d images of %d classes)\n",
		name, 100*z.Top1, 100*z.Low, 100*z.High, z.N, len(z.PerClass))
}
