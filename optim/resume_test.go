package optim

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/goclip/goclip/internal/kernel"
	"github.com/goclip/goclip/model"
)

// sizedParams returns parameters on both sides of the lengths at which kernels
// cut their work, with random values.
func sizedParams() []*model.Param {
	rng := rand.New(rand.NewPCG(1, 2))
	var params []*model.Param
	for i, n := range []int{1, 7, 255, 257, 16383, 16385, 40000} {
		p := &model.Param{Name: fmt.Sprintf("p%d", i), Shape: []int{n},
			Value: make([]float32, n), Grad: make([]float32, n), Decay: i%2 == 0}
		for j := range p.Value {
			p.Value[j] = float32(rng.NormFloat64())
		}
		params = append(params, p)
	}
	return params
}

// setGrads gives step its gradients.
func setGrads(params []*model.Param, step int) {
	rng := rand.New(rand.NewPCG(3, uint64(step)))
	for _, p := range params {
		for i := range p.Grad {
			p.Grad[i] = float32(rng.NormFloat64())
		}
	}
}

var testConfig = Config{LearningRate: 0.01, Warmup: 3, WeightDecay: 0.2,
	Beta1: 0.9, Beta2: 0.98, Epsilon: 1e-6, ClipNorm: 5}

// run makes updates until there are to of them.
func run(t *testing.T, params []*model.Param, a *Optimizer, to int) {
	t.Helper()
	for a.Step() < to {
		setGrads(params, a.Step())
		a.Update(a.Norm())
	}
}

// TestResume holds that a run continued from its parameters, moments and step
// is, bit for bit, the run that never stopped, at any number of threads.
func TestResume(t *testing.T) {
	var want []*model.Param
	for _, threads := range []int{1, 2, 3} {
		pool := kernel.NewPool(threads)
		defer pool.Close()
		params := sizedParams()
		a, err := New(params, testConfig, 10, pool)
		if err != nil {
			t.Fatal(err)
		}
		run(t, params, a, 8)
		if want == nil {
			want = params
		}
		sameValues(t, fmt.Sprintf("with %d threads", threads), params, want)
	}
	for stop := range 8 {
		pool := kernel.NewPool(2)
		defer pool.Close()
		params := sizedParams()
		a, err := New(params, testConfig, 10, pool)
		if err != nil {
			t.Fatal(err)
		}
		run(t, params, a, stop)
		kept := map[string][]float32{}
		if err := a.State(func(name string, shape []int, data []float32) error {
			if len(shape) != 1 || shape[0] != len(data) {
				t.Errorf("%s: shape %v of %d floats", name, shape, len(data))
			}
			kept[name] = slices.Clone(data)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		b, err := New(params, testConfig, 10, pool)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.State(func(name string, _ []int, data []float32) error {
			if copy(data, kept[name]) != len(data) {
				return fmt.Errorf("no %s", name)
			}
			delete(kept, name)
			return nil
		}); err != nil || len(kept) > 0 {
			t.Fatalf("restored moments: %v, %d left over", err, len(kept))
		}
		b.Resume(stop)
		run(t, params, b, 8)
		sameValues(t, fmt.Sprintf("resumed after %d steps", stop), params, want)
	}
}

func sameValues(t *testing.T, when string, got, want []*model.Param) {
	t.Helper()
	for i, p := range got {
		if !slices.Equal(p.Value, want[i].Value) {
			t.Errorf("%s: %s differs", when, p.Name)
		}
	}
}

// A checkpoint names moments as PyTorch does, and stops at its first error.
func TestState(t *testing.T) {
	pool := kernel.NewPool(1)
	defer pool.Close()
	a, err := New(testParams(), testConfig, 10, pool)
	if err != nil {
		t.Fatal(err)
	}
	full := errors.New("disk full")
	var names []string
	err = a.State(func(name string, _ []int, _ []float32) error {
		names = append(names, name)
		if name == "exp_avg.b" {
			return full
		}
		return nil
	})
	if got := strings.Join(names, " "); got != "exp_avg.w exp_avg_sq.w exp_avg.b" || !errors.Is(err, full) {
		t.Errorf("State visits %q, %v; want w, then the error at exp_avg.b", got, err)
	}
}

// TestClip holds that the norm is that before clipping, that gradients below
// the bound are left as they are, and that clipping leaves Grad itself alone.
func TestClip(t *testing.T) {
	pool := kernel.NewPool(1)
	defer pool.Close()
	after := func(bound float64) (value []float32) {
		params := testParams()
		copy(params[0].Grad, []float32{3, 0, 0, 4})
		c := testConfig
		c.Epsilon, c.ClipNorm = 10, bound // so large that the size of a gradient counts
		a, err := New(params, c, 10, pool)
		if err != nil {
			t.Fatal(err)
		}
		norm := a.Norm()
		if norm != 5 {
			t.Errorf("norm %g, want 5", norm)
		}
		a.Update(norm)
		if params[0].Grad[0] != 3 || params[0].Grad[3] != 4 {
			t.Errorf("bound %g: gradient %v after the update, want it as it was", bound, params[0].Grad)
		}
		return append(slices.Clone(params[0].Value), params[1].Value...)
	}
	free := after(0)
	for _, bound := range []float64{5, 6, math.Inf(1)} {
		if !slices.Equal(after(bound), free) {
			t.Errorf("bound %g changes gradients of norm 5", bound)
		}
	}
	if slices.Equal(after(2.5), free) {
		t.Error("bound 2.5 does not change gradients of norm 5")
	}
}

// TestNorm holds that the norm of many elements keeps its digits, and that one
// value that is not finite shows in it while the parameters are still as they were.
func TestNorm(t *testing.T) {
	pool := kernel.NewPool(2)
	defer pool.Close()
	n := 1 << 20
	p := &model.Param{Name: "w", Shape: []int{n}, Value: make([]float32, n), Grad: make([]float32, n)}
	var want float64
	for i := range p.Grad {
		p.Grad[i] = 1.1e-3
		want += float64(p.Grad[i]) * float64(p.Grad[i])
	}
	a, err := New([]*model.Param{p}, testConfig, 10, pool)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := a.Norm(), math.Sqrt(want); math.Abs(got/want-1) > 1e-6 {
		t.Errorf("norm %g, want %g within 1e-6 of it", got, want)
	}
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		p.Grad[n-1] = float32(v)
		if got := a.Norm(); !math.IsNaN(got) && !math.IsInf(got, 0) {
			t.Errorf("norm %g with a gradient of %g", got, v)
		}
		if slices.Max(p.Value) != 0 || slices.Min(p.Value) != 0 || a.Step() != 0 {
			t.Errorf("Norm moves the parameters or the step")
		}
	}
}

func TestNoAllocation(t *testing.T) {
	pool := kernel.NewPool(2)
	defer pool.Close()
	a, err := New(sizedParams(), testConfig, 1000, pool)
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(5, func() { a.Update(a.Norm()) }); n != 0 {
		t.Errorf("%g allocations an update, want 0", n)
	}
}
