package optim

import (
	"math"
	"strings"
	"testing"

	"github.com/goclip/goclip/internal/kernel"
	"github.com/goclip/goclip/model"
)

func testParams() []*model.Param {
	return []*model.Param{
		{Name: "w", Shape: []int{2, 2}, Value: []float32{1, -2, 3, -4}, Grad: make([]float32, 4), Decay: true},
		{Name: "b", Shape: []int{1}, Value: []float32{0.5}, Grad: make([]float32, 1)},
	}
}

// TestAdamW compares five clipped steps with algorithm 2 of the paper in float64.
// The epsilon is large, so that the scale of the gradients counts.
func TestAdamW(t *testing.T) {
	pool := kernel.NewPool(1)
	defer pool.Close()
	c := Config{LearningRate: 0.1, Warmup: 2, WeightDecay: 0.3, Beta1: 0.9, Beta2: 0.98, Epsilon: 0.1, ClipNorm: 0.5}
	params := testParams()
	a, err := New(params, c, 10, pool)
	if err != nil {
		t.Fatal(err)
	}
	value := []float64{1, -2, 3, -4, 0.5}
	var m, v [5]float64
	for step := range 5 {
		var g [5]float64
		var norm float64
		for i := range g {
			g[i] = math.Sin(float64(step*5+i)) + 0.2
			norm += g[i] * g[i]
			if i < 4 {
				params[0].Grad[i] = float32(g[i])
			} else {
				params[1].Grad[0] = float32(g[i])
			}
		}
		norm = math.Sqrt(norm)
		got := a.Norm()
		if math.Abs(got-norm) > 1e-6 {
			t.Errorf("step %d: norm %g, want %g", step, got, norm)
		}
		rate := a.Update(got)
		if rate != c.At(step, 10) {
			t.Errorf("step %d: learning rate %g, want %g", step, rate, c.At(step, 10))
		}
		for i := range g {
			g[i] *= min(1, 0.5/norm)
			m[i] = 0.9*m[i] + 0.1*g[i]
			v[i] = 0.98*v[i] + 0.02*g[i]*g[i]
			mh, vh := m[i]/(1-math.Pow(0.9, float64(step+1))), v[i]/(1-math.Pow(0.98, float64(step+1)))
			if i < 4 {
				value[i] -= rate * 0.3 * value[i]
			}
			value[i] -= rate * mh / (math.Sqrt(vh) + 0.1)
		}
	}
	for i, got := range append(params[0].Value, params[1].Value...) {
		if math.Abs(float64(got)-value[i]) > 1e-6 {
			t.Errorf("parameter %d = %g, want %g", i, got, value[i])
		}
	}
	if a.Step() != 5 {
		t.Errorf("Step() = %d, want 5", a.Step())
	}
}

// TestSkip holds that a skipped step counts and changes nothing else.
func TestSkip(t *testing.T) {
	params := testParams()
	a, err := New(params, Config{Warmup: 2}, 10, nil)
	if err != nil {
		t.Fatal(err)
	}
	a.Skip()
	if a.Step() != 1 || params[0].Value[0] != 1 || a.m[0][0] != 0 {
		t.Errorf("after Skip: step %d, value %g, moment %g; want 1, 1, 0", a.Step(), params[0].Value[0], a.m[0][0])
	}
}

func TestNormOf(t *testing.T) {
	params := testParams()
	copy(params[0].Grad, []float32{3, 0, 0, 4})
	params[1].Grad[0] = 12
	a, err := New(params, Config{}, 10, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := a.NormOf(func(name string) bool { return name == "w" }); got != 5 {
		t.Errorf("norm of w = %g, want 5", got)
	}
	if got := a.Norm(); got != 13 {
		t.Errorf("norm of all = %g, want 13", got)
	}
}

func TestErrors(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"learning_rate 11":   func(c *Config) { c.LearningRate = 11 },
		"warmup -1":          func(c *Config) { c.Warmup = -1 },
		"beta1 1":            func(c *Config) { c.Beta1 = 1 },
		"beta1 -0.1":         func(c *Config) { c.Beta1 = -0.1 },
		"weight_decay 2000":  func(c *Config) { c.WeightDecay = 2000 },
		"beta2 NaN":          func(c *Config) { c.Beta2 = math.NaN() },
		"epsilon -1":         func(c *Config) { c.Epsilon = -1 },
		"clip_norm -1":       func(c *Config) { c.ClipNorm = -1 },
		"weight_decay -0.1":  func(c *Config) { c.WeightDecay = -0.1 },
		"warmup 10 is not l": func(c *Config) { c.Warmup = 10 },
		"layer_decay 1.5":    func(c *Config) { c.LayerDecay = 1.5 },
		"layer_decay NaN":    func(c *Config) { c.LayerDecay = math.NaN() },
	} {
		c := Default()
		change(&c)
		if _, err := New(nil, c, 10, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("New: %v; want error with %q", err, want)
		}
	}
}
