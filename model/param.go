package model

import (
	"fmt"
	"math"
)

// A Param is one tensor of a model that can be trained, float32, row-major: what model
// makes, optim updates and checkpoint keeps.
type Param struct {
	// Name is open_clip's, such as "visual.transformer.resblocks.0.ln_1.weight".
	Name string

	// Shape is empty for a scalar, such as the logit scale.
	Shape []int

	// Value holds the elements.
	Value []float32

	// Grad is the gradient of the last backward pass, as long as Value; nil if
	// Frozen. While a step runs, its memory may hold other values.
	Grad []float32

	// Frozen says that training leaves the value as it is: there is no gradient, an
	// optimizer keeps no moments of it and does not decay it. See [CLIP.Freeze].
	Frozen bool

	// Decay says that weight decay applies: true of matrices, false of gains,
	// biases, position embeddings, the class token and the logit scale.
	Decay bool
}

// Finite returns an error for the first parameter with an element that is NaN or infinite.
func (m *CLIP) Finite() error {
	for _, p := range m.params {
		for i, v := range p.Value {
			if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
				return fmt.Errorf("model: %s: element %d is %g; want finite numbers", p.Name, i, v)
			}
		}
	}
	return nil
}
