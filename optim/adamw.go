package optim

import (
	"fmt"
	"math"
	"strings"

	"github.com/goclip/goclip/internal/kernel"
	"github.com/goclip/goclip/model"
)

// AdamW is the optimizer of a run: its parameters, their moments and the step.
type AdamW struct {
	config Config
	params []*model.Param
	m, v   [][]float32 // moving averages of the gradient and its square
	step   int         // updates done
	steps  int         // of the whole run
	pool   *model.Pool
}

// New returns an optimizer of params for a run of the given number of steps.
func New(params []*model.Param, c Config, steps int, pool *model.Pool) (*AdamW, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	c.SetDefaults()
	if c.Warmup >= steps {
		return nil, fmt.Errorf("optim: warmup %d is not less than the run's %d steps: "+
			"it would never reach its learning rate",
			c.Warmup, steps)
	}
	a := &AdamW{config: c, params: params, steps: steps, pool: pool.OrDefault()}
	size := 0
	for _, p := range params {
		size += len(p.Value)
	}
	m, v := kernel.NewFloats(size), kernel.NewFloats(size)
	for _, p := range params {
		n := len(p.Value)
		a.m, a.v = append(a.m, m[:n:n]), append(a.v, v[:n:n])
		m, v = m[n:], v[n:]
	}
	return a, nil
}

// Step is the number of updates done.
func (a *AdamW) Step() int { return a.step }

// Norm is the L2 norm of all gradients together.
func (a *AdamW) Norm() float64 { return a.NormOf(func(string) bool { return true }) }

// NormOf is the L2 norm of the gradients of the parameters whose names are in.
func (a *AdamW) NormOf(in func(name string) bool) float64 {
	a.pool.Lock()
	defer a.pool.Unlock()
	var sum float64
	for _, p := range a.params {
		if in(p.Name) {
			sum += a.pool.SumSquares(p.Grad)
		}
	}
	return math.Sqrt(sum)
}

// Update moves the parameters one step and returns its learning rate. Norm is
// the L2 norm of all gradients; where it exceeds Config.ClipNorm, the gradients
// are scaled down to that bound.
func (a *AdamW) Update(norm float64) (rate float64) {
	rate = a.config.At(a.step, a.steps)
	a.step++
	step := kernel.AdamW{
		LearningRate: rate,
		Beta1:        a.config.Beta1,
		Beta2:        a.config.Beta2,
		Epsilon:      a.config.Epsilon,
		GradScale:    1,
		Step:         a.step,
	}
	if bound := a.config.ClipNorm; bound > 0 && norm > bound {
		step.GradScale = bound / norm
	}
	a.pool.Lock()
	defer a.pool.Unlock()
	for i, p := range a.params {
		step.WeightDecay = 0
		if p.Decay {
			step.WeightDecay = a.config.WeightDecay
		}
		a.pool.AdamW(p.Value, p.Grad, a.m[i], a.v[i], step)
	}
	return rate
}

// Skip counts a step without an update: parameters and moments stay.
func (a *AdamW) Skip() { a.step++ }

// At is the learning rate of the update after step updates, of steps in all:
// peak (step+1)/warmup while it warms up, then half a cosine from the peak to 0.
func (c Config) At(step, steps int) float64 {
	if step < c.Warmup {
		return c.LearningRate * float64(step+1) / float64(c.Warmup)
	}
	progress := float64(step-c.Warmup) / float64(steps-c.Warmup)
	return 0.5 * (1 + math.Cos(math.Pi*min(1, progress))) * c.LearningRate
}

// State visits the moments of each parameter, for a checkpoint: a name such as
// "exp_avg.visual.proj", as PyTorch has it, the shape, and the memory itself.
func (a *AdamW) State(visit func(name string, shape []int, data []float32) error) error {
	for i, p := range a.params {
		if err := visit("exp_avg."+p.Name, p.Shape, a.m[i]); err != nil {
			return err
		}
		if err := visit("exp_avg_sq."+p.Name, p.Shape, a.v[i]); err != nil {
			return err
		}
	}
	return nil
}

// Resume sets the number of updates done, when the moments have been restored.
func (a *AdamW) Resume(step int) { a.step = step }

// Groups is a table of what decays and what does not.
func Groups(params []*model.Param) string {
	var names [2][]string
	var tensors, elements [2]int
	for _, p := range params {
		g := 0
		if p.Decay {
			g = 1
		}
		tensors[g]++
		elements[g] += len(p.Value)
		if !strings.Contains(p.Name, "resblocks.") || strings.Contains(p.Name, "resblocks.0.") {
			names[g] = append(names[g], p.Name)
		}
	}
	var s strings.Builder
	fmt.Fprintf(&s, "%-16s %7s %12s  %s\n", "weight decay", "tensors", "parameters", "such as")
	for g, label := range []string{"no", "yes"} {
		some := strings.Join(names[g][:min(4, len(names[g]))], ", ")
		fmt.Fprintf(&s, "%-16s %7d %12d  %s\n", label, tensors[g], elements[g], some)
	}
	return strings.TrimSuffix(s.String(), "\n")
}
