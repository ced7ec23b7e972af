package kernel

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// speed reports GFLOP/s, and their share of what the threads' multiply-adds reach.
func speed(b *testing.B, flops, peak float64) {
	rate := flops * float64(b.N) / b.Elapsed().Seconds() / 1e9
	b.ReportMetric(rate, "GFLOP/s")
	if peak > 0 {
		b.ReportMetric(100*rate/peak, "%peak")
	}
}

// gemmShapes are the products of a ViT: forward, and the gradients by the input and
// by the weight.
var gemmShapes = []struct {
	name    string
	m, n, k int
	g       Gemm
}{
	{"forward", 1600, 1536, 384, Gemm{TransB: true}},
	{"forward", 1600, 384, 1536, Gemm{TransB: true}},
	{"input", 1600, 384, 384, Gemm{}},
	{"weight", 384, 1536, 1600, Gemm{TransA: true}},
	{"narrow", 4352, 128, 128, Gemm{TransB: true}},
	{"weight", 128, 512, 4352, Gemm{TransA: true}},
	{"wide", 1600, 3072, 768, Gemm{TransB: true}},
	{"wide", 1600, 768, 3072, Gemm{TransB: true}},
	{"input", 1600, 768, 3072, Gemm{}},
	{"weight", 768, 3072, 1600, Gemm{TransA: true}},
	{"square", 2048, 2048, 2048, Gemm{}},
}

// BenchmarkGemm has the shapes of a ViT in float32.
func BenchmarkGemm(b *testing.B) {
	most := Peak(1)
	for _, threads := range []int{1, 2} {
		p := NewPool(threads)
		defer p.Close()
		for _, s := range gemmShapes {
			x, y, z := make([]float32, s.m*s.k), make([]float32, s.k*s.n), make([]float32, s.m*s.n)
			b.Run(fmt.Sprintf("%s/%dx%dx%d/threads=%d", s.name, s.m, s.n, s.k, threads), func(b *testing.B) {
				for b.Loop() {
					p.Gemm(z, x, y, s.m, s.n, s.k, s.g)
				}
				speed(b, 2*float64(s.m*s.n*s.k), float64(threads)*most)
			})
		}
	}
}

// BenchmarkAttention has the heads of the quickstart, ViT-B/32 and CLIP's text
// tower. Its rates are by the whole square of scores, causal or not.
func BenchmarkAttention(b *testing.B) {
	p, most := NewPool(1), Peak(1)
	defer p.Close()
	for _, s := range []struct {
		t, heads, v int
		causal      bool
	}{{17, 4, 32, false}, {50, 12, 64, false}, {77, 8, 64, true}} {
		const n = 4
		size := n * s.t * s.heads * s.v
		qkv, y, lse := make([]float32, 3*size), make([]float32, size), make([]float32, n*s.heads*s.t)
		square := float64(2 * n * s.heads * s.t * s.t * s.v)
		name := fmt.Sprintf("/%dx%dx%d/causal=%v", s.t, s.heads, s.v, s.causal)
		b.Run("forward"+name, func(b *testing.B) {
			for b.Loop() {
				p.Attention(y, lse, qkv, n, s.t, s.heads, s.causal)
			}
			speed(b, 2*square, most)
		})
		d := make([]float32, len(qkv))
		b.Run("backward"+name, func(b *testing.B) {
			for b.Loop() {
				p.AttentionGrad(d, qkv, y, lse, y, n, s.t, s.heads, s.causal)
			}
			speed(b, 5*square, most)
		})
	}
}

func BenchmarkVector(b *testing.B) {
	p := NewPool(1)
	defer p.Close()
	const n, d = 1 << 20, 128
	x, y, z := make([]float32, n), make([]float32, n), make([]float32, n)
	gamma, mean := make([]float32, d), make([]float32, n/d)
	for _, k := range []struct {
		name string
		run  func()
	}{
		{"GELU", func() { p.Activate(y, x, GELU) }},
		{"GELUGrad", func() { p.ActivateGrad(z, x, y, GELU) }},
		{"LayerNorm", func() { p.LayerNorm(y, mean, mean, x, gamma, gamma, 1e-5) }},
		{"LayerNormGrad", func() { p.LayerNormGrad(z, gamma, gamma, x, gamma, mean, mean, y, nil) }},
		{"AdamW", func() { p.AdamW(x, y, z, z, AdamW{Beta1: 0.9, Beta2: 0.98, Step: 1}) }},
		{"ColumnSum", func() { p.ColumnSum(gamma, x) }},
		{"L2Normalize", func() { p.L2Normalize(y, mean, x, d) }},
	} {
		b.Run(k.name, func(b *testing.B) {
			for b.Loop() {
				k.run()
			}
			b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds()/1e9, "Gelem/s")
		})
	}
}

// BenchmarkLosses reports pairs of the grid, of which a batch has N².
func BenchmarkLosses(b *testing.B) {
	p := NewPool(1)
	defer p.Close()
	const n, e = 1024, 64
	rng := rand.New(rand.NewPCG(1, 2))
	x, y, dx, dy := unitRows(rng, n, e, 0), unitRows(rng, n, e, 0), make([]float32, n*e), make([]float32, n*e)
	rows, columns := make([]float32, n), make([]float32, n)
	for name, run := range map[string]func(){
		"softmax/forward":  func() { p.Contrastive(rows, columns, x, y, nil, 2, e) },
		"softmax/backward": func() { p.ContrastiveGrad(dx, dy, x, y, rows, columns, nil, 2, 1, e) },
		"sigmoid/forward":  func() { p.Sigmoid(x, y, nil, 2, -7, n) },
		"sigmoid/backward": func() { p.SigmoidGrad(dx, dy, x, y, nil, 2, -7, 1, n) },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				run()
			}
			b.ReportMetric(n*n*float64(b.N)/b.Elapsed().Seconds()/1e9, "Gpair/s")
		})
	}
}

// BenchmarkGemmBF16 has the same products as BenchmarkGemm with bfloat16, at each
// level that has instructions for them.
func BenchmarkGemmBF16(b *testing.B) {
	defer func(old Level) { level = old }(level)
	for level = AVX512BF16; level <= Best(); level++ {
		for _, threads := range []int{1, 2} {
			p := NewPool(threads)
			defer p.Close()
			for _, s := range gemmShapes {
				g := s.g
				g.BF16 = true
				x, y, z := make([]float32, s.m*s.k), make([]float32, s.k*s.n), make([]float32, s.m*s.n)
				b.Run(fmt.Sprintf("%v/%s/%dx%dx%d/threads=%d", level, s.name, s.m, s.n, s.k, threads), func(b *testing.B) {
					for b.Loop() {
						p.Gemm(z, x, y, s.m, s.n, s.k, g)
					}
					speed(b, 2*float64(s.m*s.n*s.k), 0)
				})
			}
		}
	}
}
