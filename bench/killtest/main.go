// Command killtest kills one run again and again, as a machine does that loses
// its power, and checks that it ends in the weights and moments of a run that
// was never killed:
//
//	go run ./bench/killtest -seed 1 -kills 50
//
// The seed chooses after which lines of the log the run is killed, and how long
// after them; a part of the kills hits the start. Every step is followed by a
// save, or the next one is, so that many kills hit a save. At the end a SIGTERM
// must save and end the run within ten seconds.
package main

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/goclip/goclip/checkpoint"
	"github.com/goclip/goclip/run"
)

const recipe = `
seed: 3
world: {dir: world, draw: {seed: 1, size: 32, train: 2000, val_seen: 20, val_unseen: 20}}
data:
  train: "world/train-*.parquet"
  caption_choice: random
  shuffle_window: 512
  preprocess: {augment: {pad: 2, flip: 0.5, crop_scale: [0.5, 1]}}
tokenizer: {vocab_size: 530}
model:
  embed_dim: 32
  image: {size: 32, patch: 8, width: 64, layers: 2, heads: 2}
  text: {context_length: 16, width: 64, layers: 1, heads: 2}
optim: {learning_rate: 1e-3, warmup: 20, clip_norm: 1}
train: {steps: %d, batch: 32, log_every: 1, eval_every: 0}
checkpoint: {every_steps: 2, keep_last: 2}
`

func main() {
	seed := flag.Uint64("seed", 1, "chooses when the run is killed")
	kills := flag.Int("kills", 50, "how often")
	steps := flag.Int("steps", 400, "of the run")
	flag.Parse()
	if err := killAll(*seed, *kills, *steps); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// A trainer is the command under test in a folder of its own.
type trainer struct {
	dir, binary string
	steps       int
}

func killAll(seed uint64, kills, steps int) error {
	dir, err := os.MkdirTemp("", "killtest")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // in the temporary folder
	t := trainer{dir, filepath.Join(dir, "train"), steps}
	build := exec.Command("go", "build", "-o", t.binary, "github.com/goclip/goclip/cmd/train")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("killtest: go build: %w: %s", err, out)
	}
	if err := os.WriteFile(filepath.Join(dir, "run.yaml"), fmt.Appendf(nil, recipe, steps), 0o666); err != nil {
		return err
	}
	if err := t.finish("whole"); err != nil {
		return err
	}
	want, err := t.sums("whole")
	if err != nil {
		return err
	}
	done, err := t.killed("killed", rand.New(rand.NewPCG(seed, 0)), kills)
	if err != nil {
		return err
	}
	fmt.Printf("%d kills: %s\n", kills, strings.Join(done, " "))
	took, err := t.terminated("terminated")
	if err != nil {
		return err
	}
	fmt.Printf("SIGTERM: saved, exit code 0 after %v\n", took.Round(time.Millisecond))
	for _, name := range []string{"killed", "terminated"} {
		if err := t.finish(name); err != nil {
			return err
		}
		have, err := t.sums(name)
		if err != nil {
			return err
		}
		if have != want {
			return fmt.Errorf("killtest: %s:\n%s\nnever stopped:\n%s", name, have, want)
		}
		fmt.Printf("%s: equal to a run never stopped, bit for bit\n", name)
	}
	fmt.Println(want)
	return nil
}

// start begins or continues a run.
func (t trainer) start(name string) (*exec.Cmd, *bufio.Scanner, error) {
	args := []string{"--config", "run.yaml", "--workdir", name}
	if _, err := os.Stat(filepath.Join(t.dir, name, "config.yaml")); err == nil {
		args = append(args, "--resume")
	}
	c := exec.Command(t.binary, args...)
	c.Dir, c.Stderr = t.dir, os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	return c, bufio.NewScanner(out), c.Start()
}

// finish lets a run go to its end.
func (t trainer) finish(name string) error {
	c, lines, err := t.start(name)
	if err != nil {
		return err
	}
	for lines.Scan() {
	}
	if err := c.Wait(); err != nil {
		return fmt.Errorf("killtest: %s: %w", name, err)
	}
	left, err := filepath.Glob(filepath.Join(t.dir, name, "checkpoints", "*"))
	if err == nil && len(left) != 2 {
		err = fmt.Errorf("killtest: %s leaves %q; want its last two checkpoints", name, left)
	}
	return err
}

// killed kills a run after the steps that rng chooses, in their order, and
// returns these. One in five kills comes before the first step of a process.
func (t trainer) killed(name string, rng *rand.Rand, kills int) (done []string, err error) {
	after := make([]int, kills)
	for i := range after {
		after[i] = 1 + rng.IntN(t.steps-1)
	}
	slices.Sort(after)
	for _, step := range after {
		c, lines, err := t.start(name)
		if err != nil {
			return nil, err
		}
		delay := time.Duration(rng.Int64N(int64(30 * time.Millisecond)))
		early := rng.IntN(5) == 0
		at := 0
		for !early && at < step && lines.Scan() {
			_, _ = fmt.Sscanf(lines.Text(), "step %d ", &at) // other lines are none
		}
		if early {
			delay *= 10
		}
		time.AfterFunc(delay, func() { _ = c.Process.Kill() }) // it may have ended
		for lines.Scan() {
			_, _ = fmt.Sscanf(lines.Text(), "step %d ", &at)
		}
		err = c.Wait()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != -1 {
			return nil, fmt.Errorf("killtest: a run to be killed after step %d ended by itself with exit code %d",
				step, c.ProcessState.ExitCode())
		}
		done = append(done, fmt.Sprint(at))
	}
	return done, nil
}

// terminated sends SIGTERM in the middle of a run.
func (t trainer) terminated(name string) (took time.Duration, err error) {
	c, lines, err := t.start(name)
	if err != nil {
		return 0, err
	}
	for at := 0; at < t.steps/2 && lines.Scan(); {
		_, _ = fmt.Sscanf(lines.Text(), "step %d ", &at)
	}
	start, saved := time.Now(), false
	if err := c.Process.Signal(syscall.SIGTERM); err != nil {
		return 0, err
	}
	for lines.Scan() {
		saved = saved || strings.HasPrefix(lines.Text(), "saved; continue with")
	}
	err = c.Wait()
	if took = time.Since(start); err != nil || !saved || took > 10*time.Second {
		return took, fmt.Errorf("killtest: SIGTERM: exit code %d after %v, saved %v; want 0 within 10 s",
			c.ProcessState.ExitCode(), took, saved)
	}
	return took, nil
}

// sums returns the checksums of the last checkpoint's files.
func (t trainer) sums(name string) (string, error) {
	var all []string
	for _, file := range []string{run.ModelFile, run.OptimizerFile, run.StateFile, run.TokenizerFile} {
		f, err := os.Open(filepath.Join(t.dir, name, "checkpoints", checkpoint.StepName(t.steps), file))
		if err != nil {
			return "", err
		}
		h := sha256.New()
		_, err = io.Copy(h, f)
		f.Close()
		if err != nil {
			return "", err
		}
		all = append(all, fmt.Sprintf("%x  %s", h.Sum(nil), file))
	}
	return strings.Join(all, "\n"), nil
}
