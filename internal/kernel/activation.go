package kernel

import "math"

// An Activation is the nonlinearity of a residual block.
type Activation int

const (
	None      Activation = iota
	GELU                 // x Phi(x), Phi the normal distribution function: open_clip's default
	QuickGELU            // x sigmoid(1.702 x): OpenAI's weights
	GELUTanh             // the tanh approximation of GELU: big_vision
)

func (a Activation) String() string {
	return [...]string{"none", "gelu", "quick_gelu", "gelu_tanh"}[a]
}

// Activate computes y = a(x) for each element. Y may be x.
//
// Source: Hendrycks and Gimpel, "Gaussian Error Linear Units", arXiv:1606.08415.
func (p *Pool) Activate(y, x []float32, a Activation) {
	check("Activate", "x", len(x), len(y))
	p.activate = activateTask{y, x, a}
	p.run(&p.activate, ceil(len(y), elementTile))
	p.activate = activateTask{}
}

type activateTask struct {
	y, x []float32
	a    Activation
}

func (t *activateTask) do(_, tile int) {
	lo, hi := span(tile, len(t.y), elementTile)
	activate(t.y[lo:hi], t.x[lo:hi], t.a)
}

// ActivateGrad computes dx = dy a'(x). Dx may be x or dy.
func (p *Pool) ActivateGrad(dx, x, dy []float32, a Activation) {
	check("ActivateGrad", "x", len(x), len(dx))
	check("ActivateGrad", "dy", len(dy), len(dx))
	p.activateGrad = activateGradTask{dx, x, dy, a}
	p.run(&p.activateGrad, ceil(len(dx), elementTile))
	p.activateGrad = activateGradTask{}
}

type activateGradTask struct {
	dx, x, dy []float32
	a         Activation
}

func (t *activateGradTask) do(_, tile int) {
	lo, hi := span(tile, len(t.dx), elementTile)
	activateGrad(t.dx[lo:hi], t.x[lo:hi], t.dy[lo:hi], t.a)
}

func activateGo(y, x []float32, a Activation) {
	for i, v := range x {
		value, _ := a.at(float64(v))
		y[i] = float32(value)
	}
}

func activateGradGo(dx, x, dy []float32, a Activation) {
	for i, v := range x {
		_, slope := a.at(float64(v))
		dx[i] = float32(slope) * dy[i]
	}
}

// at returns the value of a at x and its derivative.
func (a Activation) at(x float64) (value, slope float64) {
	switch a {
	case GELU:
		cdf := 0.5 * math.Erfc(-x/math.Sqrt2)
		return x * cdf, cdf + x*math.Exp(-x*x/2)/math.Sqrt(2*math.Pi)
	case QuickGELU:
		return gated(x, 1.702*x, 1.702)
	case GELUTanh: // (1 + tanh u)/2 = sigmoid(2u)
		c := 2 * math.Sqrt(2/math.Pi)
		return gated(x, c*(x+0.044715*x*x*x), c*(1+3*0.044715*x*x))
	}
	return x, 1
}

// gated returns x sigmoid(u) and its derivative, where du is the derivative of u.
func gated(x, u, du float64) (value, slope float64) {
	s := 1 / (1 + math.Exp(-u))
	return x * s, s + x*s*(1-s)*du
}
