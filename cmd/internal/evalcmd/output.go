package evalcmd

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/goclip/goclip/cmd/internal/cli"
	"github.com/goclip/goclip/eval"
	"github.com/goclip/goclip/internal/atomicfile"
)

// An output says how a result is printed.
type output struct {
	asJSON  bool
	format  string
	dataset string
}

func (o *output) flags(c *cobra.Command) {
	c.Flags().BoolVar(&o.asJSON, "json", false, "print one line of JSON")
	c.Flags().StringVar(&o.format, "format", "", "clip_benchmark prints one line of JSON in the form of that program")
	c.Flags().StringVar(&o.dataset, "dataset", "", "name of the data in that line (default: its file's)")
}

func (o *output) check() error {
	if o.format != "" && o.format != "clip_benchmark" {
		return cli.Usagef("--format %q; want clip_benchmark", o.format)
	}
	return nil
}

// A benchmarked result has a form in CLIP_benchmark.
type benchmarked interface {
	Benchmark() (task string, m eval.Metrics)
}

// print prints a result: as JSON, in the form of CLIP_benchmark, or for people.
// Model is nil where the result is of embeddings alone.
func (o *output) print(c *cobra.Command, model *session, data string, result benchmarked,
	people func(io.Writer) error) error {
	switch {
	case o.format != "":
		line := eval.BenchmarkResult{Dataset: data}
		line.Task, line.Metrics = result.Benchmark()
		if o.dataset != "" {
			line.Dataset = o.dataset
		}
		if model != nil {
			line.Model = model.name()
			line.Pretrained = model.Path
		}
		return line.Write(c.OutOrStdout())
	case o.asJSON:
		return cli.PrintJSON(c.OutOrStdout(), result)
	}
	return people(c.OutOrStdout())
}

// name is the model's in results.
func (s *session) name() string {
	m := s.Config.Model
	return fmt.Sprintf("goclip-ViT-%d-%d-w%d-l%d", m.Image.Patch, m.Image.Size, m.Image.Width, m.Image.Layers)
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

// checkOut refuses, before any work, a file whose folder is not there.
func checkOut(flag, path string) error {
	if _, err := os.Stat(filepath.Dir(path)); err != nil {
		return fmt.Errorf("eval: --%s %s: %w", flag, path, err)
	}
	return nil
}

// writeFile writes a whole file, or none. What exists and is no regular file,
// such as /dev/stdout, is written to as it stands.
func writeFile(path string, write func(io.Writer) error) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) || err == nil && info.Mode().IsRegular():
		err = atomicfile.Write(path, write)
	case err == nil:
		var f *os.File
		if f, err = os.OpenFile(path, os.O_WRONLY, 0); err == nil {
			err = errors.Join(write(f), f.Close())
		}
	}
	if err != nil {
		return fmt.Errorf("eval: %s: %w", path, err)
	}
	return nil
}

// sayWritten says which file was written, unless there is an error, or what was
// written is no file, such as /dev/stdout.
func sayWritten(c *cobra.Command, path string, err error) error {
	if err != nil {
		return err
	}
	if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
		fmt.Fprintf(c.ErrOrStderr(), "%s: %.1f MB written\n", path, float64(info.Size())/1e6)
	}
	return nil
}
