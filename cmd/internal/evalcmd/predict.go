package evalcmd

import (
	"context"
	"fmt"
	"io"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/goclip/goclip/cmd/internal/cli"
	"github.com/goclip/goclip/data/preprocess"
	"github.com/goclip/goclip/eval"
	"github.com/goclip/goclip/internal/regular"
)

// maxImageBytes bounds the file of an image.
const maxImageBytes = 256 << 20

// A prediction is what predict prints for one image.
type prediction struct {
	Image  string       `json:"image"`
	Labels []eval.Label `json:"labels"`
}

type predictFlags struct {
	model            modelPath
	labels, template string
	asJSON           bool
}

func predictCommand() *cobra.Command {
	var f predictFlags
	c := &cobra.Command{
		Use:   "predict --checkpoint PATH --labels 'cat,dog' IMAGE...",
		Short: "Print how probable each label is for an image",
		Args:  cobra.MinimumNArgs(1),
		RunE:  f.run,
	}
	f.model.flags(c)
	c.Flags().StringVar(&f.labels, "labels", "", "labels to choose from, with commas between")
	c.Flags().StringVar(&f.template, "template", eval.DefaultTemplate, "prompt, with {} for the label")
	c.Flags().BoolVar(&f.asJSON, "json", false, "print a line of JSON for each image")
	cli.Required(c, "checkpoint", "labels")
	return c
}

func (f *predictFlags) run(c *cobra.Command, images []string) error {
	var classes []string
	for l := range strings.SplitSeq(f.labels, ",") {
		classes = append(classes, strings.TrimSpace(l))
	}
	if err := eval.CheckClasses(classes); err != nil {
		return fmt.Errorf("%w in --labels", err)
	}
	if len(classes) < 2 {
		return cli.Usagef("--labels %q: one label; want two or more to choose from", f.labels)
	}
	if strings.Count(f.template, "{}") != 1 {
		return cli.Usagef("--template %q; want {} once, for the label", f.template)
	}
	s, err := f.model.open(1)
	if err != nil {
		return err
	}
	classifier, err := s.Classifier(c.Context(), classes, []string{f.template})
	if err != nil {
		return err
	}
	bad := 0
	for _, path := range images {
		embedding, err := s.embedFile(c.Context(), path)
		if err != nil && (len(images) == 1 || c.Context().Err() != nil) {
			return err
		}
		if err != nil {
			fmt.Fprintln(c.ErrOrStderr(), err)
			bad++
			continue
		}
		if err := f.print(c.OutOrStdout(), prediction{path, classifier.Predict(embedding, s.logits())}); err != nil {
			return err
		}
	}
	if bad > 0 {
		return fmt.Errorf("eval: images that cannot be used: %d of %d", bad, len(images))
	}
	return nil
}

func (f *predictFlags) print(w io.Writer, p prediction) error {
	if f.asJSON {
		return cli.PrintJSON(w, p)
	}
	_, err := io.WriteString(w, bars(p))
	return err
}

// embedFile embeds an image file.
func (s *session) embedFile(ctx context.Context, path string) ([]float32, error) {
	file, err := regular.ReadFile(path, maxImageBytes)
	if err != nil {
		return nil, fmt.Errorf("eval: %w", err)
	}
	size := s.Config.Model.Image.Size
	p, input := preprocess.NewProcessor(s.Config.Data.Preprocess, size), make([]float32, 3*size*size)
	m, err := p.Decode(file)
	if err != nil {
		return nil, fmt.Errorf("eval: %s: %w", path, err)
	}
	p.Eval(input, m)
	embedding, err := s.Images(ctx, input)
	if err != nil {
		return nil, fmt.Errorf("eval: %s: %w", path, err)
	}
	return embedding, nil
}

// bars draws the labels with a bar each, as figure 5 of the CLIP paper does.
func bars(p prediction) string {
	const full = 40
	width := 0
	for _, l := range p.Labels {
		width = max(width, utf8.RuneCountInString(l.Class))
	}
	var s strings.Builder
	fmt.Fprintln(&s, p.Image)
	for _, l := range p.Labels {
		eighths := int(math.Round(l.Probability * full * 8))
		bar := strings.Repeat("█", eighths/8)
		if rest := eighths % 8; rest > 0 {
			bar += string([]rune("▏▎▍▌▋▊▉")[rest-1])
		}
		fmt.Fprintf(&s, "  %s%s %5.1f %%  %s\n", l.Class, strings.Repeat(" ", width-utf8.RuneCountInString(l.Class)),
			100*l.Probability, bar)
	}
	return s.String()
}
