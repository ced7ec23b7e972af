package checkpoint

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Config says when a run is saved and which checkpoints stay. A run is also
// saved at its end and when SIGINT or SIGTERM ends it. Without these keys it is
// saved at no other time, and every checkpoint stays.
type Config struct {
	// EverySteps saves after every multiple of this number of steps; 0 means
	// never.
	EverySteps int `yaml:"every_steps"`

	// EveryMinutes saves when this many minutes have passed since the last save;
	// 0 means never.
	EveryMinutes float64 `yaml:"every_minutes"`

	// KeepLast is the number of newest checkpoints that stay; 0 means all.
	KeepLast int `yaml:"keep_last"`

	// KeepEvery also keeps the checkpoints whose step is a multiple of this
	// number; 0 means none.
	KeepEvery int `yaml:"keep_every"`

	// Best names a score of the first set of the evaluations that has it: "val.recall",
	// the mean of R@1, R@5 and R@10 both ways, or "val.top1", of which more is better,
	// or "val.loss", of which less is. An evaluation with the best score so far saves the
	// run, and that checkpoint stays until a better one comes. Empty keeps no best.
	Best string `yaml:"best"`
}

// Scores are the names that Best may be.
var Scores = []string{"val.recall", "val.loss", "val.top1"}

// Better says whether a score of Best is better than another.
func (c Config) Better(score, than float64) bool {
	if c.Best == "val.loss" {
		return score < than
	}
	return score > than
}

// Validate reports the first field that cannot work.
func (c Config) Validate() error {
	switch {
	case c.EverySteps < 0:
		return fmt.Errorf("checkpoint: every_steps %d is negative", c.EverySteps)
	case !(c.EveryMinutes >= 0 && c.EveryMinutes < 1e6):
		return fmt.Errorf("checkpoint: every_minutes %g; want 0 or more", c.EveryMinutes)
	case c.KeepLast < 0:
		return fmt.Errorf("checkpoint: keep_last %d is negative", c.KeepLast)
	case c.KeepEvery < 0:
		return fmt.Errorf("checkpoint: keep_every %d is negative", c.KeepEvery)
	case c.Best != "" && !slices.Contains(Scores, c.Best):
		return fmt.Errorf("checkpoint: best %q; want one of %s, or nothing", c.Best, strings.Join(Scores, ", "))
	}
	return nil
}

// Kept is the number of checkpoints that a run of the given number of steps
// leaves, without those that EveryMinutes and Best add.
func (c Config) Kept(steps int) int {
	kept := 1
	for n := 1; n < steps; n++ {
		saved := c.EverySteps > 0 && n%c.EverySteps == 0
		last := c.KeepLast == 0 || c.EverySteps > 0 && (steps-1)/c.EverySteps-n/c.EverySteps < c.KeepLast-1
		if saved && (last || c.KeepEvery > 0 && n%c.KeepEvery == 0) {
			kept++
		}
	}
	return kept
}

// Interval is EveryMinutes as a duration.
func (c Config) Interval() time.Duration {
	return time.Duration(c.EveryMinutes * float64(time.Minute))
}
