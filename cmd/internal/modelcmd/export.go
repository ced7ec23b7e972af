package modelcmd

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/goclip/goclip/export"
	"github.com/goclip/goclip/run"
)

// target is what the flags of a command say about the folder that it writes.
type target struct {
	form, name, license, probes string
}

func (t *target) flags(c *cobra.Command, form export.Format) {
	c.Flags().StringVar(&t.form, "to", string(form), "form of the folder: open_clip, hf (transformers) or onnx")
	c.Flags().StringVar(&t.name, "name", "", "name of the model in its README.md; the name of the folder if empty")
	c.Flags().StringVar(&t.license, "license", "", "license in its README.md, such as apache-2.0")
	c.Flags().StringVar(&t.probes, "probes", "", "file for what the model makes of 64 pictures and texts, for bench/interop.py")
}

// write writes m as the folder out and prints the report.
func (t *target) write(c *cobra.Command, m export.Model, out string) error {
	m.Card.Name, m.Card.License = t.name, t.license
	if m.Card.Name == "" {
		m.Card.Name = filepath.Base(filepath.Clean(out))
	}
	r, err := export.Write(m, export.Format(t.form), out)
	if err != nil {
		return err
	}
	if t.probes != "" {
		if err := r.WriteProbes(t.probes, m); err != nil {
			return err
		}
	}
	return r.Print(c.OutOrStdout())
}

func exportCommand() *cobra.Command {
	var t target
	var checkpoint, architecture string
	c := &cobra.Command{
		Use:   "export --checkpoint PATH --to open_clip|hf|onnx OUT",
		Short: "Write a model as a folder that open_clip, transformers or a runtime of ONNX reads",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			m, err := open(checkpoint, architecture)
			if err != nil {
				return err
			}
			return t.write(c, m, args[0])
		},
	}
	t.flags(c, "")
	c.Flags().StringVar(&checkpoint, "checkpoint", "", "the model, as model inspect takes it")
	c.Flags().StringVar(&architecture, "model", "", "architecture of a file of weights without a config, such as ViT-B-32")
	for _, name := range []string{"to", "checkpoint"} {
		if err := c.MarkFlagRequired(name); err != nil {
			panic(err) // there is no such flag
		}
	}
	return c
}

func blendCommand() *cobra.Command {
	var t target
	var out string
	var alpha float64
	c := &cobra.Command{
		Use:   "blend A B --alpha 0.5 --out OUT",
		Short: "Mix the weights of a model and of what it was fine-tuned to (WiSE-FT)",
		Args:  cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			a, err := open(args[0], "")
			if err != nil {
				return err
			}
			b, err := open(args[1], "")
			if err != nil {
				return err
			}
			if a.CLIP, err = export.Blend(a, b, alpha); err != nil {
				return err
			}
			a.Card = export.Card{
				Source: fmt.Sprintf("%g of %s and %g of %s", 1-alpha, a.Card.Source, alpha, b.Card.Source),
				Data:   append(a.Card.Data, b.Card.Data...),
			}
			return t.write(c, a, out)
		},
	}
	t.flags(c, export.OpenCLIP)
	c.Flags().StringVar(&out, "out", "", "the folder to write")
	c.Flags().Float64Var(&alpha, "alpha", 0.5, "share of B, from 0 to 1")
	if err := c.MarkFlagRequired("out"); err != nil {
		panic(err) // there is no such flag
	}
	return c
}

// open reads a model to be written.
func open(path, architecture string) (export.Model, error) {
	t, err := run.OpenAs(path, architecture)
	if err != nil {
		return export.Model{}, err
	}
	card, err := cardOf(t)
	return export.Model{CLIP: t.Model, Preprocess: t.Config.Data.Preprocess, Tokenizer: t.Tokenizer, Card: card}, err
}
