package evalcmd

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/goclip/goclip/cmd/internal/cli"
	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/eval"
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

func zeroshotCommand() *cobra.Command {
	var from source
	var out report
	var classFile, templateFile, train string
	var details bool
	c := &cobra.Command{
		Use:   "zeroshot --checkpoint PATH --data 'SHARDS' --classes FILE",
		Short: "Classify labelled images by prompts for their classes",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := from.check(true); err != nil {
				return err
			}
			if err := out.check(); err != nil {
				return err
			}
			classes, templates, err := prompts(classFile, templateFile)
			if err != nil {
				return err
			}
			s, err := from.open()
			if err != nil {
				return err
			}
			defer s.pool.Close()
			x, err := from.embedded(c.Context(), s, data.Need{Label: true})
			if err != nil {
				return err
			}
			prompts, err := s.Texts(c.Context(), eval.Prompts(classes, templates))
			if err != nil {
				return err
			}
			classifier, err := eval.NewClassifier(classes, prompts, len(templates))
			if err != nil {
				return err
			}
			var z zeroshot
			if z.ZeroShot, err = classifier.Score(x.Images, x.Labels); err != nil {
				return err
			}
			if details {
				if err := z.detail(classifier, templates, prompts, x, math.Exp(float64(s.Model.LogitScale()))); err != nil {
					return err
				}
			}
			if train != "" {
				d, err := data.Open(c.Context(), train, s.Config.Data, data.Need{Caption: true})
				if err != nil {
					return err
				}
				audit, err := eval.AuditCaptions(classes, d.Captions(c.Context()))
				if err != nil {
					return err
				}
				if err := z.split(classifier, audit, x); err != nil {
					return err
				}
			}
			return out.print(c, s.name(), from.name(), z, func(w io.Writer) error { return z.print(w, s.Path) })
		},
	}
	from.flags(c, "patterns of Parquet files with labels")
	promptFlags(c, &classFile, &templateFile)
	c.Flags().StringVar(&train, "train", "", "the Parquet files of training: tell classes that their captions name from those they never do")
	c.Flags().BoolVar(&details, "details", false, "add calibration, the accuracy of each template and, in JSON, the confusion matrix")
	out.flags(c)
	cli.Required(c, "checkpoint", "classes")
	return c
}

func (z *zeroshot) detail(c *eval.Classifier, templates []string, prompts []float32, x *eval.Embedded, scale float64) error {
	k, err := c.Calibrate(x.Images, x.Labels, scale)
	if err != nil {
		return err
	}
	z.Calibration = &k
	if z.Templates, err = eval.ScoreTemplates(c.Classes, templates, prompts, x.Images, x.Labels); err != nil {
		return err
	}
	z.Confusion, err = c.Confusion(x.Images, x.Labels)
	return err
}

func (z *zeroshot) split(c *eval.Classifier, a eval.Audit, x *eval.Embedded) error {
	s, err := c.ScoreSplit(x.Images, x.Labels, a.Unseen())
	if err != nil {
		return err
	}
	z.Split, z.Captions = &s, a.Captions
	for _, n := range a.Classes {
		if n.Captions == 0 {
			z.NotNamed = append(z.NotNamed, n.Class)
		}
	}
	return nil
}

func (z *zeroshot) print(out io.Writer, path string) error {
	fmt.Fprintf(out, "%s\n%d images, %d classes\n", path, z.N, z.Classes)
	fmt.Fprintf(out, "top-1           %5.1f %%  (95 %% between %.1f and %.1f; chance %.1f)\n", 100*z.Top1, 100*z.Low, 100*z.High, 100*z.Chance())
	fmt.Fprintf(out, "top-5           %5.1f %%\n", 100*z.Top5)
	fmt.Fprintf(out, "mean per class  %5.1f %%\n", 100*z.MeanPerClass)
	if z.Calibration != nil {
		fmt.Fprintf(out, "calibration     %5.1f points between confidence and accuracy (ECE)\n", 100*z.Calibration.ECE)
	}
	if z.Split != nil {
		fmt.Fprintf(out, "%d training captions name %d of the classes, and none of the other %d:\n", z.Captions, z.Classes-len(z.NotNamed), len(z.NotNamed))
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
	fmt.Fprintf(out, "%s%5.1f %%  (95 %% between %.1f and %.1f; %d images of %d classes)\n", name, 100*z.Top1, 100*z.Low, 100*z.High, z.N, len(z.PerClass))
}
