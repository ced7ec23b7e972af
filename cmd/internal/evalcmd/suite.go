package evalcmd

import (
	"fmt"
	"io"
	"math"
	"os"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/goclip/goclip/cmd/internal/cli"
	"github.com/goclip/goclip/eval"
	"github.com/goclip/goclip/eval/suite"
)

type suiteFlags struct {
	model        modelPath
	out, against string
	asJSON       bool
}

func suiteCommand() *cobra.Command {
	var f suiteFlags
	c := &cobra.Command{
		Use:   "suite --checkpoint PATH SUITE.yaml",
		Short: "Measure a model on many data sets, and print one table",
		Long: `Measure a model on the sets of a file, each a folder in the layout of CLIP_benchmark (test/0.tar,
classnames.txt, zeroshot_classification_templates.txt) or patterns of Parquet files, and a task:
zeroshot, multilabel, retrieval or linear_probe. The mean over all sets is of the metric that counts for
each, which --json shows. --out and --against are results in the form of CLIP_benchmark, a line each.`,
		Args: cobra.ExactArgs(1),
		RunE: f.run,
	}
	f.model.flags(c)
	c.Flags().StringVar(&f.out, "out", "", "file to write results to, a line of JSON for each set")
	c.Flags().StringVar(&f.against, "against", "", "file of results to compare with, of the same sets and tasks")
	c.Flags().BoolVar(&f.asJSON, "json", false, "print a line of JSON for each set")
	cli.Required(c, "checkpoint")
	return c
}

// A suiteLine is a line of the table, and what suite --json prints.
type suiteLine struct {
	eval.BenchmarkResult
	Images int     `json:"images"`
	Metric string  `json:"metric"` // that counts
	Score  float64 `json:"score"`

	// Other is the score of --against, and Difference how much larger Score is.
	Other      *float64 `json:"other,omitempty"`
	Difference *float64 `json:"difference,omitempty"`
}

func (f *suiteFlags) run(c *cobra.Command, args []string) error {
	config, err := suite.Load(args[0])
	if err != nil {
		return err
	}
	if f.out != "" {
		if err := checkOut("out", f.out); err != nil {
			return err
		}
	}
	other, err := f.others(config)
	if err != nil {
		return err
	}
	s, err := f.model.open(0)
	if err != nil {
		return err
	}
	var lines []suiteLine
	for _, set := range config.Sets {
		ledger := s.ledger(false)
		r, err := set.Measure(c.Context(), suite.Model{Embedder: s.Embedder, Data: s.Config.Data, Ledger: ledger})
		if err != nil {
			return err
		}
		s.bad += ledger.Bad()
		line := suiteLine{eval.BenchmarkResult{Dataset: set.Name, Model: s.name(), Pretrained: s.Path, Task: r.Task,
			Metrics: r.Metrics, Language: "en"}, r.Images, set.Metric, r.Score(), nil, nil}
		if o, ok := other[set.Name+" "+r.Task]; ok {
			score := suite.Result{Set: set, Metrics: o.Metrics}.Score()
			difference := line.Score - score
			line.Other, line.Difference = &score, &difference
		}
		lines = append(lines, line)
		if f.asJSON {
			if err := cli.PrintJSON(c.OutOrStdout(), line); err != nil {
				return err
			}
		}
	}
	if f.out != "" {
		if err := writeFile(f.out, func(w io.Writer) error { return writeResults(w, lines) }); err != nil {
			return err
		}
	}
	if !f.asJSON {
		if err := printSuite(c.OutOrStdout(), lines); err != nil {
			return err
		}
	}
	return s.left()
}

func writeResults(w io.Writer, lines []suiteLine) error {
	for _, l := range lines {
		if err := l.Write(w); err != nil {
			return err
		}
	}
	return nil
}

// others reads the results of --against, by data set and task. Each set of the suite must
// have one with its metric.
func (f *suiteFlags) others(c suite.Config) (map[string]eval.BenchmarkResult, error) {
	if f.against == "" {
		return nil, nil
	}
	file, err := os.Open(f.against)
	if err != nil {
		return nil, fmt.Errorf("eval: %w", err)
	}
	defer file.Close()
	all, err := eval.ReadBenchmark(file)
	if err != nil {
		return nil, fmt.Errorf("%w in %s", err, f.against)
	}
	other := make(map[string]eval.BenchmarkResult, len(all))
	for _, r := range all {
		key := r.Dataset + " " + r.Task
		if _, ok := other[key]; ok {
			return nil, fmt.Errorf("eval: %s has two results of %s; want those of one model", f.against, key)
		}
		other[key] = r
	}
	for _, set := range c.Sets {
		task := suite.BenchmarkTasks[set.Task]
		r, ok := other[set.Name+" "+task]
		if !ok {
			return nil, fmt.Errorf("eval: %s has no result of %s, task %s", f.against, set.Name, task)
		}
		if math.IsNaN(suite.Result{Set: set, Metrics: r.Metrics}.Score()) {
			return nil, fmt.Errorf("eval: %s: %s has no %s; want it, or another metric", f.against, set.Name, set.Metric)
		}
	}
	return other, nil
}

// printSuite prints a table, with the mean over all sets.
func printSuite(out io.Writer, lines []suiteLine) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	compared := lines[0].Other != nil
	fmt.Fprint(w, "dataset\ttask\timages\tmetric\tscore %")
	if compared {
		fmt.Fprint(w, "\tother %\tdifference")
	}
	fmt.Fprintln(w)
	var score, other float64
	n := float64(len(lines))
	for _, l := range lines {
		fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%.1f", l.Dataset, l.Task, l.Images, l.Metric, 100*l.Score)
		score += l.Score / n
		if compared {
			fmt.Fprintf(w, "\t%.1f\t%+.1f", 100**l.Other, 100**l.Difference)
			other += *l.Other / n
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintf(w, "mean of %d\t\t\t\t%.1f", len(lines), 100*score)
	if compared {
		fmt.Fprintf(w, "\t%.1f\t%+.1f", 100*other, 100*(score-other))
	}
	fmt.Fprintln(w)
	return w.Flush()
}
