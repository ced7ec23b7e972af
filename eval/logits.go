package eval

import (
	"math"
	"slices"

	"github.com/goclip/goclip/model"
)

// Logits say how cosines become probabilities, which is the model's own: the factor of
// 100 that is common elsewhere makes a young model look sure.
type Logits struct {
	// Scale is the factor on cosines, not its logarithm, and Bias what is added.
	Scale, Bias float64

	// Sigmoid says that each label is a question of its own, as a model was trained
	// that has the sigmoid loss: its probability is 1/(1+exp(-logit)). Otherwise the
	// labels are all there is, and their probabilities, the softmax, sum to 1.
	Sigmoid bool
}

// LogitsOf returns the logits of a model.
func LogitsOf(m *model.CLIP) Logits {
	return Logits{
		Scale: m.LogitScale(), Bias: m.LogitBias(),
		Sigmoid: m.Config().Loss == model.Sigmoid,
	}
}

// probabilities replaces cosines by their probabilities.
func (l Logits) probabilities(cosines []float64) {
	if l.Sigmoid {
		for i, v := range cosines {
			cosines[i] = 1 / l.inverse(v)
		}
		return
	}
	largest, sum := slices.Max(cosines), 0.0
	for i, v := range cosines {
		cosines[i] = math.Exp(l.Scale * (v - largest))
		sum += cosines[i]
	}
	for i := range cosines {
		cosines[i] /= sum
	}
}

// inverse is one over the probability of a label alone.
func (l Logits) inverse(cosine float64) float64 { return 1 + math.Exp(-l.Scale*cosine-l.Bias) }

// inverseOfLargest is one over the largest of the probabilities.
func (l Logits) inverseOfLargest(cosines []float64) (sum float64) {
	largest := slices.Max(cosines)
	if l.Sigmoid {
		return l.inverse(largest)
	}
	for _, v := range cosines {
		sum += math.Exp(l.Scale * (v - largest))
	}
	return sum
}
