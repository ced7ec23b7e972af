// Package evalcmd is the command eval: flags and printing, a file for each
// subcommand.
package evalcmd

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/goclip/goclip/eval"
	"github.com/goclip/goclip/run"
)

// Command is eval with its subcommands.
func Command() *cobra.Command {
	root := &cobra.Command{Use: "eval", Short: "Measure and use a trained model"}
	root.AddCommand(zeroshotCommand(), retrievalCommand(), probeCommand(), predictCommand(), searchCommand(),
		compareCommand(), embedCommand(), reportCommand(), serveCommand(), suiteCommand())
	return root
}

// A session is a trained model that is ready to embed.
type session struct {
	*run.Trained
	*eval.Embedder

	bad int // rows that could not be used
}

// A modelPath says where a model is.
type modelPath struct{ checkpoint, architecture string }

func (m *modelPath) flags(c *cobra.Command) {
	c.Flags().StringVar(&m.checkpoint, "checkpoint", "",
		"a run's workdir, a checkpoint folder, a folder of open_clip or transformers, or a file of weights")
	c.Flags().StringVar(&m.architecture, "model", "", "architecture of a file of weights without a config, such as ViT-B-32")
}

// open reads the model and reports on stderr which checkpoints were passed over on
// the way. Batch is the number of inputs in one forward pass; 0 means the default.
func (m modelPath) open(batch int) (*session, error) {
	trained, err := run.OpenAs(m.checkpoint, m.architecture)
	if err != nil {
		return nil, err
	}
	for _, skipped := range trained.Skipped {
		fmt.Fprintf(os.Stderr, "skipped: %v\n", skipped)
	}
	embedder, err := eval.NewEmbedder(trained.Model, trained.Tokenizer, batch, nil)
	if err != nil {
		return nil, err
	}
	return &session{Trained: trained, Embedder: embedder}, nil
}

// logits say how the model makes probabilities of cosines.
func (s *session) logits() eval.Logits { return eval.LogitsOf(s.Model) }
