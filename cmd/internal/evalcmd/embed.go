package evalcmd

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/goclip/goclip/cmd/internal/cli"
	"github.com/goclip/goclip/data"
)

// An embedding is what embed prints.
type embedding struct {
	Out    string `json:"out"`
	Images int    `json:"images"`
	Texts  int    `json:"texts"`
	Width  int    `json:"width"`
}

type embedFlags struct {
	model            modelPath
	shards, out      string
	captions, asJSON bool
}

func embedCommand() *cobra.Command {
	var f embedFlags
	c := &cobra.Command{
		Use:   "embed --checkpoint PATH --data 'SHARDS' --out FILE",
		Short: "Write the embeddings of images and captions, for the other commands",
		Args:  cobra.NoArgs,
		RunE:  f.run,
	}
	f.model.flags(c)
	c.Flags().StringVar(&f.shards, "data", "", "patterns of Parquet files")
	c.Flags().StringVar(&f.out, "out", "", "file to write: NAME.parquet, or NAME.npy and NAME.texts.npy for numpy")
	c.Flags().BoolVar(&f.captions, "captions", false, "embed the captions, too")
	c.Flags().BoolVar(&f.asJSON, "json", false, "print one line of JSON")
	cli.Required(c, "checkpoint", "data", "out")
	return c
}

func (f *embedFlags) run(c *cobra.Command, _ []string) error {
	if err := checkOut("out", f.out); err != nil {
		return err
	}
	s, err := f.model.open(0)
	if err != nil {
		return err
	}
	x, err := s.embed(c.Context(), f.shards, data.Need{Caption: f.captions})
	if err != nil {
		return err
	}
	if err := x.Save(f.out); err != nil {
		return err
	}
	e := embedding{f.out, len(x.Labels), len(x.Captions), x.Width}
	if f.asJSON {
		return cli.PrintJSON(c.OutOrStdout(), e)
	}
	_, err = fmt.Fprintf(c.OutOrStdout(), "%s: %d images and %d captions, %d numbers each\n", e.Out, e.Images, e.Texts,
		e.Width)
	return err
}
