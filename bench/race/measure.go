package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/goclip/goclip/bench"
)

// phases are the names of both programs.
var phases = []string{"train", "encode_image", "encode_text"}

// A result is one round of one model and batch.
type result struct {
	entry
	ours     *bench.Report
	eager    *peer
	compiled *peer // nil if it was not measured
}

// A peer is what torch_clip.py writes.
type peer struct {
	Torch      string  `json:"torch"`
	Capability string  `json:"capability"`
	PeakRSSMiB float64 `json:"peak_rss_mib"`
	Results    map[string]struct {
		Best, Median, GFLOPS float64
	} `json:"results"`
}

// measure runs one after the other.
func (o *options) measure(ctx context.Context, e entry) (r result, err error) {
	r.entry = e
	common := []string{
		"--batch", strconv.Itoa(e.batch), "--threads", strconv.Itoa(o.threads),
		"--steps", strconv.Itoa(o.steps), "--warmup", strconv.Itoa(o.warmup),
	}
	args := append([]string{"bench", "--json", "--model", e.model, "--precision", e.precision}, common...)
	text, err := output(ctx, o.program, args...)
	if err != nil {
		return r, err
	}
	r.ours = &bench.Report{}
	if err := json.Unmarshal(text, r.ours); err != nil {
		return r, fmt.Errorf("race: %s: %w", o.program, err)
	}
	common = append(common, "--config", e.model, "--dtype", e.precision)
	if r.eager, err = o.runPeer(ctx, common); err != nil {
		return r, err
	}
	if o.compile { // which leaves the towers alone as they are
		r.compiled, err = o.runPeer(ctx, append(common, "--compile", "--phases", "train"))
	}
	return r, err
}

func (o *options) runPeer(ctx context.Context, args []string) (*peer, error) {
	file := filepath.Join(o.files, "peer.json")
	if _, err := output(ctx, o.python, append([]string{o.peer, "--json", file}, args...)...); err != nil {
		return nil, err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("race: %w", err)
	}
	p := &peer{}
	if err := json.Unmarshal(text, p); err != nil {
		return nil, fmt.Errorf("race: %s: %w", o.peer, err)
	}
	return p, os.Remove(file)
}

// output runs a program without the variables that force a matrix library to
// another machine's kernels, and returns its output.
func output(ctx context.Context, name string, args ...string) ([]byte, error) {
	c := exec.CommandContext(ctx, name, args...)
	c.Env = slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "OPENBLAS_CORETYPE=") || strings.HasPrefix(v, "OPENBLAS_L2_SIZE=")
	})
	var stderr strings.Builder
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		lines := strings.Split(strings.TrimSpace(stderr.String()), "\n")
		return nil, fmt.Errorf("race: %s %s: %w: %s", name, strings.Join(args, " "), err, lines[len(lines)-1])
	}
	return out, nil
}

// ourPhase returns the phase with a name.
func (r result) ourPhase(name string) bench.Phase {
	return map[string]bench.Phase{
		"train": r.ours.Train, "encode_image": r.ours.EncodeImage, "encode_text": r.ours.EncodeText,
	}[name]
}

// peerSpeed is the best and the median step of a phase, in pairs per second,
// of the faster of eager and compiled.
func (r result) peerSpeed(phase string) (best, median float64) {
	best, median = r.eager.Results[phase].Best, r.eager.Results[phase].Median
	if r.compiled != nil {
		best, median = max(best, r.compiled.Results[phase].Best), max(median, r.compiled.Results[phase].Median)
	}
	return best, median
}

// rss is our peak memory over the peer's, the smaller of its two.
func (r result) rss() float64 {
	peer := r.eager.PeakRSSMiB
	if r.compiled != nil {
		peer = min(peer, r.compiled.PeakRSSMiB)
	}
	return float64(r.ours.PeakRSSBytes) / (1 << 20) / peer
}

func (r result) String() string {
	var s strings.Builder
	fmt.Fprintf(&s, "%s b%d %s:", r.model, r.batch, r.precision)
	for _, phase := range phases {
		fmt.Fprintf(&s, " %s %.2f, eager %.2f", phase, r.ourPhase(phase).PairsPerSecond, r.eager.Results[phase].Best)
		if r.compiled != nil && r.compiled.Results[phase].Best > 0 {
			fmt.Fprintf(&s, ", compiled %.2f", r.compiled.Results[phase].Best)
		}
		s.WriteString(";")
	}
	fmt.Fprintf(&s, " RSS ratio %.2f", r.rss())
	return s.String()
}
