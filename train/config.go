package train

import (
	"fmt"
	"slices"

	"github.com/goclip/goclip/internal/size"
)

// Config steers the loop.
type Config struct {
	// Steps is the number of optimizer updates of the whole run.
	Steps int `yaml:"steps"`

	// Batch is the number of pairs in one step. The loss compares every image
	// with every caption of the batch, so that 2 is the least.
	Batch int `yaml:"batch"`

	// MicroBatch is the number of pairs whose activations are in memory at once;
	// 0 means the whole batch. The gradients are those of the whole batch, but
	// for rounding, and a step takes about a third longer.
	MicroBatch int `yaml:"micro_batch"`

	// Rematerialize is "block", which computes the values inside of residual
	// blocks again for the way back instead of keeping them: the same bits in
	// a quarter of the memory or less and a quarter more time; "auto", which does
	// so where Memory asks for it; or "none", which empty means as well.
	Rematerialize string `yaml:"rematerialize"`

	// Precision is that of matrix products: "f32", which empty means as well, or
	// "bf16", which rounds their operands to bfloat16 and keeps activations between
	// products so: faster where the processor multiplies bfloat16, and 0.6 times
	// the memory for activations. Parameters, their gradients and moments, sums, the
	// residual stream, LayerNorm, softmax and the loss are float32; so is evaluation.
	Precision string `yaml:"precision"`

	// Memory is what training may take, such as 2GiB; MicroBatch is then chosen
	// to be as large as fits. Empty means no bound. The choice is kept in the
	// run's config in its place, because it rounds as no other does.
	Memory string `yaml:"memory"`

	// LogEvery is the number of steps between two lines of the log and of
	// metrics.jsonl; 0 means 10.
	LogEvery int `yaml:"log_every"`

	// EvalEvery is the number of steps between two zero-shot evaluations; 0
	// means only at the end.
	EvalEvery int `yaml:"eval_every"`

	// ProbePairs is the number of pairs, at most 64, whose grid of cosines is
	// written to WORKDIR/grid.jsonl again and again, for the page of the run; 0
	// means 24, negative none. It takes a few thousandths of the time.
	ProbePairs int `yaml:"probe_pairs"`

	// TensorBoard also writes the metrics to WORKDIR/tensorboard, Prometheus to
	// WORKDIR/metrics.prom, for the textfile collector of its node exporter.
	TensorBoard bool `yaml:"tensorboard"`
	Prometheus  bool `yaml:"prometheus"`

	// Threads is the number of threads that compute; 0 means all cores. The
	// result does not depend on it.
	Threads int `yaml:"threads"`

	// GradNormJump makes a step bad whose gradient norm is more than so many
	// times the median of the last 100 steps, if there are 20; 0 means never. A
	// loss or norm that is not finite always makes a step bad.
	GradNormJump float64 `yaml:"grad_norm_jump"`

	// OnBadStep is "stop", which empty means as well, or "skip", which leaves
	// the update of the step out and goes on with the next batch.
	OnBadStep string `yaml:"on_bad_step"`

	// MaxBadSteps is the number of steps that may be skipped before the run
	// stops; 0 means 10.
	MaxBadSteps int `yaml:"max_bad_steps"`

	// ExtendedFrom is the step after which --extend last changed Steps; 0 means
	// never. The learning rates up to it were those of a shorter run.
	ExtendedFrom int `yaml:"extended_from"`

	// MaxLogitScale bounds the logit scale itself, not its logarithm, after
	// each step; 0 means 100, as in the CLIP paper (arXiv:2103.00020, 2.5).
	MaxLogitScale float64 `yaml:"max_logit_scale"`
}

// SetDefaults gives fields whose zero means a default that value.
func (c *Config) SetDefaults() {
	if c.LogEvery == 0 {
		c.LogEvery = 10
	}
	if c.MaxBadSteps == 0 {
		c.MaxBadSteps = 10
	}
	if c.MaxLogitScale == 0 {
		c.MaxLogitScale = 100
	}
}

// Validate reports the first field that cannot work.
func (c Config) Validate() error {
	switch {
	case c.Steps < 1:
		return fmt.Errorf("train: steps %d is not positive", c.Steps)
	case c.Batch < 2:
		return fmt.Errorf("train: batch %d; want at least 2, since a pair is learned against the other pairs of its batch", c.Batch)
	case c.MicroBatch < 0 || c.MicroBatch > c.Batch:
		return fmt.Errorf("train: micro_batch %d; want 1 to the batch, %d, or 0 for it", c.MicroBatch, c.Batch)
	case c.MicroBatch > 0 && c.Memory != "":
		return fmt.Errorf("train: have micro_batch %d and memory %s; want one, since the second chooses the first", c.MicroBatch, c.Memory)
	case !slices.Contains([]string{"", "none", "block", "auto"}, c.Rematerialize):
		return fmt.Errorf("train: rematerialize %q; want none, block or auto", c.Rematerialize)
	case c.Rematerialize == "auto" && c.Memory == "":
		return fmt.Errorf("train: rematerialize auto without memory; want a bound, such as 2GiB, or none or block")
	case !slices.Contains([]string{"", "f32", "bf16"}, c.Precision):
		return fmt.Errorf("train: precision %q; want f32 or bf16", c.Precision)
	case c.LogEvery < 0:
		return fmt.Errorf("train: log_every %d is negative", c.LogEvery)
	case c.EvalEvery < 0:
		return fmt.Errorf("train: eval_every %d is negative", c.EvalEvery)
	case c.ProbePairs == 1 || c.ProbePairs > gridPairs:
		return fmt.Errorf("train: probe_pairs %d; want 2 to %d, 0 for 24, or -1 for none", c.ProbePairs, gridPairs)
	case c.Threads < 0:
		return fmt.Errorf("train: threads %d is negative", c.Threads)
	case c.GradNormJump != 0 && !(c.GradNormJump > 1):
		return fmt.Errorf("train: grad_norm_jump %g; want more than 1, or 0 for never", c.GradNormJump)
	case c.OnBadStep != "" && c.OnBadStep != "stop" && c.OnBadStep != "skip":
		return fmt.Errorf("train: on_bad_step %q; want stop or skip", c.OnBadStep)
	case c.MaxBadSteps < 0:
		return fmt.Errorf("train: max_bad_steps %d is negative", c.MaxBadSteps)
	case c.ExtendedFrom < 0 || c.ExtendedFrom > c.Steps:
		return fmt.Errorf("train: extended_from %d; want 0 to steps, %d", c.ExtendedFrom, c.Steps)
	case c.MaxLogitScale != 0 && !(c.MaxLogitScale >= 1):
		return fmt.Errorf("train: max_logit_scale %g; want at least 1, or 0 for 100", c.MaxLogitScale)
	}
	_, err := c.MemoryBytes()
	return err
}

// MemoryBytes is Memory in bytes; 0 means no bound.
func (c Config) MemoryBytes() (int64, error) {
	if c.Memory == "" {
		return 0, nil
	}
	bytes, err := size.Parse(c.Memory)
	if err != nil {
		return 0, fmt.Errorf("train: memory %w", err)
	}
	return bytes, nil
}
