package kernel

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// BenchmarkGemm reports GFLOP/s on the shapes of a ViT.
func BenchmarkGemm(b *testing.B) {
	for _, threads := range []int{1, 2} {
		p := NewPool(threads)
		defer p.Close()
		for _, s := range []struct {
			name    string
			m, n, k int
			g       Gemm
		}{
			{"forward", 1600, 1536, 384, Gemm{TransB: true}},
			{"forward", 1600, 384, 1536, Gemm{TransB: true}},
			{"input", 1600, 384, 384, Gemm{}},
			{"weight", 384, 1536, 1600, Gemm{TransA: true}},
			{"narrow", 4352, 128, 128, Gemm{TransB: true}},
			{"square", 2048, 2048, 2048, Gemm{}},
		} {
			x, y, z := make([]float32, s.m*s.k), make([]float32, s.k*s.n), make([]float32, s.m*s.n)
			b.Run(fmt.Sprintf("%s/%dx%dx%d/threads=%d", s.name, s.m, s.n, s.k, threads), func(b *testing.B) {
				for b.Loop() {
					p.Gemm(z, x, y, s.m, s.n, s.k, s.g)
				}
				b.ReportMetric(2*float64(s.m*s.n*s.k)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
			})
		}
	}
}

func BenchmarkAttention(b *testing.B) {
	p := NewPool(1)
	defer p.Close()
	for _, t := range []int{17, 50, 65, 77} {
		const n, heads, v = 16, 4, 32
		qkv, y, lse := make([]float32, 3*n*t*heads*v), make([]float32, n*t*heads*v), make([]float32, n*heads*t)
		b.Run(fmt.Sprint("forward/", t), func(b *testing.B) {
			for b.Loop() {
				p.Attention(y, lse, qkv, n, t, heads, false)
			}
			b.ReportMetric(4*float64(n*heads*t*t*v)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
		})
		d := make([]float32, len(qkv))
		b.Run(fmt.Sprint("backward/", t), func(b *testing.B) {
			for b.Loop() {
				p.AttentionGrad(d, qkv, y, lse, y, n, t, heads, false)
			}
			b.ReportMetric(10*float64(n*heads*t*t*v)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
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
		{"LayerNormGrad", func() { p.LayerNormGrad(z, gamma, gamma, x, gamma, mean, mean, y) }},
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

// BenchmarkContrastive reports pairs of the grid, of which a batch has N².
func BenchmarkContrastive(b *testing.B) {
	p := NewPool(1)
	defer p.Close()
	const n, e = 1024, 64
	rng := rand.New(rand.NewPCG(1, 2))
	x, y, dx, dy := unitRows(rng, n, e, 0), unitRows(rng, n, e, 0), make([]float32, n*e), make([]float32, n*e)
	rows, columns := make([]float32, n), make([]float32, n)
	b.Run("forward", func(b *testing.B) {
		for b.Loop() {
			p.Contrastive(rows, columns, x, y, 2, e)
		}
		b.ReportMetric(n*n*float64(b.N)/b.Elapsed().Seconds()/1e9, "Gpair/s")
	})
	b.Run("backward", func(b *testing.B) {
		for b.Loop() {
			p.ContrastiveGrad(dx, dy, x, y, rows, columns, 2, 1, e)
		}
		b.ReportMetric(n*n*float64(b.N)/b.Elapsed().Seconds()/1e9, "Gpair/s")
	})
}
