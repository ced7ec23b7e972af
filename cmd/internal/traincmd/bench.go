package traincmd

import (
	"encoding/json"
	"time"

	"github.com/spf13/cobra"

	"github.com/goclip/goclip/bench"
	"github.com/goclip/goclip/cmd/internal/cli"
	"github.com/goclip/goclip/model"
)

var started = time.Now()

func benchCommand() *cobra.Command {
	config := bench.Config{Started: started}
	var asJSON bool
	c := &cobra.Command{
		Use:     "bench",
		Short:   "Measure the training step and both towers on random data",
		Example: "  train bench --model b32 --batch 32 --threads 2\n  train bench --freeze 'visual.*' --cached --loss sigmoid",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := config.Validate(); err != nil {
				return cli.Usagef("%w", err)
			}
			r, err := bench.Run(c.Context(), config)
			if err != nil {
				return err
			}
			if !asJSON {
				return r.Print(c.OutOrStdout())
			}
			e := json.NewEncoder(c.OutOrStdout())
			e.SetIndent("", "  ")
			return e.Encode(r)
		},
	}
	c.Flags().StringVar(&config.Model, "model", "tiny", "tiny, small or b32")
	c.Flags().IntVar(&config.Batch, "batch", 64, "pairs in a step")
	c.Flags().IntVar(&config.Threads, "threads", 0, "threads that compute; 0 means all cores")
	c.Flags().StringVar(&config.Precision, "precision", "f32", "f32 or bf16")
	c.Flags().StringVar(&config.Rematerialize, "rematerialize", "none", "none or block, as in train.rematerialize")
	c.Flags().StringVar(&config.Loss, "loss", model.Softmax, "softmax or sigmoid, as in model.loss")
	c.Flags().StringSliceVar(&config.Freeze, "freeze", nil, "parameters to freeze, such as visual.*, as in train.freeze")
	c.Flags().BoolVar(&config.Cached, "cached", false, "take the embeddings of frozen towers as given, as from the cache of a run")
	c.Flags().IntVar(&config.Steps, "steps", 5, "steps to measure in each phase")
	c.Flags().IntVar(&config.Warmup, "warmup", 2, "steps before those")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}
