package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/eval"
	"github.com/goclip/goclip/internal/cli"
)

func zeroshotCommand() *cobra.Command {
	var checkpoint, shards, classFile, templateFile string
	var asJSON bool
	c := &cobra.Command{
		Use:   "zeroshot --checkpoint PATH --data 'SHARDS' --classes FILE",
		Short: "Classify labelled images by prompts for their classes",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			classes, err := eval.ReadClasses(classFile)
			if err != nil {
				return err
			}
			templates := []string{eval.DefaultTemplate}
			if templateFile != "" {
				if templates, err = eval.ReadTemplates(templateFile); err != nil {
					return err
				}
			}
			s, err := open(checkpoint, 0)
			if err != nil {
				return err
			}
			defer s.pool.Close()
			d, err := data.Open(shards, s.Config.Data, data.Need{Label: true})
			if err != nil {
				return err
			}
			ledger := data.NewLedger(io.Discard, s.Config.Data)
			z, err := s.ZeroShot(c.Context(), d, classes, templates, ledger)
			if err != nil {
				return err
			}
			if bad := ledger.Bad(); bad > 0 {
				fmt.Fprintf(os.Stderr, "%d rows cannot be used and are left out\n", bad)
			}
			if asJSON {
				return json.NewEncoder(c.OutOrStdout()).Encode(z)
			}
			return printZeroShot(c.OutOrStdout(), z, s.Path)
		},
	}
	c.Flags().StringVar(&checkpoint, "checkpoint", "", "a run's workdir, a checkpoint folder, or a .safetensors file")
	c.Flags().StringVar(&shards, "data", "", "patterns of Parquet files with labels")
	c.Flags().StringVar(&classFile, "classes", "", "class names, one a line; a label is the number of its line, from 0")
	c.Flags().StringVar(&templateFile, "templates", "", "prompts, one a line, with {} for the class (default \"a photo of a {}\")")
	c.Flags().BoolVar(&asJSON, "json", false, "print one line of JSON")
	cli.Required(c, "checkpoint", "data", "classes")
	return c
}

func printZeroShot(out io.Writer, z eval.ZeroShot, path string) error {
	fmt.Fprintf(out, "%s\n%d images, %d classes\n", path, z.N, z.Classes)
	fmt.Fprintf(out, "top-1           %5.1f %%  (95 %% between %.1f and %.1f; chance %.1f)\n", 100*z.Top1, 100*z.Low, 100*z.High, 100*z.Chance())
	fmt.Fprintf(out, "top-5           %5.1f %%\n", 100*z.Top5)
	fmt.Fprintf(out, "mean per class  %5.1f %%\n\n", 100*z.MeanPerClass)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "top-1 %\ttop-5 %\timages\tclass\t")
	for _, s := range z.PerClass {
		fmt.Fprintf(w, "%.1f\t%.1f\t%d\t%s\t\n", 100*s.Top1, 100*s.Top5, s.N, s.Class)
	}
	return w.Flush()
}
