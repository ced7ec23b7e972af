package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// refGemm is the formula in float64; c is what C holds before.
func refGemm(c, a, b []float32, m, n, k int, g Gemm) []float32 {
	y := make([]float32, m*n)
	for i := range m {
		for j := range n {
			var sum float64
			for p := range k {
				x, z := i*k+p, p*n+j
				if g.TransA {
					x = p*m + i
				}
				if g.TransB {
					z = j*k + p
				}
				sum += float64(a[x]) * float64(b[z])
			}
			if g.Accumulate {
				sum += float64(c[i*n+j])
			}
			if g.Bias != nil {
				sum += float64(g.Bias[j])
			}
			if g.Residual != nil {
				sum += float64(g.Residual[i*n+j])
			}
			y[i*n+j] = float32(sum)
		}
	}
	return y
}

// TestGemm compares with the formula on both sides of the kernel's tile, of the
// blocks of K and of the parts of B that are packed at a time.
func TestGemm(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	everyLevel(t, func(t *testing.T) {
		p := NewPool(2)
		defer p.Close()
		for _, size := range [][3]int{
			{1, 1, 1}, {2, 3, 5}, {5, 15, 8}, {6, 16, 7}, {7, 17, 9}, {13, 31, 40}, {25, 48, 257}, {97, 200, 64},
			{101, 390, 30}, {11, 1600, 530}, {12, 5, 0},
		} {
			m, n, k := size[0], size[1], size[2]
			a, b, bias, residual := unaligned(rng, m*k), unaligned(rng, k*n), unaligned(rng, n), unaligned(rng, m*n)
			for i, g := range []Gemm{
				{}, {Accumulate: true}, {Bias: bias}, {Residual: residual}, {Bias: bias, Residual: residual},
				{Bias: bias, Accumulate: true}, {Accumulate: true, Residual: residual},
			} {
				g.TransA, g.TransB = i%4 == 1 || i%4 == 2, i%4 >= 2
				c := unaligned(rng, m*n)
				want := refGemm(c, a, b, m, n, k, g)
				p.Gemm(c, a, b, m, n, k, g)
				diff(t, fmt.Sprintf("%v %d", size, i), c, want, 3e-6)
			}
			c := slices.Clone(residual) // C may be its own residual
			want := refGemm(c, a, b, m, n, k, Gemm{Residual: c})
			p.Gemm(c, a, b, m, n, k, Gemm{Residual: c})
			diff(t, fmt.Sprintf("%v in place", size), c, want, 3e-6)

			y, z, pre := make([]float32, m*n), make([]float32, m*n), make([]float32, m*n)
			p.Gemm(y, a, b, m, n, k, Gemm{Bias: bias, Activation: QuickGELU, Pre: pre})
			p.Gemm(z, a, b, m, n, k, Gemm{Bias: bias, Activation: QuickGELU})
			diff(t, fmt.Sprintf("%v before the activation", size), pre, refGemm(nil, a, b, m, n, k, Gemm{Bias: bias}), 3e-6)
			activate(pre, pre, QuickGELU)
			if !slices.Equal(y, pre) || !slices.Equal(z, pre) {
				t.Errorf("%v: the activation differs with what is kept of it", size)
			}
			want = refGemm(z, a, b, m, n, k, Gemm{Accumulate: true, Residual: residual})
			p.Gemm(z, a, b, m, n, k, Gemm{Accumulate: true, Residual: residual, Activation: QuickGELU, Pre: pre})
			diff(t, fmt.Sprintf("%v before the activation of a sum", size), pre, want, 3e-6)
		}
	})
}

// TestGemmNaN holds that what is not finite stays in its row and column.
func TestGemmNaN(t *testing.T) {
	everyLevel(t, func(t *testing.T) {
		p := NewPool(1)
		defer p.Close()
		const m, n, k = 7, 19, 5
		a, b, c := make([]float32, m*k), make([]float32, k*n), make([]float32, m*n)
		for i := range a {
			a[i] = 1
		}
		a[2*k+3], b[1*n+17] = float32(math.NaN()), float32(math.Inf(1))
		p.Gemm(c, a, b, m, n, k, Gemm{})
		for i, v := range c {
			row, column := i/n, i%n
			switch {
			case row == 2:
				if v == v {
					t.Errorf("c[%d][%d] = %g, want NaN", row, column, v)
				}
			case column == 17:
				if !math.IsInf(float64(v), 1) {
					t.Errorf("c[%d][%d] = %g, want +Inf", row, column, v)
				}
			case v != 0:
				t.Errorf("c[%d][%d] = %g, want 0", row, column, v)
			}
		}
	})
}
