// Command data makes shards and looks into them.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"

	"github.com/spf13/cobra"

	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/data/synth"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	root := &cobra.Command{Use: "data", Short: "Make shards and look into them", SilenceErrors: true, SilenceUsage: true,
		Args: usage(cobra.NoArgs), RunE: func(*cobra.Command, []string) error {
			return fmt.Errorf("%w: want a command: inspect or synth; see --help", errUsage)
		}}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return fmt.Errorf("%w: %w", errUsage, err) })
	root.AddCommand(inspectCommand(), synthCommand())
	if err := root.ExecuteContext(ctx); err != nil {
		text := strings.Join(strings.Fields(err.Error()), " ")
		if errors.Is(err, errUsage) {
			fmt.Fprintln(os.Stderr, strings.TrimPrefix(text, "usage: "))
			os.Exit(2)
		}
		fmt.Fprintln(os.Stderr, text)
		os.Exit(1)
	}
}

// errUsage marks a wrong call: exit code 2.
var errUsage = errors.New("usage")

// usage marks the errors of an argument check.
func usage(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if err := check(c, args); err != nil {
			return fmt.Errorf("%w: %w", errUsage, err)
		}
		return nil
	}
}

func inspectCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "inspect 'SHARDS'",
		Short: "Print how each shard is understood, and what is wrong with it",
		Args:  usage(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			problems, err := data.Inspect(os.Stdout, args[0], data.Config{})
			if err == nil && problems > 0 {
				err = fmt.Errorf("data: %d shards have a problem", problems)
			}
			return err
		},
	}
}

func synthCommand() *cobra.Command {
	var c synth.Config
	cmd := &cobra.Command{
		Use:   "synth FOLDER",
		Short: "Draw the quickstart's world of coloured shapes into Parquet shards",
		Args:  usage(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := synth.Write(cmd.Context(), args[0], c); err != nil {
				return err
			}
			fmt.Printf("train-*, val-seen-* and val-unseen-*.parquet, classes.txt and templates.txt are in %s\n", args[0])
			return nil
		},
	}
	cmd.Flags().Uint64Var(&c.Seed, "seed", 1, "what the random choices follow from")
	cmd.Flags().IntVar(&c.Size, "size", 0, "side of a picture in pixels (default 32)")
	cmd.Flags().IntVar(&c.Train, "train", 0, "training pairs (default 24000)")
	cmd.Flags().IntVar(&c.ValSeen, "val-seen", 0, "pairs of combinations that training shows (default 1000)")
	cmd.Flags().IntVar(&c.ValUnseen, "val-unseen", 0, "pairs of combinations that it never shows (default 1000)")
	cmd.Flags().StringVar(&c.Layout, "layout", "", "huggingface or img2dataset (default huggingface)")
	return cmd
}
