package traincmd

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/goclip/goclip/cmd/internal/cli"
	"github.com/goclip/goclip/configs"
	"github.com/goclip/goclip/run"
	"github.com/goclip/goclip/train"
)

func (o *options) inspectCommand() *cobra.Command {
	var step int
	var asJSON bool
	c := &cobra.Command{
		Use:   "inspect --workdir RUN --step N",
		Short: "Rebuild the batch of a step: rows, captions, losses, the grid",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			config, err := configs.LoadStarted(filepath.Join(o.workdir, run.ConfigFile), o.sets, os.Environ())
			if err != nil {
				return err
			}
			n, err := run.Inspect(c.Context(), config, o.workdir, step, train.NewConsole(os.Stderr, step))
			if err != nil {
				return err
			}
			if asJSON {
				e := json.NewEncoder(c.OutOrStdout())
				e.SetIndent("", " ")
				return e.Encode(n)
			}
			_, err = fmt.Fprintln(c.OutOrStdout(), n)
			return err
		},
	}
	c.Flags().StringVar(&o.workdir, "workdir", "", "folder of the run")
	c.Flags().StringArrayVar(&o.sets, "set", nil,
		"change a field of the run's config, such as data.train; may be repeated")
	c.Flags().IntVar(&step, "step", 0, "step of the run")
	c.Flags().BoolVar(&asJSON, "json", false, "write JSON with every pair and the grid")
	cli.Required(c, "step", "workdir")
	return c
}
