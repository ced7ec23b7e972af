package kernel

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// TestInPlace holds that a result may take the place of an operand where the
// kernel says so.
func TestInPlace(t *testing.T) {
	p := NewPool(2)
	defer p.Close()
	everyLevel(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 2))
		for _, n := range append(widths, 3*elementTile+5) {
			x, y := unaligned(rng, n), unaligned(rng, n)
			gamma, mean, rstd := unaligned(rng, n), unaligned(rng, 1), []float32{1.5}
			for _, k := range []struct {
				name string
				run  func(z, x, y []float32)
			}{
				{"Add", p.Add},
				{"Scale", func(z, x, _ []float32) { p.Scale(z, x, 1.7) }},
				{"Activate", func(z, x, _ []float32) { p.Activate(z, x, GELU) }},
				{"ActivateGrad", func(z, x, y []float32) { p.ActivateGrad(z, x, y, GELUTanh) }},
				{"LayerNormGrad", func(z, x, y []float32) {
					p.LayerNormGrad(z, make([]float32, n), make([]float32, n), x, gamma, mean, rstd, y, nil)
				}},
			} {
				want := make([]float32, n)
				k.run(want, x, y)
				if got := slices.Clone(y); k.name != "Scale" && k.name != "Activate" { // which have no y
					k.run(got, x, got)
					if !slices.Equal(got, want) {
						t.Errorf("%s of %d in place of y differs", k.name, n)
					}
				}
				if got := slices.Clone(x); k.name != "LayerNormGrad" {
					k.run(got, got, y)
					if !slices.Equal(got, want) {
						t.Errorf("%s of %d in place of x differs", k.name, n)
					}
				}
			}
		}
	})
}

// TestWhereTilesEnd holds that the result of an element is the same wherever
// the slice of a call begins and ends.
func TestWhereTilesEnd(t *testing.T) {
	everyLevel(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 2))
		const n = 100
		x, y := normal(rng, n), normal(rng, n)
		c := adamWFactors{1, 0.9, 0.98, 0.99, 0.1, 1, 1e-6}
		for name, run := range map[string]func(z, x, y []float32){
			"exp":         func(z, x, _ []float32) { expSum(z, x, 0.5, 0.1) },
			"gelu":        func(z, x, _ []float32) { activate(z, x, GELU) },
			"quick_gelu":  func(z, x, _ []float32) { activate(z, x, QuickGELU) },
			"gelu_tanh":   func(z, x, _ []float32) { activate(z, x, GELUTanh) },
			"gelu'":       func(z, x, y []float32) { activateGrad(z, x, y, GELU) },
			"quick_gelu'": func(z, x, y []float32) { activateGrad(z, x, y, QuickGELU) },
			"gelu_tanh'":  func(z, x, y []float32) { activateGrad(z, x, y, GELUTanh) },
			"axpy":        func(z, x, y []float32) { copy(z, y); axpy(z, 0.3, x) },
			"contrastRow": func(z, x, y []float32) { copy(z, x); contrastRow(z, y, 2, 0.1) },
			"adamW": func(z, x, y []float32) {
				copy(z, y)
				adamW(z, x, make([]float32, len(x)), make([]float32, len(x)), c)
			},
			"adamW moment": func(z, x, y []float32) { clear(z); adamW(slices.Clone(y), x, z, make([]float32, len(x)), c) },
		} {
			want := make([]float32, n)
			run(want, x, y)
			for lo := range 10 {
				for hi := n - 20; hi <= n; hi++ {
					got := make([]float32, hi-lo)
					run(got, x[lo:hi], y[lo:hi])
					if !slices.Equal(got, want[lo:hi]) {
						t.Fatalf("%s of [%d:%d] differs from the same elements of all", name, lo, hi)
					}
				}
			}
		}
	})
}

// TestFarFromZero holds that an activation is right up to the largest number,
// and that NaN stays NaN.
func TestFarFromZero(t *testing.T) {
	everyLevel(t, func(t *testing.T) {
		inf, nan := float32(math.Inf(1)), float32(math.NaN())
		x := []float32{1e5, 1e19, 3e38, inf, -1e5, -1e19, -3e38, 0, nan}
		want := []float32{1e5, 1e19, 3e38, inf, 0, 0, 0, 0, nan}
		ones := []float32{1, 1, 1, 1, 1, 1, 1, 1, 1}
		slopes := []float32{1, 1, 1, nan, 0, 0, 0, 0.5, nan}
		y := make([]float32, len(x))
		for _, a := range []Activation{GELU, QuickGELU, GELUTanh} {
			activate(y, x, a)
			for i := range x {
				if y[i] != want[i] && (want[i] == want[i] || y[i] == y[i]) {
					t.Errorf("%v(%g) = %g, want %g", a, x[i], y[i], want[i])
				}
			}
			activateGrad(y, x, ones, a)
			for i := range x {
				if a == GELUTanh && math.Abs(float64(x[i])) > 1e18 {
					continue // x² is too large for a float32
				}
				if y[i] != slopes[i] && slopes[i] == slopes[i] {
					t.Errorf("slope of %v at %g is %g, want %g", a, x[i], y[i], slopes[i])
				}
			}
		}
		if got := largest([]float32{-inf, -inf, -3}); got != -3 {
			t.Errorf("largest = %g, want -3", got)
		}
		if got := largest(make([]float32, 0)); got != -inf {
			t.Errorf("largest of none = %g, want -Inf", got)
		}
	})
}

// TestNaNStaysInItsRow holds that a row that is not finite leaves the others
// as they were.
func TestNaNStaysInItsRow(t *testing.T) {
	p := NewPool(2)
	defer p.Close()
	everyLevel(t, func(t *testing.T) {
		const rows, d, bad = 9, 13, 4
		rng := rand.New(rand.NewPCG(1, 2))
		x, gamma, dy := normal(rng, rows*d), normal(rng, d), normal(rng, rows*d)
		run := func() (all [][]float32) {
			y, mean, rstd, dx := make([]float32, rows*d), make([]float32, rows), make([]float32, rows), make([]float32, rows*d)
			p.LayerNorm(y, mean, rstd, x, gamma, gamma, 1e-5)
			p.LayerNormGrad(dx, make([]float32, d), make([]float32, d), x, gamma, mean, rstd, dy, nil)
			u, norm, du := make([]float32, rows*d), make([]float32, rows), make([]float32, rows*d)
			p.L2Normalize(u, norm, x, d)
			p.L2NormalizeGrad(du, u, norm, dy, d)
			return [][]float32{y, dx, u, du}
		}
		want := run()
		for _, v := range []float64{math.NaN(), math.Inf(1)} {
			x[bad*d+3] = float32(v)
			for i, got := range run() {
				before, after := got[:bad*d], got[(bad+1)*d:]
				if !slices.Equal(before, want[i][:bad*d]) || !slices.Equal(after, want[i][(bad+1)*d:]) {
					t.Errorf("result %d: a %g changed other rows", i, v)
				}
				if v := got[bad*d+3]; v == v {
					t.Errorf("result %d: have %g in the spoiled row, want NaN", i, v)
				}
			}
		}
	})
}

// A row of equal values, and one of zeros, have results: beta, and zeros.
func TestDegenerateRows(t *testing.T) {
	p := NewPool(1)
	defer p.Close()
	everyLevel(t, func(t *testing.T) {
		for _, d := range widths {
			x, gamma, beta := make([]float32, d), normal(rand.New(rand.NewPCG(1, 2)), d), normal(rand.New(rand.NewPCG(3, 4)), d)
			y, mean, norm := make([]float32, d), make([]float32, 1), make([]float32, 1)
			p.L2Normalize(y, norm, x, d)
			if slices.ContainsFunc(y, func(v float32) bool { return v != 0 }) || norm[0] != 1e-12 {
				t.Errorf("L2Normalize of %d zeros: %v, norm %g", d, y, norm[0])
			}
			for i := range x {
				x[i] = 7
			}
			p.LayerNorm(y, mean, norm, x, gamma, beta, 1e-5)
			diff(t, "LayerNorm of sevens", y, beta, 1e-3) // a mean a bit off, times rstd 316
		}
	})
}

// TestNothing holds that empty slices are no error.
func TestNothing(t *testing.T) {
	p := NewPool(2)
	defer p.Close()
	everyLevel(t, func(t *testing.T) {
		one, two := []float32{math.Pi}, []float32{math.Pi, math.Pi}
		p.Add(nil, nil, nil)
		p.Scale(nil, nil, 2)
		p.Activate(nil, nil, GELU)
		p.ActivateGrad(nil, nil, nil, GELU)
		p.AdamW(nil, nil, nil, nil, AdamW{Step: 1})
		p.LayerNorm(nil, nil, nil, nil, one, one, 1e-5)
		p.LayerNormGrad(nil, two[:1], two[1:], nil, one, nil, nil, nil, nil)
		p.ColumnSum(one, nil)
		p.L2Normalize(nil, nil, nil, 4)
		p.L2NormalizeGrad(nil, nil, nil, nil, 4)
		if s := p.SumSquares(nil); s != 0 || one[0] != 0 || two[0] != 0 || two[1] != 0 {
			t.Errorf("sums over nothing: %g %v %v, want 0", s, one, two)
		}
	})
}

func TestLengths(t *testing.T) {
	p := NewPool(1)
	defer p.Close()
	f := func(n int) []float32 { return make([]float32, n) }
	for want, run := range map[string]func(){
		"kernel: LayerNorm: len(beta) 5, want 6":      func() { p.LayerNorm(f(12), f(2), f(2), f(12), f(6), f(5), 1) },
		"kernel: LayerNormGrad: len(dy) 11, want 12":  func() { p.LayerNormGrad(f(12), f(6), f(6), f(12), f(6), f(2), f(2), f(11), nil) },
		"kernel: Activate: len(x) 3, want 4":          func() { p.Activate(f(4), f(3), GELU) },
		"kernel: ActivateGrad: len(dy) 5, want 4":     func() { p.ActivateGrad(f(4), f(4), f(5), GELU) },
		"kernel: Add: len(y) 5, want 4":               func() { p.Add(f(4), f(4), f(5)) },
		"kernel: Scale: len(x) 5, want 4":             func() { p.Scale(f(4), f(5), 1) },
		"kernel: AdamW: len(v) 5, want 4":             func() { p.AdamW(f(4), f(4), f(4), f(5), AdamW{Step: 1}) },
		"kernel: L2Normalize: len(x) 7, want 8":       func() { p.L2Normalize(f(7), f(2), f(7), 4) },
		"kernel: L2NormalizeGrad: len(dy) 7, want 8":  func() { p.L2NormalizeGrad(f(8), f(8), f(2), f(7), 4) },
		"kernel: Contrastive: len(colLSE) 3, want 2":  func() { p.Contrastive(f(2), f(3), f(8), f(8), nil, 1, 4) },
		"kernel: ContrastiveGrad: len(dy) 7, want 8":  func() { p.ContrastiveGrad(f(8), f(7), f(8), f(8), f(2), f(2), nil, 1, 1, 4) },
		"kernel: Unfold: len(patches) 11, want 12":    func() { p.Unfold(f(11), f(12), 1, 2, 1) },
		"kernel: Assemble: len(position) 7, want 8":   func() { p.Assemble(f(8), f(4), f(4), f(7), 1, 2) },
		"kernel: Embed: len(position) 7, want 8":      func() { p.Embed(f(8), f(12), f(7), []int32{1, 2}, 2, 4) },
		"kernel: SelectToken: len(ids) 2, want 4":     func() { p.SelectToken(f(8), f(16), Place{T: 2, IDs: []int32{1, 2}}, 2, 4) },
		"kernel: ColumnSum: len(x) 7, want":           func() { p.ColumnSum(f(4), f(7)) },
		"kernel: L2NormalizeGrad: len(dx) 9, want 8":  func() { p.L2NormalizeGrad(f(9), f(8), f(2), f(8), 4) },
		"kernel: LayerNormGrad: len(dgamma) 7, want":  func() { p.LayerNormGrad(f(12), f(7), f(6), f(12), f(6), f(2), f(2), f(12), nil) },
		"kernel: SelectTokenGrad: len(ids) 2, want 4": func() { p.SelectTokenGrad(f(16), f(8), Place{T: 2, IDs: []int32{1, 2}}, 2, 4) },
		"kernel: AverageTokens: len(x) 15, want 16":   func() { p.AverageTokens(f(8), f(15), 2, 2, 0, 4) },
		"kernel: ScaleAdd: len(residual) 7, want 8":   func() { p.ScaleAdd(f(8), f(8), f(4), f(7)) },
		"kernel: AddPosition: len(x) 7, want 8":       func() { p.AddPosition(f(8), f(7), f(4), 2) },
		"kernel: Sigmoid: len(y) 7, want 8":           func() { p.Sigmoid(f(8), f(7), nil, 1, 0, 2) },
		"kernel: SigmoidGrad: len(y) 7, want 8":       func() { p.SigmoidGrad(f(8), f(7), f(8), f(8), nil, 1, 0, 1, 2) },
		"kernel: positives: len(texts) 3, want 2":     func() { p.Sigmoid(f(8), f(8), []int32{1, 2, 3}, 1, 0, 2) },
	} {
		func() {
			defer func() {
				if got, _ := recover().(string); !strings.HasPrefix(got, want) {
					t.Errorf("panic %q, want %q", got, want)
				}
			}()
			run()
		}()
	}
}

// TestVectorsAllocateNothing holds it for every kernel but those of
// TestNoAllocation.
func TestVectorsAllocateNothing(t *testing.T) {
	p := NewPool(2)
	defer p.Close()
	const n, d = 40, 24
	f := func(n int) []float32 { return make([]float32, n) }
	x, y, z, mean, rstd, gamma, beta := f(n*d), f(n*d), f(n*d), f(n), f(n), f(d), f(d)
	table, position, ids, v := f(50*d), f(n*d), make([]int32, n), f(n*d)
	images := f(3 * 24 * 24)
	if got := testing.AllocsPerRun(5, func() {
		p.LayerNorm(y, mean, rstd, x, gamma, beta, 1e-5)
		p.LayerNormGrad(z, gamma, beta, x, gamma, mean, rstd, y, nil)
		p.Activate(y, x, GELU)
		p.ActivateGrad(y, x, y, QuickGELU)
		p.ColumnSum(gamma, x)
		p.Embed(y, table, position, ids, 4, d)
		p.EmbedGrad(table, position, y, ids, 4, d)
		p.Assemble(y, x[:30*d], gamma, position[:4*d], 10, 4)
		p.AssembleGrad(x[:30*d], gamma, position[:4*d], y, 10, 4)
		p.SelectToken(y[:10*d], x, Place{T: 4}, 10, d)
		p.SelectTokenGrad(x, y[:10*d], Place{T: 4, IDs: ids}, 10, d)
		p.AverageTokens(y[:10*d], x, 10, 4, 1, d)
		p.AverageTokensGrad(x, y[:10*d], 10, 4, 1, d)
		p.AddPosition(y, x, position[:4*d], 10)
		p.ScaleAdd(y, x, gamma, z)
		p.ScaleAddGrad(y, beta, x, gamma, z)
		p.L2Normalize(y, mean, x, d)
		p.L2NormalizeGrad(x, y, mean, z, d)
		p.Contrastive(mean, rstd, x, y, ids, 1, d)
		p.ContrastiveGrad(x, y, x, y, mean, rstd, ids, 1, 1, d)
		p.Sigmoid(x, y, ids, 1, -2, n)
		p.SigmoidGrad(x, y, x, y, ids, 1, -2, 1, n)
		p.Unfold(images, images, 1, 24, 24)
		p.Add(x, y, z)
		p.Scale(x, x, 2)
		p.SumSquares(x)
		p.AdamW(x, y, z, v, AdamW{Step: 1})
	}); got != 0 {
		t.Errorf("%g allocations a run, want none", got)
	}
}
