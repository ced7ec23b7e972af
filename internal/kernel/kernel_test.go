package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// A kase is one call of a kernel. Its results are made by out, which fills
// them with NaN between guards, so that a missed or a stray store shows.
type kase struct {
	name string
	run  func(p *Pool, in func(n int) []float32, out func(n int) []float32)
}

func kases() (all []kase) {
	add := func(name string, run func(p *Pool, in, out func(int) []float32)) {
		all = append(all, kase{name, run})
	}
	for _, size := range [][3]int{
		{1, 1, 1}, {6, 16, 4}, {7, 17, 5}, {5, 33, 300}, {100, 50, 64}, {200, 1600, 3}, {20, 784, 390}, {13, 48, 0},
	} {
		m, n, k := size[0], size[1], size[2]
		for i := range 4 {
			g := Gemm{TransA: i&1 != 0, TransB: i&2 != 0}
			add(fmt.Sprintf("Gemm %v transposed %v %v", size, g.TransA, g.TransB), func(p *Pool, in, out func(int) []float32) {
				p.Gemm(out(m*n), in(m*k), in(k*n), m, n, k, g)
			})
		}
		add(fmt.Sprintf("Gemm %v bias, residual", size), func(p *Pool, in, out func(int) []float32) {
			p.Gemm(out(m*n), in(m*k), in(k*n), m, n, k, Gemm{Bias: in(n), Residual: in(m * n)})
		})
		for _, a := range []Activation{GELU, QuickGELU, GELUTanh} {
			add(fmt.Sprintf("Gemm %v %v", size, a), func(p *Pool, in, out func(int) []float32) {
				p.Gemm(out(m*n), in(m*k), in(k*n), m, n, k, Gemm{Bias: in(n), Activation: a, Pre: out(m * n)})
			})
		}
	}
	for _, size := range [][3]int{{1, 1, 1}, {16, 31, 33}, {33, 15, 64}, {170, 65, 40}, {40, 300, 31}} {
		m, n, k := size[0], size[1], size[2]
		for i := range 4 {
			add(fmt.Sprintf("Gemm bfloat16 %v %d", size, i), func(p *Pool, in, out func(int) []float32) {
				g := Gemm{TransA: i&1 != 0, TransB: i&2 != 0, BF16: true}
				p.Gemm(out(m*n), in(m*k), in(k*n), m, n, k, g)
				g.Bias, g.Residual, g.Activation, g.Pre = in(n), in(m*n), GELU, out(m*n)
				p.Gemm(out(m*n), in(m*k), in(k*n), m, n, k, g)
			})
		}
	}
	for _, size := range [][4]int{{1, 1, 1, 4}, {2, 17, 2, 8}, {1, 50, 2, 16}, {1, 77, 1, 24}} {
		for _, causal := range []bool{false, true} {
			n, t, h, v := size[0], size[1], size[2], size[3]
			add(fmt.Sprintf("Attention %v causal %v", size, causal), func(p *Pool, in, out func(int) []float32) {
				qkv, y, lse := in(3*n*t*h*v), out(n*t*h*v), out(n*h*t)
				p.Attention(y, lse, qkv, n, t, h, causal)
				p.AttentionGrad(out(len(qkv)), qkv, y, lse, in(len(y)), n, t, h, causal)
			})
		}
	}
	for _, size := range [][4]int{{1, 1, 1, 4}, {3, 2, 3, 5}, {2, 17, 2, 8}, {4, 9, 3, 16}} {
		n, t, h, d := size[0], size[1], size[2], size[2]*size[3]
		for _, causal := range []bool{false, true} {
			at := Place{T: t}
			if causal {
				at.IDs, at.Causal = make([]int32, n*t), true
				for i := range n {
					at.IDs[i*t+(i+t/2)%t] = 1
				}
			}
			add(fmt.Sprintf("PooledAttention %v causal %v", size, causal), func(p *Pool, in, out func(int) []float32) {
				u, z, o, probs := in(n*h*d), in(n*t*d), out(n*h*d), out(n*h*t)
				p.PooledAttention(o, probs, u, z, at, n, h, 0.3)
				p.PooledAttentionGrad(out(len(u)), out(len(z)), in(len(o)), probs, u, z, at, n, h, 0.3)
				p.SpreadHeads(out(n*h*d), in(n*d), n, h)
				p.GatherHeads(out(n*d), in(n*h*d), in(d), n, h)
				rows := out(n * t * d)
				copy(rows, z)
				p.AddRows(rows, in(n*d), at, n)
			})
		}
	}
	for _, d := range []int{1, 7, 8, 9, 64, 100} {
		const rows = 70
		add(fmt.Sprint("LayerNorm ", d), func(p *Pool, in, out func(int) []float32) {
			x, gamma, mean, rstd := in(rows*d), in(d), out(rows), out(rows)
			p.LayerNorm(out(rows*d), mean, rstd, x, gamma, in(d), 1e-2)
			p.LayerNormGrad(out(rows*d), out(d), out(d), x, gamma, mean, rstd, in(rows*d), nil)
			p.LayerNormGrad(out(rows*d), out(d), out(d), x, gamma, mean, rstd, in(rows*d), in(rows*d))
		})
		add(fmt.Sprint("L2Normalize ", d), func(p *Pool, in, out func(int) []float32) {
			y, norm := out(rows*d), out(rows)
			p.L2Normalize(y, norm, in(rows*d), d)
			p.L2NormalizeGrad(out(rows*d), y, norm, in(rows*d), d)
		})
		add(fmt.Sprint("ColumnSum ", d), func(p *Pool, in, out func(int) []float32) { p.ColumnSum(out(d), in(rows*d)) })
		add(fmt.Sprint("ActivateGradSum ", d), func(p *Pool, in, out func(int) []float32) {
			p.ActivateGradSum(out(rows*d), out(d), in(rows*d), in(rows*d), GELU)
		})
		add(fmt.Sprint("tokens ", d), func(p *Pool, in, out func(int) []float32) {
			ids := []int32{3, 0, 4, 4, 1, 2}
			table, position := in(5*d), in(4*d)
			p.Embed(out(6*d), table, position, ids, 3, d)
			p.EmbedGrad(out(5*d), out(4*d), in(6*d), ids, 3, d)
			p.Assemble(out(8*d), in(6*d), in(d), in(4*d), 2, 4)
			p.AssembleGrad(out(6*d), out(d), out(4*d), in(8*d), 2, 4)
			for _, at := range []Place{{T: 3}, {T: 3, At: 2}, {T: 3, IDs: ids}, {T: 3, IDs: ids, EOT: 4}} {
				p.SelectToken(out(2*d), in(6*d), at, 2, d)
				p.SelectTokenGrad(out(6*d), in(2*d), at, 2, d)
			}
			kept := []int32{0, 2, 1, 2}
			p.KeepTokens(out(4*d), in(6*d), kept, 2, 3, d)
			p.KeepTokensGrad(out(6*d), in(4*d), kept, 2, 3, d)
			p.AverageTokens(out(2*d), in(6*d), 2, 3, 1, d)
			p.AverageTokensGrad(out(6*d), in(2*d), 2, 3, 1, d)
			p.AddPosition(out(6*d), in(6*d), in(3*d), 2)
		})
		add(fmt.Sprint("ScaleAdd ", d), func(p *Pool, in, out func(int) []float32) {
			p.ScaleAdd(out(rows*d), in(rows*d), in(d), in(rows*d))
			p.ScaleAddGrad(out(rows*d), out(d), in(rows*d), in(d), in(rows*d))
		})
	}
	for _, n := range []int{1, 7, 8, 17, 40000} {
		add(fmt.Sprint("elements ", n), func(p *Pool, in, out func(int) []float32) {
			p.Add(out(n), in(n), in(n))
			p.Scale(out(n), in(n), 3)
			out(1)[0] = float32(p.SumSquares(in(n)))
			value, m, v := in(n), in(n), in(n)
			for i := range v {
				v[i] *= v[i]
			}
			p.AdamW(value, in(n), m, v, AdamW{
				LearningRate: 0.1, Beta1: 0.9, Beta2: 0.98, Epsilon: 1e-6, WeightDecay: 0.2, GradScale: 0.5, Step: 3,
			})
			copy(out(n), value)
			for _, a := range []Activation{GELU, QuickGELU, GELUTanh} {
				p.Activate(out(n), in(n), a)
				p.ActivateGrad(out(n), in(n), in(n), a)
			}
		})
	}
	for _, n := range []int{2, 5, 130, 300} {
		add(fmt.Sprint("Contrastive ", n), func(p *Pool, in, out func(int) []float32) {
			const e = 20
			x, y := out(n*e), out(n*e)
			p.L2Normalize(x, out(n), in(n*e), e)
			p.L2Normalize(y, out(n), in(n*e), e)
			a, b := out(n), out(n)
			out(1)[0] = p.Contrastive(a, b, x, y, nil, 2, e)
			out(1)[0] = p.ContrastiveGrad(out(n*e), out(n*e), x, y, a, b, nil, 2, 0.7, e)
			out(1)[0] = p.Sigmoid(x, y, nil, 2, -3, n)
			out(1)[0], out(1)[0] = p.SigmoidGrad(out(n*e), out(n*e), x, y, nil, 2, -3, 0.7, n)
		})
	}
	add("Unfold", func(p *Pool, in, out func(int) []float32) { p.Unfold(out(2*3*36), in(2*3*36), 2, 6, 3) })
	return all
}

// TestLevels runs every kernel with every level of the machine: 1, 2 and 4
// threads give the same bits, and assembly is close to portable Go. Whether Go
// is right is for the operations' table in model/op to say.
func TestLevels(t *testing.T) {
	defer func(old Level) { level = old }(level)
	for _, k := range kases() {
		t.Run(k.name, func(t *testing.T) {
			var portable [][]float32
			for level = Portable; level <= Best(); level++ {
				one := results(t, k, 1)
				for _, threads := range []int{2, 4} {
					for i, got := range results(t, k, threads) {
						if !slices.Equal(got, one[i]) {
							t.Errorf("%v: result %d with %d threads differs from that with 1", level, i, threads)
						}
					}
				}
				if level == Portable {
					portable = one
				}
				for i, got := range one {
					diff(t, fmt.Sprintf("%v: result %d", level, i), got, portable[i], 3e-5)
				}
			}
		})
	}
}

func results(t *testing.T, k kase, threads int) (all [][]float32) {
	t.Helper()
	p := NewPool(threads)
	defer p.Close()
	rng := rand.New(rand.NewPCG(1, 2))
	in := func(n int) []float32 {
		x := make([]float32, n+1)[1:] // not aligned to a vector
		for i := range x {
			x[i] = float32(rng.NormFloat64())
		}
		return x
	}
	const guard, edge = 16, 12345
	var backings [][]float32
	out := func(n int) []float32 {
		b := make([]float32, n+2*guard)
		for i := range b {
			b[i] = edge
		}
		x := b[guard:][:n:n]
		for i := range x {
			x[i] = float32(math.NaN())
		}
		backings = append(backings, b)
		return x
	}
	k.run(p, in, out)
	for i, b := range backings {
		for j := range guard {
			if b[j] != edge || b[len(b)-1-j] != edge {
				t.Fatalf("result %d is written outside of its slice", i)
			}
		}
		x := b[guard : len(b)-guard]
		if j := slices.IndexFunc(x, func(v float32) bool { return v != v }); j >= 0 {
			t.Fatalf("%v: result %d: element %d of %d is not written", level, i, j, len(x))
		}
		all = append(all, x)
	}
	return all
}

// diff reports the element where got is furthest from want, in units of the
// largest element of want, or of 1.
func diff(t *testing.T, name string, got, want []float32, tol float64) {
	t.Helper()
	scale, worst, at := 1.0, -1.0, 0
	for i := range want {
		scale = max(scale, math.Abs(float64(want[i])))
		if d := math.Abs(float64(got[i] - want[i])); !(d <= worst) {
			worst, at = d, i
		}
	}
	if len(want) > 0 && !(worst <= tol*scale) {
		t.Errorf("%s: [%d] = %g, want %g within %g", name, at, got[at], want[at], tol*scale)
	}
}

// TestNoAllocation holds that a kernel allocates nothing after its first call.
func TestNoAllocation(t *testing.T) {
	p := NewPool(2)
	defer p.Close()
	a, b, c := make([]float32, 100*40), make([]float32, 40*50), make([]float32, 100*50)
	qkv, y, lse := make([]float32, 2*10*3*16), make([]float32, 2*10*16), make([]float32, 2*2*10)
	if n := testing.AllocsPerRun(5, func() {
		p.Gemm(c, a, b, 100, 50, 40, Gemm{Bias: b[:50], Activation: GELU, Pre: make([]float32, 0, 5000)[:5000]})
		p.Gemm(c, a, b, 100, 50, 40, Gemm{Bias: b[:50], BF16: true})
		p.Attention(y, lse, qkv, 2, 10, 2, true)
		p.AttentionGrad(qkv, qkv, y, lse, y, 2, 10, 2, true)
		p.ColumnSum(c[:50], c)
	}); n > 1 { // the one is this test's Pre
		t.Errorf("%g allocations a run, want none", n)
	}
}

// TestExtremes holds what exp and the activations do far from 0.
func TestExtremes(t *testing.T) {
	defer func(old Level) { level = old }(level)
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	for level = Portable; level <= Best(); level++ {
		x := []float32{-inf, -1e30, -200, -88, 0, 1, 50, 87, nan}
		y := make([]float32, len(x))
		expSum(y, x, 1, 0)
		for i, v := range x {
			want := float32(math.Exp(float64(v)))
			if want < 1.2e-38 {
				want = 0 // below the smallest normal number
			}
			if !(math.Abs(float64(y[i]-want)) <= 3e-7*float64(want)+2e-38) && !(want != want && y[i] != y[i]) {
				t.Errorf("%v: exp(%g) = %g, want %g", level, v, y[i], want)
			}
		}
		for _, a := range []Activation{GELU, QuickGELU, GELUTanh} {
			x := []float32{-1e4, -40, 40, 1e4, nan}
			activate(y, x, a)
			for i, want := range []float32{0, 0, 40, 1e4, nan} {
				if !(math.Abs(float64(y[i]-want)) <= 1e-6) && !(want != want && y[i] != y[i]) {
					t.Errorf("%v: %v(%g) = %g, want %g", level, a, x[i], y[i], want)
				}
			}
		}
	}
}
