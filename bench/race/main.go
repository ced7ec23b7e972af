// Command race measures this program and PyTorch in turn on the same machine:
// train bench, and a script that measures open_clip on random data and writes
// JSON. It prints the ratio of each model and phase, the median of the rounds.
// See make race.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
)

// options are the flags.
type options struct {
	peer, python   string
	cases          []entry
	rounds         int
	steps, warmup  int
	threads        int
	compile        bool
	program, files string // ours, built; a folder for the peer's results
}

// An entry is a model, a batch, and a precision: f32 or bf16, which is PyTorch's
// autocast to bfloat16 on the other side.
type entry struct {
	model     string
	batch     int
	precision string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context) (err error) {
	var o options
	flag.StringVar(&o.peer, "peer", "", "the script torch_clip.py")
	flag.StringVar(&o.python, "python", "python3", "a Python with torch and open_clip_torch")
	flag.IntVar(&o.rounds, "rounds", 3, "times that both are measured")
	flag.IntVar(&o.steps, "steps", 5, "steps to measure in each phase")
	flag.IntVar(&o.warmup, "warmup", 2, "steps before those")
	flag.IntVar(&o.threads, "threads", 2, "threads of each")
	precisions := flag.String("precisions", "f32,bf16", "f32, bf16 or both")
	flag.BoolVar(&o.compile, "compile", false,
		"measure the training step under torch.compile as well, and take the faster")
	cases := flag.String("cases", "tiny:64,tiny:256,small:32,b32:32", "models and batches")
	flag.Parse()
	if o.peer == "" {
		return fmt.Errorf("race: no peer; want the path of torch_clip.py, as in make race PEER=torch_clip.py")
	}
	if o.cases, err = parseCases(*cases, *precisions); err != nil {
		return err
	}
	if o.files, err = os.MkdirTemp("", "race"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(o.files)) }()
	o.program = filepath.Join(o.files, "train")
	if _, err := output(ctx, "go", "build", "-o", o.program, "./cmd/train"); err != nil {
		return err
	}
	var all []result
	for round := range o.rounds {
		for _, e := range o.cases {
			r, err := o.measure(ctx, e)
			if err != nil {
				return err
			}
			fmt.Fprintf(os.Stderr, "round %d of %d: %v\n", round+1, o.rounds, r)
			all = append(all, r)
		}
	}
	return o.print(ctx, os.Stdout, all)
}

func parseCases(list, precisions string) (all []entry, err error) {
	for _, s := range strings.Split(list, ",") {
		name, number, _ := strings.Cut(s, ":")
		batch, err := strconv.Atoi(number)
		if err != nil || name == "" {
			return nil, fmt.Errorf("race: case %q; want a model and a batch, such as tiny:64", s)
		}
		for _, precision := range strings.Split(precisions, ",") {
			all = append(all, entry{name, batch, precision})
		}
	}
	return all, nil
}
