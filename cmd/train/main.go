// Command train trains CLIP on image-caption pairs in Parquet shards.
package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/goclip/goclip/configs"
	"github.com/goclip/goclip/internal/cli"
	"github.com/goclip/goclip/internal/run"
	"github.com/goclip/goclip/train"
)

func main() {
	// The arena of a run is large and lives as long as it; as much again in
	// garbage, Go's default, would double the memory for nothing.
	debug.SetGCPercent(20)
	os.Exit(cli.Run(command(), os.Args[1:], os.Stderr))
}

func command() *cobra.Command {
	var config, workdir string
	var sets []string
	var resume bool
	c := &cobra.Command{
		Use:     "train --config FILE",
		Short:   "Train CLIP on image-caption pairs in Parquet shards",
		Example: "  train --config configs/quickstart.yaml\n  train --config configs/cifar10.yaml --set data.train='shards/train-*.parquet' --workdir runs/c10",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return trainRun(c.Context(), config, workdir, sets, resume)
		},
	}
	c.Flags().StringVar(&config, "config", "", "recipe in YAML; with --resume, that of the run by default")
	c.Flags().StringVar(&workdir, "workdir", "", "folder of the run (default runs/NAME of the recipe)")
	c.Flags().StringArrayVar(&sets, "set", nil, "change a field of the recipe: a.b=c; may be repeated")
	c.Flags().BoolVar(&resume, "resume", false, "continue the run in --workdir from its newest checkpoint")
	c.AddCommand(benchCommand())
	return c
}

func trainRun(ctx context.Context, config, workdir string, sets []string, resume bool) error {
	switch {
	case config == "" && resume && workdir != "":
		config = filepath.Join(workdir, "config.yaml")
	case config == "":
		return cli.Usagef("--config is missing; want a recipe, such as configs/quickstart.yaml")
	}
	if workdir == "" {
		workdir = filepath.Join("runs", strings.TrimSuffix(filepath.Base(config), filepath.Ext(config)))
	}
	var c *configs.Run
	var differs string
	var err error
	if resume {
		c, differs, err = configs.LoadResume(filepath.Join(workdir, "config.yaml"), config, sets, os.Environ())
	} else {
		c, err = configs.Load(config, sets, os.Environ())
	}
	if err != nil {
		return err
	}
	r := run.Run{Config: c, Workdir: workdir, Resume: resume, Log: train.NewConsole(os.Stdout, c.Train.Steps)}
	if differs != "" {
		r.Log.Printf("the run goes on with its own config, not with that of %s: %s", config, differs)
	}
	err = r.Train(ctx)
	if errors.Is(err, train.ErrInterrupted) {
		r.Log.Printf("saved; continue with: go run ./cmd/train --config %s --workdir %s --resume", config, workdir)
		return nil
	}
	return err
}
