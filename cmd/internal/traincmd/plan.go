package traincmd

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/goclip/goclip/run"
	"github.com/goclip/goclip/train"
)

func (o *options) planCommand() *cobra.Command {
	var steps int
	c := &cobra.Command{
		Use:   "plan --config FILE",
		Short: "Say what a run will take: memory, time, disk",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			config, err := o.load()
			if err != nil {
				return err
			}
			p, err := run.MakePlan(c.Context(), config, steps, train.NewConsole(os.Stderr, steps))
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(c.OutOrStdout(), p)
			return err
		},
	}
	o.configFlags(c)
	c.Flags().IntVar(&steps, "steps", 3, "number of steps to measure")
	return c
}
