// Package optim updates the parameters of a model from their gradients.
package optim

import (
	"cmp"
	"fmt"
)

// Config sets up AdamW (Loshchilov and Hutter, arXiv:1711.05101) and the
// schedule of the learning rate: linear warmup, then by default half a cosine
// down to 0. The defaults are open_clip's for vision transformers.
type Config struct {
	// LearningRate is the peak of the schedule, at the end of the warmup; 0 means
	// 5e-4.
	LearningRate float64 `yaml:"learning_rate"`

	// Warmup is the number of steps in which the learning rate rises to its peak.
	Warmup int `yaml:"warmup"`

	// Schedule is the course of the learning rate after the warmup. cosine: half a
	// cosine down to 0. constant: the peak to the end. constant_cooldown: the peak,
	// then (1 - x)^cooldown_power of it, as open_clip's const-cooldown, where x
	// goes from 0 to 1 in the last cooldown steps. warmup_stable_decay: the peak,
	// then 1 - sqrt(x) of it (Hägele et al., arXiv:2405.18392). Empty means cosine.
	Schedule string `yaml:"schedule"`

	// Cooldown is the number of steps at the end in which the learning rate falls
	// to 0, for the schedules constant_cooldown and warmup_stable_decay, which need
	// it. It is less than the steps after the warmup. 0 means none.
	Cooldown int `yaml:"cooldown"`

	// CooldownPower bends the fall of constant_cooldown: 1 is a line, 2 a parabola
	// that is flat at its end. 0 means 1, as in open_clip.
	CooldownPower float64 `yaml:"cooldown_power"`

	// RewarmedFrom is written by the program: the step after which --extend
	// steps=N,rewarm last began the schedule again, with its warmup and its end, over
	// the steps that were left. 0 means never.
	RewarmedFrom int `yaml:"rewarmed_from"`

	// WeightDecay is the fraction of a parameter that is removed per step and unit
	// of learning rate. Gains, biases, position embeddings, the class token and
	// the logit scale do not decay.
	WeightDecay float64 `yaml:"weight_decay"`

	// Groups are sets of parameters with a learning rate or weight decay of their
	// own. A parameter belongs to the first group that matches its name.
	Groups []Group `yaml:"groups"`

	// LayerDecay is a factor of the learning rate per layer below the top of a
	// tower, such as 0.75: of L blocks, the last has the factor once, the first L
	// times, and the embeddings of patches, tokens, positions and class L+1 times.
	// What follows the blocks has the full rate. Groups are scaled as well. 0 means
	// none, which is a factor of 1. Source: Bao et al., BEiT, arXiv:2106.08254.
	LayerDecay float64 `yaml:"layer_decay"`

	// Beta1 is the decay rate, per step, of the moving average of the gradient.
	Beta1 float64 `yaml:"beta1"`

	// Beta2 is the decay rate, per step, of the moving average of the squared
	// gradient. CLIP uses 0.98 with vision transformers, which follows changes of
	// the gradient faster than the usual 0.999.
	Beta2 float64 `yaml:"beta2"`

	// Epsilon is added to the root of the second average; 0 means 1e-6.
	Epsilon float64 `yaml:"epsilon"`

	// ClipNorm bounds the L2 norm of all gradients together; 0 means no bound.
	ClipNorm float64 `yaml:"clip_norm"`

	// EMADecay is the decay rate of a moving average of the parameters, such as
	// 0.999. Evaluations then use the average, and a checkpoint holds it beside
	// the parameters. 0 means no average.
	EMADecay float64 `yaml:"ema_decay"`

	// Muon updates the matrices of the residual blocks by Muon in place of AdamW.
	Muon MuonConfig `yaml:"muon"`
}

// Default is the config that a recipe starts from. It differs from a zero
// Config after SetDefaults by the weight decay alone, since a decay of 0 is a choice.
func Default() Config {
	c := Config{WeightDecay: 0.2}
	c.SetDefaults()
	return c
}

// SetDefaults fills in the fields whose zero means a default. One of Beta1 and
// Beta2 may be 0; where both are, neither was chosen.
func (c *Config) SetDefaults() {
	c.LearningRate = cmp.Or(c.LearningRate, 5e-4)
	c.Epsilon = cmp.Or(c.Epsilon, 1e-6)
	c.Schedule = cmp.Or(c.Schedule, Cosine)
	c.CooldownPower = cmp.Or(c.CooldownPower, 1)
	c.Muon.setDefaults()
	if c.Beta1 == 0 && c.Beta2 == 0 {
		c.Beta1, c.Beta2 = 0.9, 0.98
	}
}

// Validate reports the first field that cannot work, after defaults.
func (c Config) Validate() error {
	c.SetDefaults()
	switch {
	case !(c.LearningRate > 0 && c.LearningRate <= 10):
		return fmt.Errorf("optim: learning_rate %g is not in (0, 10]", c.LearningRate)
	case c.Warmup < 0:
		return fmt.Errorf("optim: warmup %d is negative", c.Warmup)
	case c.RewarmedFrom < 0:
		return fmt.Errorf("optim: rewarmed_from %d is negative", c.RewarmedFrom)
	case !(c.WeightDecay >= 0 && c.WeightDecay*c.LearningRate < 1):
		return fmt.Errorf("optim: weight_decay %g times learning_rate is not in [0, 1)", c.WeightDecay)
	case !(0 <= c.Beta1 && c.Beta1 < 1):
		return fmt.Errorf("optim: beta1 %g is not in [0, 1)", c.Beta1)
	case !(0 <= c.Beta2 && c.Beta2 < 1):
		return fmt.Errorf("optim: beta2 %g is not in [0, 1)", c.Beta2)
	case !(c.Epsilon > 0):
		return fmt.Errorf("optim: epsilon %g is not positive", c.Epsilon)
	case !(c.ClipNorm >= 0):
		return fmt.Errorf("optim: clip_norm %g is negative", c.ClipNorm)
	case !(0 <= c.EMADecay && c.EMADecay < 1):
		return fmt.Errorf("optim: ema_decay %g is not in [0, 1)", c.EMADecay)
	case !(0 <= c.LayerDecay && c.LayerDecay <= 1):
		return fmt.Errorf("optim: layer_decay %g is not in [0, 1]", c.LayerDecay)
	}
	if err := c.validateSchedule(); err != nil {
		return err
	}
	if err := c.Muon.validate(); err != nil {
		return err
	}
	return c.validateGroups()
}
