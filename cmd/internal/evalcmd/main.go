// Package evalcmd is the command eval.
package evalcmd

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/goclip/goclip/cmd/internal/cli"
	"github.com/goclip/goclip/eval"
	"github.com/goclip/goclip/internal/kernel"
	"github.com/goclip/goclip/run"
)

// Command is eval with its subcommands.
func Command() *cobra.Command {
	root := &cobra.Command{Use: "eval", Short: "Measure and use a trained model"}
	root.AddCommand(zeroshotCommand(), retrievalCommand(), probeCommand(), predictCommand(), searchCommand(), compareCommand(), embedCommand(), reportCommand(), serveCommand())
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

// checkpointUsage says what the flag of that name takes.
const checkpointUsage = "a run's workdir, a checkpoint folder, or a .safetensors file"

// A report says how a result is printed.
type report struct {
	asJSON  bool
	format  string
	dataset string
}

func (r *report) flags(c *cobra.Command) {
	c.Flags().BoolVar(&r.asJSON, "json", false, "print one line of JSON")
	c.Flags().StringVar(&r.format, "format", "", "clip_benchmark prints one line of JSON in the form of that program")
	c.Flags().StringVar(&r.dataset, "dataset", "", "name of the data in that line (default: its file's)")
}

func (r *report) check() error {
	if r.format != "" && r.format != "clip_benchmark" {
		return cli.Usagef("--format %q; want clip_benchmark", r.format)
	}
	return nil
}

// A benchmarked result has a form in CLIP_benchmark.
type benchmarked interface {
	Benchmark() (task string, m eval.Metrics)
}

// print prints a result: as JSON, in the form of CLIP_benchmark, or for people.
func (r *report) print(c *cobra.Command, model modelName, data string, result benchmarked, people func(io.Writer) error) error {
	switch {
	case r.format != "":
		task, metrics := result.Benchmark()
		if r.dataset != "" {
			data = r.dataset
		}
		return eval.BenchmarkResult{Dataset: data, Model: model.architecture, Pretrained: model.weights, Task: task, Metrics: metrics}.Write(c.OutOrStdout())
	case r.asJSON:
		return json.NewEncoder(c.OutOrStdout()).Encode(result)
	}
	return people(c.OutOrStdout())
}

// A modelName is how a model is called in the form of CLIP_benchmark.
type modelName struct{ architecture, weights string }

func (s *session) name() modelName {
	m := s.Config.Model
	return modelName{fmt.Sprintf("goclip-ViT-%d-%d-w%d-l%d", m.Image.Patch, m.Image.Size, m.Image.Width, m.Image.Layers), s.Path}
}

// dataName makes a name of patterns of files: shards/val-*.parquet is val.
func dataName(patterns string) string {
	name := filepath.Base(patterns)
	name = strings.TrimSuffix(name, filepath.Ext(name))
	return strings.Trim(strings.Map(func(r rune) rune {
		if strings.ContainsRune("*?[],", r) {
			return -1
		}
		return r
	}, name), "-_. ")
}
