package traincmd

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/goclip/goclip/run"
	"github.com/goclip/goclip/train"
)

func (o *options) verifyCommand() *cobra.Command {
	var steps int
	var seed uint64
	var verbose bool
	c := &cobra.Command{
		Use:   "verify --config FILE",
		Short: "Prove that a run that is stopped and resumed ends in the same bits",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			config, err := o.load()
			if err != nil {
				return err
			}
			out := os.Stdout
			if !verbose {
				if out, err = os.OpenFile(os.DevNull, os.O_WRONLY, 0); err != nil {
					return err
				}
				defer func() { _ = out.Close() }() // nothing was kept
			}
			if !c.Flags().Changed("seed") {
				seed = uint64(time.Now().UnixNano())
			}
			fmt.Fprintf(c.OutOrStdout(), "instants drawn from --seed %d\n", seed)
			v, err := run.Verify(c.Context(), config, steps, seed, train.NewConsole(out, steps))
			if err != nil {
				return err
			}
			fmt.Fprintln(c.OutOrStdout(), v)
			if !v.Equal() {
				return fmt.Errorf("train: verify: a run that was resumed differs in: %s", v.Difference())
			}
			return nil
		},
	}
	o.configFlags(c)
	c.Flags().IntVar(&steps, "steps", 20, "number of steps to train, twice")
	c.Flags().Uint64Var(&seed, "seed", 0, "of the instants at which the run is stopped (default the time)")
	c.Flags().BoolVar(&verbose, "verbose", false, "show the lines of both runs")
	return c
}
