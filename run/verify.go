package run

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/goclip/goclip/configs"
	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/eval"
	"github.com/goclip/goclip/train"
)

// A Verdict compares a run that was stopped and resumed with one that was not.
type Verdict struct {
	Steps   int
	Stopped []int // after which steps
	Skipped int   // bad steps
	Parts   []Part
}

// A Part is something that must be equal, as its SHA-256.
type Part struct{ Name, Whole, Resumed string }

// Equal says that every part is.
func (v *Verdict) Equal() bool { return v.Difference() == "" }

// Difference names the parts that differ, or is "".
func (v *Verdict) Difference() string {
	var names []string
	for _, p := range v.Parts {
		if p.Whole != p.Resumed {
			names = append(names, p.Name)
		}
	}
	return strings.Join(names, ", ")
}

func (v *Verdict) String() string {
	var s strings.Builder
	fmt.Fprintf(&s, "%d steps, of which %d skipped, and as many stopped after step %v and resumed\n", v.Steps,
		v.Skipped, strings.Trim(fmt.Sprint(v.Stopped), "[]"))
	for _, p := range v.Parts {
		equal := "equal"
		if p.Whole != p.Resumed {
			equal = "DIFFERENT: " + p.Resumed
		}
		fmt.Fprintf(&s, "%-14s %s  %s\n", p.Name, p.Whole, equal)
	}
	if v.Equal() {
		return s.String() + "verdict: exact, to the last bit"
	}
	return s.String() + "verdict: NOT exact"
}

// nextBatches is the number of batches after the last step that are compared.
const nextBatches = 2

// Verify trains the first steps of a config twice, in temporary folders: once
// without a stop, and once stopped at random instants, drawn from seed, and
// resumed. Nothing is evaluated. Log gets the lines of both.
func Verify(ctx context.Context, c *configs.Run, steps int, seed uint64, log *train.Console) (*Verdict, error) {
	if steps < 1 || steps > c.Train.Steps {
		return nil, fmt.Errorf("run: %d steps to verify; want 1 to train.steps, %d", steps, c.Train.Steps)
	}
	dir, err := os.MkdirTemp("", "goclip-verify-")
	if err != nil {
		return nil, fmt.Errorf("run: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }() // what is left is the system's to clean
	unevaluated := *c
	unevaluated.Eval, unevaluated.Data.Val, unevaluated.Checkpoint.Best = eval.Config{}, "", ""
	start := time.Now()
	first := &attempt{steps: steps}
	if err := first.train(ctx, Options{Config: &unevaluated, Dir: filepath.Join(dir, "whole"), Log: log}); err != nil {
		return nil, err
	}
	v := &Verdict{Steps: steps, Skipped: first.skipped}
	again := Options{Config: &unevaluated, Dir: filepath.Join(dir, "resumed"), Log: log}
	resumed, err := v.stopAndResume(ctx, again, seed, time.Since(start))
	if err != nil {
		return nil, err
	}
	for i, p := range first.parts {
		v.Parts = append(v.Parts, Part{p.Name, p.Whole, resumed[i].Whole})
	}
	return v, nil
}

// maxStops is the number of times that a run is stopped.
const maxStops = 3

// stopAndResume trains as o says, stopped at instants of about the time that the
// run takes, and returns the hashes of what it ends in.
func (v *Verdict) stopAndResume(ctx context.Context, o Options, seed uint64, took time.Duration) ([]Part, error) {
	rng := rand.New(rand.NewPCG(seed, 0))
	for {
		stopped, cancel := ctx, context.CancelFunc(func() {})
		if len(v.Stopped) < maxStops {
			stopped, cancel = context.WithTimeout(ctx, time.Duration(rng.Float64()*float64(took)))
		}
		a := &attempt{steps: v.Steps}
		err := a.train(stopped, o)
		ended := stopped.Err() != nil
		cancel()
		switch {
		case err == nil && len(v.Stopped) > 0:
			return a.parts, nil
		case err == nil: // it ended before the instant, which proves nothing
			took /= 2
			if err := os.RemoveAll(o.Dir); err != nil {
				return nil, fmt.Errorf("run: %w", err)
			}
		case ctx.Err() != nil || !ended:
			return nil, err
		case errors.Is(err, train.ErrInterrupted):
			v.Stopped = append(v.Stopped, a.step)
		default: // before its first step
			took += took / 4
		}
		_, err = os.Stat(filepath.Join(o.Dir, ConfigFile))
		o.Resume = err == nil
	}
}

// An attempt trains up to a step.
type attempt struct {
	steps   int
	step    int // after which it ended
	skipped int
	parts   []Part // hashes of what is there after the last step
}

func (a *attempt) train(ctx context.Context, o Options) error {
	s, err := start(ctx, o)
	if err != nil {
		return err
	}
	defer s.close()
	s.trainer.Steps = a.steps
	err = s.trainer.Run(ctx)
	a.step, a.skipped = s.trainer.Optim.Step(), s.trainer.Watch.Skipped
	if err != nil {
		return err
	}
	batches, err := hashBatches(ctx, s.trainer.Stream())
	if err != nil {
		return err
	}
	files := []struct{ name, file string }{
		{"weights", ModelFile}, {"moments", OptimizerFile}, {"place", StateFile}, {"vocabulary", TokenizerFile},
	}
	if s.trainer.EMA != nil {
		files = append(files, struct{ name, file string }{"averages", EMAFile})
	}
	for _, f := range files {
		sum, err := hashFile(filepath.Join(s.folder.store.Path(a.steps), f.file))
		if err != nil {
			return err
		}
		a.parts = append(a.parts, Part{Name: f.name, Whole: sum})
	}
	a.parts = append(a.parts, Part{Name: "next batches", Whole: batches})
	return nil
}

func hashFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("run: %w", err)
	}
	defer func() { _ = f.Close() }() // it was only read
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("run: %s: %w", path, err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func hashBatches(ctx context.Context, stream *data.Stream) (string, error) {
	h := sha256.New()
	for range nextBatches {
		b, err := stream.Next(ctx)
		if err != nil {
			return "", err
		}
		for _, values := range []any{b.Images, b.Tokens} {
			if err := binary.Write(h, binary.LittleEndian, values); err != nil {
				return "", fmt.Errorf("run: %w", err)
			}
		}
		b.Release()
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
