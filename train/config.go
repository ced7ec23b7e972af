package train

import "fmt"

// Config steers the loop.
type Config struct {
	// Steps is the number of optimizer updates of the whole run.
	Steps int `yaml:"steps"`

	// Batch is the number of pairs in one step. The loss compares every image
	// with every caption of the batch, so that 2 is the least.
	Batch int `yaml:"batch"`

	// LogEvery is the number of steps between two lines of the log and of
	// metrics.jsonl; 0 means 10.
	LogEvery int `yaml:"log_every"`

	// EvalEvery is the number of steps between two zero-shot evaluations; 0
	// means only at the end.
	EvalEvery int `yaml:"eval_every"`

	// TensorBoard also writes the metrics to WORKDIR/tensorboard, Prometheus to
	// WORKDIR/metrics.prom, for the textfile collector of its node exporter.
	TensorBoard bool `yaml:"tensorboard"`
	Prometheus  bool `yaml:"prometheus"`

	// Threads is the number of threads that compute; 0 means all cores. The
	// result does not depend on it.
	Threads int `yaml:"threads"`

	// MaxLogitScale bounds the logit scale itself, not its logarithm, after
	// each step; 0 means 100, as in the CLIP paper (arXiv:2103.00020, 2.5).
	MaxLogitScale float64 `yaml:"max_logit_scale"`
}

// Validate reports the first field that cannot work.
func (c Config) Validate() error {
	switch {
	case c.Steps < 1:
		return fmt.Errorf("train: steps %d is not positive", c.Steps)
	case c.Batch < 2:
		return fmt.Errorf("train: batch %d; want at least 2, since a pair is learned against the other pairs of its batch", c.Batch)
	case c.LogEvery < 0:
		return fmt.Errorf("train: log_every %d is negative", c.LogEvery)
	case c.EvalEvery < 0:
		return fmt.Errorf("train: eval_every %d is negative", c.EvalEvery)
	case c.Threads < 0:
		return fmt.Errorf("train: threads %d is negative", c.Threads)
	case c.MaxLogitScale != 0 && !(c.MaxLogitScale >= 1):
		return fmt.Errorf("train: max_logit_scale %g; want at least 1, or 0 for 100", c.MaxLogitScale)
	}
	return nil
}
