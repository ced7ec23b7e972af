package datacmd

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

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
		Short: "Measure the speed of reading, decoding, resizing and tokenizing, and which one limits",
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
		t, err := d.Bench(cmd.Context(), data.StreamConfig{
			Seed: run.Seed, Batch: run.Train.Batch, ImageSize: run.Model.Image.Size, Context: run.Model.Text.ContextLength,
			Tokenizer: tok, Ledger: data.NewLedger(cmd.ErrOrStderr(), run.Data),
		}, pairs)
		if err != nil {
			return err
		}
		return printThroughput(cmd.OutOrStdout(), t)
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

// printThroughput prints a table of what one core does in each stage, and what
// limits the whole.
func printThroughput(w io.Writer, t data.Throughput) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(table, "stage\tpairs/s\tMB/s\tµs a pair\tgoroutines\t\n")
	for _, stage := range []struct {
		name       string
		busy       time.Duration
		pairs      int64
		goroutines int
	}{
		{"read", t.Read, t.Rows, 1},
		{"decode", t.Decode, t.Images, t.Decoders},
		{"resize", t.Resize, t.Images, t.Decoders},
		{"tokenize", t.Tokenize, t.Images, t.Decoders},
	} {
		seconds := stage.busy.Seconds() / float64(max(1, stage.pairs))
		fmt.Fprintf(table, "%s\t%.0f\t%.1f\t%.1f\t%d\t\n", stage.name, 1/seconds, t.PairBytes()/seconds/1e6,
			seconds*1e6, stage.goroutines)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	all := t.PairsPerSecond()
	_, err := fmt.Fprintf(w, "all: %.0f pairs/s, %.1f MB/s of files of %.1f KB with %d decoders on %d cores; "+
		"%.1f batches ready when asked for one; the first batch after %.2f s\n"+
		"captions longer than the context: %.1f %%\nlimited by: %s\n",
		all, all*t.PairBytes()/1e6, t.PairBytes()/1e3, t.Decoders, t.Cores, t.Ready, t.First.Seconds(),
		100*float64(t.Truncated)/float64(max(1, t.Images)), t.Limit())
	return err
}
