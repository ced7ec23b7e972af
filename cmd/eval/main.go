// Command eval measures and uses a trained model.
package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/goclip/goclip/eval"
	"github.com/goclip/goclip/internal/cli"
	"github.com/goclip/goclip/internal/kernel"
	"github.com/goclip/goclip/internal/run"
)

func main() { os.Exit(cli.Run(command(), os.Args[1:], os.Stderr)) }

func command() *cobra.Command {
	root := &cobra.Command{Use: "eval", Short: "Measure and use a trained model"}
	root.AddCommand(zeroshotCommand(), predictCommand())
	return root
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
