// Package traincmd is the command train.
package traincmd

import (
	"context"
	"encoding/csv"
	"errors"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/goclip/goclip/cmd/internal/cli"
	"github.com/goclip/goclip/configs"
	"github.com/goclip/goclip/internal/dist"
	"github.com/goclip/goclip/run"
	"github.com/goclip/goclip/train"
)

// Command is train with its subcommands.
func Command() *cobra.Command {
	var o options
	c := &cobra.Command{
		Use:     "train --config FILE",
		Short:   "Train CLIP on image-caption pairs in Parquet shards",
		Example: "  train --config quickstart\n  train --config cifar10 --set data.train='shards/train-*.parquet' --workdir runs/c10",
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return o.train(c) },
	}
	o.configFlags(c)
	c.Flags().StringVar(&o.workdir, "workdir", "", "folder of the run (default runs/NAME of the recipe)")
	c.Flags().BoolVar(&o.resume, "resume", false, "continue the run in --workdir from its newest checkpoint")
	c.Flags().StringVar(&o.extend, "extend", "",
		"with --resume, go on to a later end: steps=N, or steps=N,rewarm for a learning rate that rises again")
	c.Flags().StringVar(&o.page, "page", "",
		"address for a page of the run, such as 127.0.0.1:8080; none shows none (default: of the quickstart, a free port)")
	c.Flags().BoolVar(&o.open, "open", false, "open the page in a browser; without --page, at a free port of this machine")
	c.Flags().BoolVar(&o.verbose, "verbose", false, "say more: how well the order is shuffled, memory, parameter groups")
	// The arena of a run is large and lives as long as it; as much again in
	// garbage, Go's default, would double the memory for nothing.
	c.PersistentPreRun = func(*cobra.Command, []string) { debug.SetGCPercent(20) }
	c.AddCommand(benchCommand(), o.planCommand(), o.verifyCommand(), o.inspectCommand(), configCommand())
	return c
}

// options are the flags of all commands.
type options struct {
	config, workdir, extend string
	page                    string
	sets                    []string
	resume, open, verbose   bool
}

// configFlags gives c the flags of a recipe.
func (o *options) configFlags(c *cobra.Command) {
	c.Flags().StringVar(&o.config, "config", "",
		"recipe: a YAML file, or the name of one that comes with the program; with --resume, that of the run by default")
	c.Flags().StringArrayVar(&o.sets, "set", nil, "change a field of the recipe: a.b=c; may be repeated")
}

// load reads the recipe.
func (o *options) load() (*configs.Run, error) {
	if o.config == "" {
		return nil, cli.Usagef("--config is missing; want a recipe, such as quickstart")
	}
	return configs.Load(o.config, o.sets, os.Environ())
}

// train starts a run or continues it.
func (o *options) train(cmd *cobra.Command) error {
	if err := dist.Alone(); err != nil {
		return err
	}
	ctx := cmd.Context()
	config, workdir := o.config, o.workdir
	switch {
	case o.extend != "" && !o.resume:
		return cli.Usagef("--extend without --resume; want a run that goes on")
	case config == "" && o.resume && workdir != "":
		config = filepath.Join(workdir, run.ConfigFile)
	case config == "" && o.resume:
		return cli.Usagef("--workdir is missing; want the folder of the run to resume")
	case config == "":
		return cli.Usagef("--config is missing; want a recipe, such as quickstart")
	}
	if workdir == "" {
		workdir = filepath.Join("runs", strings.TrimSuffix(filepath.Base(config), filepath.Ext(config)))
	}
	extend, rewarm, err := parseExtend(o.extend)
	if err != nil {
		return err
	}
	var c *configs.Run
	var differs string
	if o.resume {
		c, differs, err = configs.LoadResume(filepath.Join(workdir, run.ConfigFile), config, o.sets, os.Environ())
	} else {
		c, err = o.load()
	}
	if err != nil {
		return err
	}
	log := train.NewConsole(cmd.OutOrStdout(), max(c.Train.Steps, extend))
	log.Verbose, log.Color = o.verbose, cli.Color()
	if differs != "" {
		log.Printf("the run goes on with its own config, not with %s: %s", config, differs)
	}
	stop, err := o.showPage(cmd, config, workdir, log)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { log.Stop("stopping; a second Ctrl-C leaves at once, without saving") })()
	result, err := run.Train(ctx, run.Options{
		Config: c, Dir: workdir, Resume: o.resume, Extend: extend, Rewarm: rewarm, Log: log, Alone: true,
	})
	stop()
	if errors.Is(err, train.ErrInterrupted) {
		log.Printf("saved; continue with: %s --workdir %s --resume", cli.Tool(cmd, "train"), cli.Quote(workdir))
		return nil
	}
	if err != nil {
		return err
	}
	if result.Done {
		log.Printf("nothing to do: %s has been trained to its end, step %d; "+
			"to train on: %s --workdir %s --resume --extend steps=%d,rewarm",
			workdir, result.Step, cli.Tool(cmd, "train"), cli.Quote(workdir), 2*result.Step)
		printScores(log, result)
		return nil
	}
	summarize(cmd, log, workdir, result)
	return nil
}

// summarize says where everything is, and what to do with it.
func summarize(cmd *cobra.Command, log *train.Console, workdir string, r *run.Result) {
	log.Printf("")
	log.Printf("done: weights in %s, metrics in %s, config in %s",
		r.Weights, filepath.Join(workdir, run.MetricsFile), filepath.Join(workdir, run.ConfigFile))
	labels := "LABEL,LABEL"
	if len(r.Classes) > 1 {
		labels = line(r.Classes[:min(3, len(r.Classes))])
	}
	log.Printf("logit scale %.1f; try: %s predict --checkpoint %s --labels %s PICTURE",
		r.LogitScale, cli.Tool(cmd, "eval"), cli.Quote(workdir), cli.Quote(labels))
	log.Printf("see how it was learned: %s serve --workdir %s", cli.Tool(cmd, "eval"), cli.Quote(workdir))
	printScores(log, r)
	if r.Best != "" {
		log.Printf("best %s: %s", r.BestScore, r.Best)
	}
}

// printScores prints the evaluations of the last step.
func printScores(log *train.Console, r *run.Result) {
	for _, e := range r.Evaluations {
		for _, line := range e.Lines() {
			log.Printf("%s", line)
		}
	}
}

// line is a line of CSV.
func line(fields []string) string {
	var s strings.Builder
	w := csv.NewWriter(&s)
	_ = w.Write(fields) // to memory
	w.Flush()
	return strings.TrimSuffix(s.String(), "\n")
}

// parseExtend reads the value of --extend.
func parseExtend(extend string) (steps int, rewarm bool, err error) {
	if extend == "" {
		return 0, false, nil
	}
	text, rewarm := strings.CutSuffix(extend, ",rewarm")
	text, ok := strings.CutPrefix(text, "steps=")
	n, err := strconv.Atoi(text)
	if !ok || err != nil || n < 1 {
		return 0, false, cli.Usagef("--extend %s; want steps=N, the new number of steps, or steps=N,rewarm", extend)
	}
	return n, rewarm, nil
}
