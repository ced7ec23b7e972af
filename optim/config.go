// Package optim updates the parameters of a model from their gradients.
package optim

import "fmt"

// Config sets up AdamW (Loshchilov and Hutter, arXiv:1711.05101) and the
// learning rate schedule: linear warmup, then half a cosine down to 0.
type Config struct {
	// LearningRate is the peak, at the end of the warmup.
	LearningRate float64 `yaml:"learning_rate"`

	// Warmup is the number of steps from learning rate 0 to the peak.
	Warmup int `yaml:"warmup"`

	// WeightDecay is the fraction of a parameter removed per unit of learning
	// rate and step. Gains, biases, positions, the class token and the logit
	// scale do not decay.
	WeightDecay float64 `yaml:"weight_decay"`

	// Beta1 and Beta2 are the decay rates, per step, of the moving averages of
	// the gradient and its square. CLIP uses 0.98 for Beta2 with a ViT, which
	// follows the changes of the gradient faster than the usual 0.999.
	Beta1 float64 `yaml:"beta1"`
	Beta2 float64 `yaml:"beta2"`

	// Epsilon is added to the root of the second average.
	Epsilon float64 `yaml:"epsilon"`

	// ClipNorm bounds the L2 norm of all gradients together; 0 means no bound.
	ClipNorm float64 `yaml:"clip_norm"`

	// EMADecay is what a moving average of the parameters keeps of itself in an
	// update, such as 0.999: see [EMA]. Evaluations take the average then, and a
	// checkpoint holds it beside the parameters. 0 means none.
	EMADecay float64 `yaml:"ema_decay"`
}

// Default is open_clip's for vision transformers, but for the learning rate
// and the warmup, which depend on the run.
func Default() Config {
	return Config{LearningRate: 5e-4, Warmup: 0, WeightDecay: 0.2, Beta1: 0.9, Beta2: 0.98, Epsilon: 1e-6}
}

// Validate reports the first field that cannot work.
func (c Config) Validate() error {
	switch {
	case !(c.LearningRate > 0 && c.LearningRate <= 10):
		return fmt.Errorf("optim: learning_rate %g is not in (0, 10]", c.LearningRate)
	case c.Warmup < 0:
		return fmt.Errorf("optim: warmup %d is negative", c.Warmup)
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
	}
	return nil
}
