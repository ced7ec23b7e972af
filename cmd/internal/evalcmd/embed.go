package evalcmd

import (
	"encoding/json"
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

func embedCommand() *cobra.Command {
	var checkpoint, shards, out string
	var captions, asJSON bool
	c := &cobra.Command{
		Use:   "embed --checkpoint PATH --data 'SHARDS' --out FILE",
		Short: "Write the embeddings of images and captions, for the other commands",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := open(checkpoint, 0)
			if err != nil {
				return err
			}
			defer s.pool.Close()
			x, err := s.embed(c.Context(), shards, data.Need{Caption: captions})
			if err != nil {
				return err
			}
			if err := x.Save(out); err != nil {
				return err
			}
			e := embedding{out, len(x.Labels), len(x.Captions), x.Width}
			if asJSON {
				return json.NewEncoder(c.OutOrStdout()).Encode(e)
			}
			fmt.Fprintf(c.OutOrStdout(), "%s: %d images and %d captions, %d numbers each\n", e.Out, e.Images, e.Texts, e.Width)
			return nil
		},
	}
	c.Flags().StringVar(&checkpoint, "checkpoint", "", checkpointUsage)
	c.Flags().StringVar(&shards, "data", "", "patterns of Parquet files")
	c.Flags().StringVar(&out, "out", "", "file to write: NAME.parquet, or NAME.npy and NAME.texts.npy for numpy")
	c.Flags().BoolVar(&captions, "captions", false, "embed the captions, too")
	c.Flags().BoolVar(&asJSON, "json", false, "print one line of JSON")
	cli.Required(c, "checkpoint", "data", "out")
	return c
}
