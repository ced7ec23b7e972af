// Package datacmd is the command data: it makes shards and looks into them.
package datacmd

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/goclip/goclip/data/synth"
)

// Command is data with its subcommands.
func Command() *cobra.Command {
	root := &cobra.Command{Use: "data", Short: "Make shards and look into them"}
	root.AddCommand(benchCommand(), doctorCommand(), inspectCommand(), packCommand(), synthCommand())
	return root
}

func synthCommand() *cobra.Command {
	var c synth.Config
	cmd := &cobra.Command{
		Use:   "synth FOLDER",
		Short: "Draw the quickstart's world of colored shapes into Parquet shards",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := synth.Write(cmd.Context(), args[0], c); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(),
				"train-*, val-seen-* and val-unseen-*.parquet, classes.txt and templates.txt are in %s\n", args[0])
			return nil
		},
	}
	cmd.Flags().Uint64Var(&c.Seed, "seed", 1, "seed of all random choices")
	cmd.Flags().IntVar(&c.Size, "size", 0, "side of a picture in pixels (default 32)")
	cmd.Flags().IntVar(&c.Train, "train", 0, "training pairs (default 24000)")
	cmd.Flags().IntVar(&c.ValSeen, "val-seen", 0, "pairs of combinations that training shows (default 1000)")
	cmd.Flags().IntVar(&c.ValUnseen, "val-unseen", 0, "pairs of combinations that it never shows (default 1000)")
	cmd.Flags().StringVar(&c.Layout, "layout", "", "huggingface or img2dataset (default huggingface)")
	return cmd
}
