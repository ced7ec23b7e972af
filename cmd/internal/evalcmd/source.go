package evalcmd

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/goclip/goclip/cmd/internal/cli"
	"github.com/goclip/goclip/configs"
	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/data/storage"
	"github.com/goclip/goclip/eval/embeddings"
)

// A source is where embeddings come from: a model and shards, or a file that
// eval embed wrote.
type source struct {
	modelPath
	shards, embeddings string
}

func (s *source) flags(c *cobra.Command, shards string) {
	s.modelPath.flags(c)
	c.Flags().StringVar(&s.shards, "data", "", shards)
	c.Flags().StringVar(&s.embeddings, "embeddings", "", "a file of eval embed, .parquet or .npy, instead of --data")
}

// check refuses flags that say too little or too much. A model is needed for
// whatever is not in a file of embeddings.
func (s *source) check(model bool) error {
	switch {
	case (s.shards == "") == (s.embeddings == ""):
		return cli.Usagef("--data, --embeddings: have %q, %q; want one of them", storage.Redact(s.shards), s.embeddings)
	case s.checkpoint == "" && (model || s.shards != ""):
		return cli.Usagef("--checkpoint is missing")
	}
	return nil
}

// name is the name of the data in a result.
func (s *source) name() string { return dataName(storage.Redact(s.shards) + s.embeddings) }

// open reads the model if there is one to read.
func (s *source) open() (*session, error) {
	if s.checkpoint == "" {
		return nil, nil
	}
	return s.modelPath.open(0)
}

// set reads or makes the embeddings.
func (s *source) set(ctx context.Context, with *session, need data.Need) (*embeddings.Set, error) {
	if s.embeddings == "" {
		return with.embed(ctx, s.shards, need)
	}
	x, err := embeddings.Read(s.embeddings)
	if err != nil {
		return nil, err
	}
	if with != nil {
		weights, err := with.Hash()
		if err != nil {
			return nil, err
		}
		if x.Weights != "" && x.Weights != weights || x.Width != with.Config.Model.EmbedDim {
			return nil, fmt.Errorf("eval: %s was made with other weights than %s; want the images embedded again (eval embed)", s.embeddings,
				with.Path)
		}
	}
	for i, label := range x.Labels {
		if need.Label && label < 0 {
			return nil, fmt.Errorf("eval: %s: row %d has no label", s.embeddings, i)
		}
	}
	if need.Caption && len(x.Texts) == 0 {
		return nil, fmt.Errorf("eval: %s holds no captions; want them embedded with --captions (eval embed)", s.embeddings)
	}
	return x, nil
}

// classes are the names of the labels: those that the shards carry, or else the run's
// own, where they are still there, or nil.
func (s *source) classes(ctx context.Context, with *session) ([]string, error) {
	if s.shards != "" {
		if names, err := shardClasses(ctx, s.shards, with.Config.Data); err != nil || names != nil {
			return names, err
		}
	}
	return with.classes(ctx), nil
}

// classes are the names of the classes of the run's evaluations, where they are still
// there, or nil.
func (s *session) classes(ctx context.Context) []string {
	c := s.Config
	if c.Eval.Classes != "" {
		if names, err := configs.ReadClasses(c.Eval.Classes); err == nil {
			return names
		}
		return nil
	}
	for _, shards := range append([]string{c.Data.Val, c.Data.Train}, evalData(c)...) {
		if shards == "" {
			continue
		}
		if names, err := shardClasses(ctx, shards, c.Data); err == nil && names != nil {
			return names
		}
	}
	return nil
}

// evalData are the shards of eval.sets.
func evalData(c *configs.Run) (all []string) {
	for _, s := range c.Eval.Sets {
		all = append(all, s.Data)
	}
	return all
}

// embed embeds the images of shards, and their captions if they are needed.
func (s *session) embed(ctx context.Context, shards string, need data.Need) (*embeddings.Set, error) {
	d, err := data.Open(ctx, shards, s.Config.Data, need)
	if err != nil {
		return nil, err
	}
	ledger := data.NewLedger(io.Discard, s.Config.Data)
	x, err := s.Embed(ctx, d, need.Caption, ledger)
	if err != nil {
		return nil, err
	}
	if bad := ledger.Bad(); bad > 0 {
		fmt.Fprintf(os.Stderr, "%d rows cannot be used and are left out\n", bad)
	}
	if len(x.Labels) == 0 {
		return nil, fmt.Errorf("eval: %s: none of %d rows can be used", storage.Redact(shards), d.Len())
	}
	x.Weights, err = s.Hash()
	return x, err
}
