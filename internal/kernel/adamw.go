package kernel

import "math"

// AdamW is one step of the optimizer for a group of parameters.
type AdamW struct {
	LearningRate, Beta1, Beta2, Epsilon, WeightDecay float64

	// GradScale multiplies the gradient before anything else: clipping.
	GradScale float64

	// Step counts from 1.
	Step int
}

// adamWFactors are the numbers of a step that all elements share.
type adamWFactors struct{ gradScale, beta1, beta2, keep, rate, inverse, epsilon float32 }

type adamWTask struct {
	adamWFactors
	value, grad, m, v []float32
}

// AdamW updates the value of parameters and the moments m and v of their
// gradients:
//
//	m = beta1 m + (1 - beta1) g, v = beta2 v + (1 - beta2) g²
//	value = value (1 - rate decay) - rate m' / (sqrt(v') + epsilon)
//
// with m' and v' corrected for their start at 0.
//
// Source: Loshchilov and Hutter, "Decoupled Weight Decay Regularization",
// arXiv:1711.05101, algorithm 2, as PyTorch has it.
func (p *Pool) AdamW(value, grad, m, v []float32, c AdamW) {
	check("AdamW", "grad", len(grad), len(value))
	check("AdamW", "m", len(m), len(value))
	check("AdamW", "v", len(v), len(value))
	t := &p.adamW
	*t = adamWTask{value: value, grad: grad, m: m, v: v, adamWFactors: adamWFactors{
		gradScale: float32(c.GradScale),
		beta1:     float32(c.Beta1),
		beta2:     float32(c.Beta2),
		keep:      float32(1 - c.LearningRate*c.WeightDecay),
		rate:      float32(c.LearningRate / (1 - math.Pow(c.Beta1, float64(c.Step)))),
		inverse:   float32(1 / math.Sqrt(1-math.Pow(c.Beta2, float64(c.Step)))),
		epsilon:   float32(c.Epsilon),
	}}
	p.run(t, ceil(len(value), elementTile))
	*t = adamWTask{}
}

func (t *adamWTask) do(_, tile int) {
	lo, hi := span(tile, len(t.value), elementTile)
	adamW(t.value[lo:hi], t.grad[lo:hi], t.m[lo:hi], t.v[lo:hi], t.adamWFactors)
}

func adamWGo(value, grad, m, v []float32, c adamWFactors) {
	for i, g := range grad {
		g *= c.gradScale
		m[i] = g + c.beta1*(m[i]-g)
		v[i] = g*g + c.beta2*(v[i]-g*g)
		value[i] = value[i]*c.keep - c.rate*m[i]/(float32(math.Sqrt(float64(v[i])))*c.inverse+c.epsilon)
	}
}
