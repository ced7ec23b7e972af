package train

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/goclip/goclip/internal/size"
)

// Config steers the loop.
type Config struct {
	// Steps is the number of optimizer updates of the whole run.
	Steps int `yaml:"steps"`

	// Batch is the number of pairs in one step. The loss compares every image
	// with every caption of the batch, so 2 is the least.
	Batch int `yaml:"batch"`

	// Positives says which captions of the batch are wrong for an image: with "pair", all
	// but its own, as in CLIP; with "caption", all but the captions that have its tokens, so
	// that captions which repeat are no negatives. The softmax then leaves them out of the
	// choice, and the sigmoid loss takes each for a pair. Empty means pair.
	Positives string `yaml:"positives"`

	// MicroBatch is the number of pairs whose activations are in memory at once;
	// 0 means the whole batch. The loss is the whole batch's all the same, and
	// its gradients differ by rounding alone, and a step takes about a third longer.
	MicroBatch int `yaml:"micro_batch"`

	// Rematerialize says which activations are kept for the backward pass: "none"
	// keeps them all; "block" keeps the inputs of residual blocks and recomputes
	// what is inside, for the same bits in a quarter of the memory or less and a
	// quarter more time; "auto" takes "block" where Memory asks for it. Empty
	// means none.
	Rematerialize string `yaml:"rematerialize"`

	// Precision is the number format of matrix products: "f32", or "bf16", which
	// rounds their operands to bfloat16 and stores activations between products
	// as bfloat16: faster where the processor multiplies bfloat16, and 0.6 times
	// the memory for activations. Parameters, gradients, moments, sums, the
	// residual stream, LayerNorm, softmax and the loss stay float32, and so does
	// evaluation. Empty means f32.
	Precision string `yaml:"precision"`

	// Memory is the most that training may take, such as 2GiB; MicroBatch is then
	// chosen as large as fits. The run records that choice in place of Memory,
	// because micro-batches of another size round otherwise. Empty means no bound.
	Memory string `yaml:"memory"`

	// Freeze are patterns of whole names of parameters that stay as they are, such as
	// visual.* for the image tower and token_embedding.weight, in which * is any text,
	// dots included, ? one letter, and [ab] one of these. They take no memory for
	// gradients and moments, and the backward pass ends above the lowest parameter
	// that trains. A pattern that matches nothing is an error. Empty means that
	// everything trains.
	Freeze []string `yaml:"freeze"`

	// UnlockImageGroups freezes the image tower but for its last so many groups, as
	// open_clip's lock-image-unlocked-groups: 1 is the projection, 2 also the last
	// block with ln_post, 3 the block below, and so on; the first group is the patch
	// embedding with the class token, the positions and ln_pre. 0 means that this key
	// freezes nothing; the whole tower is freeze: [visual.*].
	UnlockImageGroups int `yaml:"unlock_image_groups"`

	// CacheFrozen says whether the embeddings of a tower that is frozen as a whole are
	// computed once and kept in a file, which changes no bit: "off" computes them in
	// each step; "on" keeps them; "auto" does, but not those of images which
	// data.preprocess.augment makes others each time. The file is begun anew where the
	// weights, the precision or the processor's level are others, and an input is known
	// by its hash. Empty means auto.
	CacheFrozen string `yaml:"cache_frozen"`

	// CacheDir is the folder of the files of CacheFrozen, which runs with the same
	// frozen tower may use one after the other; it is made if it is not there. Empty
	// means the run's folder.
	CacheDir string `yaml:"cache_dir"`

	// CacheSize is the most that each file of CacheFrozen may take, such as 2GiB;
	// what does not fit is computed in each step. An embedding takes 20 bytes and 4
	// for each of model.embed_dim. Empty means 16GiB.
	CacheSize string `yaml:"cache_size"`

	// LogEvery is the number of steps between two lines of the log and of
	// metrics.jsonl; 0 means 10.
	LogEvery int `yaml:"log_every"`

	// EvalEvery is the number of steps between two evaluations of data.val or
	// eval.sets; 0 means only at the end.
	EvalEvery int `yaml:"eval_every"`

	// GridPairs is the number of pairs, 2 to 64, whose grid of cosines is written
	// to grid.jsonl in the run's folder during training, for the page of the run;
	// 0 means 24, negative means none. It takes less than 1 % of the time.
	GridPairs int `yaml:"grid_pairs"`

	// TensorBoard also writes the metrics as its event files, to the folder
	// tensorboard in the run's folder.
	TensorBoard bool `yaml:"tensorboard"`

	// Prometheus also writes the newest metrics to metrics.prom in the run's
	// folder, for the textfile collector of its node exporter.
	Prometheus bool `yaml:"prometheus"`

	// Threads is the number of threads that compute; 0 means one for each core.
	// Results do not depend on it.
	Threads int `yaml:"threads"`

	// GradNormJump makes a step bad whose gradient norm is more than this many
	// times the median of the last 100 steps, once there are 20; 0 means never. A
	// loss or gradient norm that is not finite always makes a step bad.
	GradNormJump float64 `yaml:"grad_norm_jump"`

	// OnBadStep is "stop", which ends the run at a bad step, or "skip", which
	// leaves out the update of the step and goes on with the next batch. Empty
	// means stop.
	OnBadStep string `yaml:"on_bad_step"`

	// MaxBadSteps is the number of steps that may be skipped before the run
	// stops; 0 means 10.
	MaxBadSteps int `yaml:"max_bad_steps"`

	// ExtendedFrom is written by the program: the step after which --extend last
	// changed Steps, since the learning rates before it belong to a shorter
	// run. 0 means never.
	ExtendedFrom int `yaml:"extended_from"`

	// MaxLogitScale is the upper bound of the logit scale (the factor, not its
	// logarithm), applied after each step; 0 means 100, as in the CLIP paper
	// (Radford et al., arXiv:2103.00020, section 2.5).
	MaxLogitScale float64 `yaml:"max_logit_scale"`
}

// SetDefaults fills in the fields whose zero means a default.
func (c *Config) SetDefaults() {
	c.Positives = cmp.Or(c.Positives, "pair")
	c.Rematerialize = cmp.Or(c.Rematerialize, "none")
	c.Precision = cmp.Or(c.Precision, "f32")
	c.CacheFrozen = cmp.Or(c.CacheFrozen, "auto")
	c.CacheSize = cmp.Or(c.CacheSize, "16GiB")
	c.LogEvery = cmp.Or(c.LogEvery, 10)
	c.GridPairs = cmp.Or(c.GridPairs, 24)
	c.OnBadStep = cmp.Or(c.OnBadStep, "stop")
	c.MaxBadSteps = cmp.Or(c.MaxBadSteps, 10)
	c.MaxLogitScale = cmp.Or(c.MaxLogitScale, 100)
}

// Validate reports the first field that cannot work, after defaults.
func (c Config) Validate() error {
	c.SetDefaults()
	switch {
	case c.Steps < 1:
		return fmt.Errorf("train: steps %d is not positive", c.Steps)
	case c.Batch < 2:
		return fmt.Errorf("train: batch %d; want at least 2, "+
			"since a pair is learned against the other pairs of its batch",
			c.Batch)
	case c.Positives != "pair" && c.Positives != "caption":
		return fmt.Errorf("train: positives %q; want pair or caption", c.Positives)
	case c.MicroBatch < 0 || c.MicroBatch > c.Batch:
		return fmt.Errorf("train: micro_batch %d; want 1 to the batch, %d, or 0 for it", c.MicroBatch, c.Batch)
	case c.MicroBatch > 0 && c.Memory != "":
		return fmt.Errorf("train: have micro_batch %d and memory %s; want one, since the second chooses the first",
			c.MicroBatch, c.Memory)
	case !slices.Contains([]string{"none", "block", "auto"}, c.Rematerialize):
		return fmt.Errorf("train: rematerialize %q; want none, block or auto", c.Rematerialize)
	case c.Rematerialize == "auto" && c.Memory == "":
		return fmt.Errorf("train: rematerialize auto without memory; want a bound, such as 2GiB, or none or block")
	case c.Precision != "f32" && c.Precision != "bf16":
		return fmt.Errorf("train: precision %q; want f32 or bf16", c.Precision)
	case c.LogEvery < 0:
		return fmt.Errorf("train: log_every %d is negative", c.LogEvery)
	case c.EvalEvery < 0:
		return fmt.Errorf("train: eval_every %d is negative", c.EvalEvery)
	case c.GridPairs == 1 || c.GridPairs > gridPairs:
		return fmt.Errorf("train: grid_pairs %d; want 2 to %d, 0 for the default, or -1 for none",
			c.GridPairs, gridPairs)
	case c.Threads < 0:
		return fmt.Errorf("train: threads %d is negative", c.Threads)
	case c.GradNormJump != 0 && !(c.GradNormJump > 1):
		return fmt.Errorf("train: grad_norm_jump %g; want more than 1, or 0 for never", c.GradNormJump)
	case c.OnBadStep != "stop" && c.OnBadStep != "skip":
		return fmt.Errorf("train: on_bad_step %q; want stop or skip", c.OnBadStep)
	case c.MaxBadSteps < 0:
		return fmt.Errorf("train: max_bad_steps %d is negative", c.MaxBadSteps)
	case c.ExtendedFrom < 0 || c.ExtendedFrom > c.Steps:
		return fmt.Errorf("train: extended_from %d; want 0 to steps, %d", c.ExtendedFrom, c.Steps)
	case !(c.MaxLogitScale >= 1):
		return fmt.Errorf("train: max_logit_scale %g; want at least 1, or 0 for the default", c.MaxLogitScale)
	}
	if err := c.validateFrozen(); err != nil {
		return err
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
