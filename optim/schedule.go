package optim

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// The schedules of Config.Schedule.
const (
	Cosine            = "cosine"
	Constant          = "constant"
	ConstantCooldown  = "constant_cooldown"
	WarmupStableDecay = "warmup_stable_decay"
)

var schedules = []string{Cosine, Constant, ConstantCooldown, WarmupStableDecay}

// At is the learning rate of the update after step updates, of steps in all:
// peak (step+1)/warmup while it warms up, then what the schedule makes of the
// peak. A schedule that ends at 0 stays there beyond the last step. Config.Groups
// and Config.LayerDecay change the peak of some parameters and not this rate.
func (c Config) At(step, steps int) float64 {
	c.SetDefaults()
	return c.scheduled(c.LearningRate, step, steps)
}

// scheduled is the learning rate where the peak is another than the run's.
// Defaults have been filled in.
//
// Sources: open_clip's scheduler.py, cosine_lr, const_lr and const_lr_cooldown with
// an end of 0; warmup_stable_decay is named in Hu et al., MiniCPM,
// arXiv:2404.06395, and falls as in Hägele et al., arXiv:2405.18392, section 3.
func (c *Config) scheduled(peak float64, step, steps int) float64 {
	step, steps = step-c.RewarmedFrom, steps-c.RewarmedFrom
	if step < c.Warmup {
		return peak * float64(step+1) / float64(c.Warmup)
	}
	if c.Schedule == Cosine {
		progress := float64(step-c.Warmup) / float64(steps-c.Warmup)
		return 0.5 * (1 + math.Cos(math.Pi*min(1, progress))) * peak
	}
	start := steps - c.Cooldown
	if c.Schedule == Constant || step < start {
		return peak
	}
	progress := min(1, float64(step-start)/float64(c.Cooldown))
	if c.Schedule == WarmupStableDecay {
		return (1 - math.Sqrt(progress)) * peak
	}
	return math.Pow(1-progress, c.CooldownPower) * peak
}

// validateSchedule reports a schedule that is unknown, or what it lacks or has
// no use for.
func (c Config) validateSchedule() error {
	cools := c.Schedule == ConstantCooldown || c.Schedule == WarmupStableDecay
	switch {
	case !slices.Contains(schedules, c.Schedule):
		return fmt.Errorf("optim: schedule %q is unknown; want one of %s", c.Schedule, strings.Join(schedules, ", "))
	case cools && c.Cooldown < 1:
		return fmt.Errorf("optim: cooldown %d with schedule %s; want the number of its last steps, 1 or more",
			c.Cooldown, c.Schedule)
	case !cools && c.Cooldown != 0:
		return fmt.Errorf("optim: cooldown %d with schedule %s, which has none; want 0, or schedule %s or %s",
			c.Cooldown, c.Schedule, ConstantCooldown, WarmupStableDecay)
	case c.Schedule != ConstantCooldown && c.CooldownPower != 1:
		return fmt.Errorf("optim: cooldown_power %g with schedule %s, which has none; want 0, or schedule %s",
			c.CooldownPower, c.Schedule, ConstantCooldown)
	case !(c.CooldownPower > 0) || math.IsInf(c.CooldownPower, 1):
		return fmt.Errorf("optim: cooldown_power %g is not positive and finite", c.CooldownPower)
	}
	return nil
}
