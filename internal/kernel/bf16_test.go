package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"
)

// inBoth rounds x to bfloat16 and returns it in both forms.
func inBoth(x []float32) ([]uint16, []float32) {
	y, z := make([]uint16, len(x)+1)[1:], make([]float32, len(x)) // y is not aligned
	toBF16Go(y, x)
	fromBF16Go(z, y)
	return y, z
}

// TestBF16 holds the rounding, bit for bit, at every level.
func TestBF16(t *testing.T) {
	table := []struct {
		x    uint32
		want uint16
	}{
		{0x3f800000, 0x3f80}, {0x3f807fff, 0x3f80}, {0x3f808000, 0x3f80}, // to even
		{0x3f808001, 0x3f81}, {0x3f818000, 0x3f82},
		{0x7f7fffff, 0x7f80}, {0x7f7f7fff, 0x7f7f}, {0xff800000, 0xff80}, // to Inf
		{0x7f800001, 0x7fc0}, {0xffffffff, 0xffff}, // NaN
		{0, 0}, {0x80000000, 0x8000}, {0x007fffff, 0}, {0x807fffff, 0x8000}, {0x00800000, 0x0080}, // denormal
	}
	rng := rand.New(rand.NewPCG(1, 2))
	everyLevel(t, func(t *testing.T) {
		p := NewPool(2)
		defer p.Close()
		for _, n := range []int{0, 1, 15, 16, 17, 31, 32, 33, 100, 40000} {
			x, want := unaligned(rng, n), make([]uint16, n)
			for i := range x {
				if i < 4*len(table) {
					x[i] = math.Float32frombits(table[i%len(table)].x)
				}
				want[i] = roundBF16(x[i])
				if i < 4*len(table) && want[i] != table[i%len(table)].want {
					t.Fatalf("roundBF16(%08x) = %04x, want %04x", table[i%len(table)].x, want[i], table[i%len(table)].want)
				}
			}
			y := make([]uint16, n+2)
			p.ToBF16(y[1:n+1], x)
			if !slices.Equal(y[1:n+1], want) || y[0] != 0 || y[n+1] != 0 {
				t.Errorf("ToBF16 of %d: %04x, want %04x", n, y, want)
			}
			z := make([]float32, n+2)
			p.FromBF16(z[1:n+1], want)
			for i, v := range want {
				if math.Float32bits(z[i+1]) != uint32(v)<<16 {
					t.Fatalf("FromBF16(%04x) = %g", v, z[i+1])
				}
			}
			if z[0] != 0 || z[n+1] != 0 {
				t.Errorf("FromBF16 of %d writes outside of its slice", n)
			}
		}
	})
}

// TestGemmBF16 compares with the formula on rounded operands. Products are exact
// in float32; what differs is the order of sums.
func TestGemmBF16(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	everyLevel(t, func(t *testing.T) {
		p := NewPool(2)
		defer p.Close()
		for _, size := range [][3]int{
			{1, 1, 1}, {2, 3, 5}, {15, 17, 31}, {16, 16, 32}, {17, 15, 33}, {31, 33, 64}, {33, 32, 65}, {32, 64, 63},
			{64, 31, 96}, {65, 48, 257}, {97, 200, 64}, {200, 70, 40}, {16, 300, 200}, {8, 18, 4200}, {12, 5, 0},
		} {
			m, n, k := size[0], size[1], size[2]
			a, b, bias, residual := unaligned(rng, m*k), unaligned(rng, k*n), unaligned(rng, n), unaligned(rng, m*n)
			a16, x := inBoth(a)
			b16, y := inBoth(b)
			for i, g := range []Gemm{
				{}, {Accumulate: true}, {Bias: bias}, {Residual: residual}, {Bias: bias, Residual: residual},
				{Bias: bias, Accumulate: true}, {Accumulate: true, Residual: residual}, {Bias: bias},
			} {
				g.TransA, g.TransB, g.BF16 = i%4 == 1 || i%4 == 2, i%4 >= 2, true
				old := unaligned(rng, m*n)
				want := refGemm(old, x, y, m, n, k, g)
				c := slices.Clone(old)
				p.Gemm(c, a, b, m, n, k, g)
				diff(t, fmt.Sprintf("%v %d", size, i), c, want, 3e-6)

				g.A16, g.B16 = a16, b16
				same := slices.Clone(old)
				p.Gemm(same, nil, nil, m, n, k, g)
				if !slices.Equal(same, c) {
					t.Errorf("%v %d: the result differs with operands that are rounded already", size, i)
				}
				if g.Accumulate {
					continue
				}
				guarded := slices.Repeat([]uint16{0x7fc0}, m*n+2)
				g.A16, g.C16 = nil, guarded[1:m*n+1]
				p.Gemm(nil, a, nil, m, n, k, g)
				if guarded[0] != 0x7fc0 || guarded[m*n+1] != 0x7fc0 {
					t.Fatalf("%v %d: the rounded result is written outside of its slice", size, i)
				}
				// A long sum is made in parts, unless its result is rounded.
				if rounded, _ := inBoth(c); k < 4096 && !slices.Equal(g.C16, rounded) {
					t.Errorf("%v %d: the rounded result is not the result, rounded", size, i)
				}
			}
			c := slices.Clone(residual) // C may be its own residual
			want := refGemm(c, x, y, m, n, k, Gemm{Residual: c})
			p.Gemm(c, a, b, m, n, k, Gemm{Residual: c, BF16: true})
			diff(t, fmt.Sprintf("%v in place", size), c, want, 3e-6)

			z, kept, pre := make([]float32, m*n), make([]float32, m*n), make([]float32, m*n)
			g := Gemm{Bias: bias, Activation: QuickGELU, BF16: true}
			p.Gemm(z, a, b, m, n, k, g)
			g.C16 = make([]uint16, m*n)
			p.Gemm(nil, a, b, m, n, k, g)
			g.Pre16 = make([]uint16, m*n)
			p.Gemm(nil, a, b, m, n, k, g)
			pre16, y16 := g.Pre16, g.C16
			g.C16, g.Pre16, g.Pre = nil, nil, pre
			p.Gemm(kept, a, b, m, n, k, g)
			diff(t, fmt.Sprintf("%v before the activation", size), pre, refGemm(nil, x, y, m, n, k, Gemm{Bias: bias}), 3e-6)
			if rounded, _ := inBoth(pre); !slices.Equal(pre16, rounded) && k < 4096 {
				t.Errorf("%v: what is kept before the activation is not that, rounded", size)
			}
			activate(pre, pre, QuickGELU)
			if rounded, _ := inBoth(z); !slices.Equal(y16, rounded) && k < 4096 {
				t.Errorf("%v: the activation, rounded, differs with what is kept before it", size)
			}
			if !slices.Equal(kept, pre) || !slices.Equal(z, pre) {
				t.Errorf("%v: the activation differs with what is kept of it", size)
			}
		}
	})
}

// TestGemmBF16NaN holds that what is not finite stays in its row and column, and
// that denormal operands count as 0.
func TestGemmBF16NaN(t *testing.T) {
	everyLevel(t, func(t *testing.T) {
		p := NewPool(1)
		defer p.Close()
		const m, n, k = 7, 19, 5
		a, b, c := make([]float32, m*k), make([]float32, k*n), make([]float32, m*n)
		for i := range a {
			a[i] = 1
		}
		a[2*k+3], b[1*n+17], b[1*n+4] = float32(math.NaN()), float32(math.Inf(1)), 1e-39
		p.Gemm(c, a, b, m, n, k, Gemm{BF16: true})
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

// TestGemmBF16Threads multiplies on several pools at once, while the collector
// stops them all the time: goroutines change threads, registers do not follow.
func TestGemmBF16Threads(t *testing.T) {
	const m, n, k = 100, 90, 300
	rng := rand.New(rand.NewPCG(5, 6))
	a, b, want := normal(rng, m*k), normal(rng, k*n), make([]float32, m*n)
	p := NewPool(1)
	p.Gemm(want, a, b, m, n, k, Gemm{BF16: true})
	p.Close()
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			p, c := NewPool(2), make([]float32, m*n)
			defer p.Close()
			for range 20 {
				p.Gemm(c, a, b, m, n, k, Gemm{BF16: true})
				runtime.GC()
				if !slices.Equal(c, want) {
					t.Error("a product differs with what else runs")
					return
				}
			}
		})
	}
	all.Wait()
}
