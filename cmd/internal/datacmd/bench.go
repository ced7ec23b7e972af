package datacmd

import (
	"github.com/spf13/cobra"

	"github.com/goclip/goclip/cmd/internal/cli"
	"github.com/goclip/goclip/configs"
	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/data/tokenizer"
)

func benchCommand() *cobra.Command {
	var path string
	var sets []string
	var pairs int
	cmd := &cobra.Command{
		Use:   "bench --config RECIPE",
		Short: "Measure what reading, decoding, resizing and tokenizing do a second, and which one limits",
		Long: `Read the training data of a recipe as train would, train nothing, and print for
each stage pairs and megabytes a second of one core, and which stage limits.`,
		Args: cobra.NoArgs,
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		run, err := configs.Load(path, sets, nil)
		if err != nil {
			return err
		}
		d, err := data.OpenTrain(cmd.Context(), run.Data)
		if err != nil {
			return err
		}
		tok, err := benchTokenizer(cmd, run, d)
		if err != nil {
			return err
		}
		return d.Bench(cmd.Context(), cmd.OutOrStdout(), data.StreamConfig{
			Seed: run.Seed, Batch: run.Train.Batch, ImageSize: run.Model.Image.Size, Context: run.Model.Text.ContextLength,
			Tokenizer: tok, Ledger: data.NewLedger(cmd.ErrOrStderr(), run.Data),
		}, pairs)
	}
	cmd.Flags().StringVar(&path, "config", "", "recipe")
	cmd.Flags().StringArrayVar(&sets, "set", nil, "key=value over the recipe, such as data.train='shards/*.parquet'")
	cmd.Flags().IntVar(&pairs, "pairs", 20_000, "pairs to read, at least")
	cli.Required(cmd, "config")
	return cmd
}

// benchTokenizer is the vocabulary of a file or a small one, which costs as much.
func benchTokenizer(cmd *cobra.Command, run *configs.Run, d *data.Dataset) (*tokenizer.Tokenizer, error) {
	if run.Tokenizer.Path != "" {
		return run.Tokenizer.Load()
	}
	left := 20_000 // captions are enough
	return tokenizer.Train(func(yield func(string, error) bool) {
		for caption, err := range d.Captions(cmd.Context()) {
			if left--; left < 0 || !yield(caption, err) {
				return
			}
		}
	}, 1024)
}
