package run

import (
	"errors"
	"fmt"

	"github.com/goclip/goclip/checkpoint"
	"github.com/goclip/goclip/configs"
)

// resume finds where to go on, and checks that the config is the run's. It
// returns the config with what o.Extend changes, and no checkpoint if the run ended
// before its first one.
func (f *folder) resume(o Options) (*configs.Run, *checkpoint.Checkpoint, error) {
	old, err := configs.LoadStarted(f.path(ConfigFile), nil, nil)
	if err != nil {
		return nil, nil, err
	}
	c, was := *o.Config, old.Train.Steps
	if o.Extend > 0 {
		if o.Extend <= was {
			return nil, nil, fmt.Errorf("run: --extend steps=%d: %s has %d steps; want more", o.Extend, f.dir, was)
		}
		c.Train.Steps, old.Train.Steps = o.Extend, o.Extend // which is no difference now
	}
	if difference := configs.Difference(old, &c); difference != "" {
		if old.Train.Steps != c.Train.Steps {
			difference += fmt.Sprintf("; to train on for longer, want --extend steps=%d", c.Train.Steps)
		}
		return nil, nil, fmt.Errorf("run: %s was started with another config: %s", f.dir, difference)
	}
	from, err := f.store.Latest()
	if errors.Is(err, checkpoint.ErrNotFound) {
		o.Log.Printf("no checkpoint to resume from, starting again: %v", err)
		return &c, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	for _, s := range from.Skipped {
		o.Log.Printf("skipped: %v", s)
	}
	o.Log.Printf("resuming after step %d from %s", from.Step, from.Dir)
	if o.Extend > 0 {
		extend(o, &c, was, from.Step)
		if err := c.Validate(); err != nil { // a warmup that is longer than what is left
			return nil, nil, err
		}
	}
	return &c, from, nil
}

// extend gives a run that goes on after a step another end. The learning rate is from
// now on what a run of the new length has at this step: after a schedule that had come
// down, it jumps up. With o.Rewarm the schedule begins again instead.
func extend(o Options, c *configs.Run, was, step int) {
	c.Train.ExtendedFrom = step
	before := c.Optim.At(max(0, step-1), was)
	if o.Rewarm {
		c.Optim.RewarmedFrom = step
	}
	after := c.Optim.At(step, o.Extend)
	o.Log.Printf("extended from %d to %d steps after step %d: the learning rate goes on from %.2e with %.2e",
		was, o.Extend, step, before, after)
	if peak := c.Optim.LearningRate; o.Rewarm || before > peak/100 {
		return
	} else if after > peak/10 {
		o.Log.Printf("the learning rate was at its end, and jumps to %.0f %% of its peak without a warmup: "+
			"--extend steps=%d,rewarm begins the schedule again with one", 100*after/peak, o.Extend)
	} else {
		o.Log.Printf("the learning rate was at its end, and has at most %.1f %% of its peak in the %d steps to come, "+
			"in which little is learned: --extend steps=%d,rewarm begins the schedule again", 100*after/peak,
			o.Extend-step, o.Extend)
	}
}
