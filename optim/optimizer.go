package optim

import (
	"fmt"
	"math"
	"slices"

	"github.com/goclip/goclip/internal/kernel"
	"github.com/goclip/goclip/model"
)

// An Optimizer is that of a run: its parameters, their moments and the step.
type Optimizer struct {
	config Config
	params []*model.Param // none is frozen
	rules  []rule         // of the parameters
	m, v   [][]float32    // moving averages of the gradient and its square; no v with Muon
	muon   *muon          // nil without Config.Muon
	step   int            // updates done
	steps  int            // of the whole run
	pool   *model.Pool
}

// New returns an optimizer of the params that are not frozen, for a run of the given
// number of steps. A group of c that none of them belongs to is an error.
func New(params []*model.Param, c Config, steps int, pool *model.Pool) (*Optimizer, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	c.SetDefaults()
	if c.Warmup >= steps {
		return nil, fmt.Errorf("optim: warmup %d is not less than the run's %d steps: "+
			"it would never reach its learning rate",
			c.Warmup, steps)
	}
	if c.Cooldown >= steps-c.Warmup {
		return nil, fmt.Errorf("optim: cooldown %d is not less than the %d steps after the warmup",
			c.Cooldown, steps-c.Warmup)
	}
	layers := countLayers(params) // of the whole towers
	params = slices.DeleteFunc(slices.Clone(params), func(p *model.Param) bool { return p.Frozen })
	rules, err := c.rules(params, layers)
	if err != nil {
		return nil, err
	}
	a := &Optimizer{config: c, params: params, rules: rules, steps: steps, pool: pool.OrDefault()}
	if c.Muon.on() {
		a.muon = newMuon(c.Muon.Momentum, params, rules, a.pool)
	}
	a.m, a.v = a.newMoments(func(rule) bool { return true }), a.newMoments(func(r rule) bool { return !r.muon })
	return a, nil
}

// newMoments returns one for each parameter that needs it by its rule.
func (a *Optimizer) newMoments(needed func(rule) bool) [][]float32 {
	size, moments := 0, make([][]float32, len(a.params))
	for i, p := range a.params {
		if needed(a.rules[i]) {
			size += len(p.Value)
		}
	}
	all := kernel.NewFloats(size)
	for i, p := range a.params {
		if n := len(p.Value); needed(a.rules[i]) {
			moments[i], all = all[:n:n], all[n:]
		}
	}
	return moments
}

// Step is the number of updates done.
func (a *Optimizer) Step() int { return a.step }

// Norm is the L2 norm of all gradients together.
func (a *Optimizer) Norm() float64 { return a.NormOf(func(string) bool { return true }) }

// NormOf is the L2 norm of the gradients of the parameters whose names are in.
func (a *Optimizer) NormOf(in func(name string) bool) float64 {
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

// Update moves the parameters one step and returns its learning rate, which that
// of groups and lower layers may differ from. Norm is the L2 norm of all
// gradients; where it exceeds Config.ClipNorm, the gradients are scaled down to
// that bound.
func (a *Optimizer) Update(norm float64) (rate float64) {
	done := a.step
	a.step++
	step := kernel.AdamW{
		Beta1:     a.config.Beta1,
		Beta2:     a.config.Beta2,
		Epsilon:   a.config.Epsilon,
		GradScale: 1,
		Step:      a.step,
	}
	if bound := a.config.ClipNorm; bound > 0 && norm > bound {
		step.GradScale = bound / norm
	}
	a.pool.Lock()
	defer a.pool.Unlock()
	for i, p := range a.params {
		step.LearningRate = a.config.scheduled(a.rules[i].peak, done, a.steps)
		step.WeightDecay = a.rules[i].decay
		if a.rules[i].muon {
			a.muon.update(p, a.m[i], step.LearningRate, step.WeightDecay, float32(step.GradScale))
			continue
		}
		a.pool.AdamW(p.Value, p.Grad, a.m[i], a.v[i], step)
	}
	return a.config.At(done, a.steps)
}

// Skip counts a step without an update: parameters and moments stay.
func (a *Optimizer) Skip() { a.step++ }

// State visits the moments of each parameter, for a checkpoint: a name such as
// "exp_avg.visual.proj", as PyTorch has it, the shape, and the memory itself. A
// matrix that Muon updates has one, "momentum_buffer.", as in Muon's own code.
func (a *Optimizer) State(visit func(name string, shape []int, data []float32) error) error {
	for i, p := range a.params {
		if a.rules[i].muon {
			if err := visit("momentum_buffer."+p.Name, p.Shape, a.m[i]); err != nil {
				return err
			}
			continue
		}
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
func (a *Optimizer) Resume(step int) { a.step = step }
