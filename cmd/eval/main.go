// Command eval measures and uses a trained model.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"

	"github.com/spf13/cobra"

	"github.com/goclip/goclip/eval"
	"github.com/goclip/goclip/internal/kernel"
	"github.com/goclip/goclip/internal/run"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	root := &cobra.Command{Use: "eval", Short: "Measure and use a trained model", SilenceErrors: true, SilenceUsage: true,
		Args: usage(cobra.NoArgs), RunE: func(*cobra.Command, []string) error {
			return fmt.Errorf("%w: want a command: zeroshot or predict; see --help", errUsage)
		}}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return fmt.Errorf("%w: %w", errUsage, err) })
	root.AddCommand(zeroshotCommand(), predictCommand())
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

// A session is a trained model that is ready to embed.
type session struct {
	*run.Trained
	*eval.Embedder
	pool *kernel.Pool
}

// open reads the model of a checkpoint argument and says on stderr what was
// passed over on the way.
func open(path string, batch int) (*session, error) {
	trained, err := run.Open(path)
	if err != nil {
		return nil, err
	}
	for _, skipped := range trained.Skipped {
		fmt.Fprintf(os.Stderr, "skipped: %v\n", skipped)
	}
	pool := kernel.NewPool(0)
	embedder, err := eval.NewEmbedder(trained.Model, trained.Tokenizer, batch, pool)
	if err != nil {
		return nil, err
	}
	return &session{trained, embedder, pool}, nil
}

// required marks flags without which a command makes no sense.
func required(c *cobra.Command, names ...string) {
	check := c.RunE
	c.RunE = func(c *cobra.Command, args []string) error {
		for _, name := range names {
			if !c.Flags().Changed(name) {
				return fmt.Errorf("%w: --%s is missing", errUsage, name)
			}
		}
		return check(c, args)
	}
}
