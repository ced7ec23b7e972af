package evalcmd

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/goclip/goclip/cmd/internal/cli"
	"github.com/goclip/goclip/configs"
	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/eval"
)

func compareCommand() *cobra.Command {
	var shards, classFile, templateFile string
	var asJSON bool
	c := &cobra.Command{
		Use:   "compare RUN_A RUN_B --data 'SHARDS' --classes FILE",
		Short: "Say whether one model is better than another on the same images",
		Args:  cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, runs []string) error {
			classes, templates, err := prompts(classFile, templateFile)
			if err != nil {
				return err
			}
			var right [2][]float64
			var rows [2][]data.RowRef
			for i, path := range runs {
				s, err := open(path, 0)
				if err != nil {
					return err
				}
				classifier, err := s.Classifier(c.Context(), classes, templates)
				if err != nil {
					return err
				}
				x, err := s.embed(c.Context(), shards, data.Need{Label: true})
				if err != nil {
					return err
				}
				if right[i], err = classifier.Right(x.Images, x.Labels); err != nil {
					return err
				}
				rows[i] = x.Rows
				s.pool.Close()
			}
			if len(rows[0]) != len(rows[1]) {
				return fmt.Errorf("eval: compare: %s can use %d rows of the data, %s %d; want the same", runs[0], len(rows[0]), runs[1], len(rows[1]))
			}
			result, err := eval.Compare(right[0], right[1], 1)
			if err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(c.OutOrStdout()).Encode(result)
			}
			out := c.OutOrStdout()
			fmt.Fprintf(out, "%d images, %d classes, top-1\nA  %5.1f %%  %s\nB  %5.1f %%  %s\n%v\n", result.N, len(classes), 100*result.A, runs[0], 100*result.B, runs[1], result)
			return nil
		},
	}
	c.Flags().StringVar(&shards, "data", "", "patterns of Parquet files with labels")
	promptFlags(c, &classFile, &templateFile)
	c.Flags().BoolVar(&asJSON, "json", false, "print one line of JSON")
	cli.Required(c, "data", "classes")
	return c
}

// promptFlags adds the flags of a class list and of templates.
func promptFlags(c *cobra.Command, classes, templates *string) {
	c.Flags().StringVar(classes, "classes", "", "class names, one a line; a label is the number of its line, from 0")
	c.Flags().StringVar(templates, "templates", "", "prompts, one a line, with {} for the class (default \"a photo of a {}\")")
}

// prompts reads the files of promptFlags.
func prompts(classFile, templateFile string) (classes, templates []string, err error) {
	if classes, err = configs.ReadClasses(classFile); err != nil {
		return nil, nil, err
	}
	templates, err = configs.ReadTemplates(templateFile)
	return classes, templates, err
}
