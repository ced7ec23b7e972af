package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// refAttention is the formula in float64, and its gradient by the chain rule.
// Slices are as in Attention.
func refAttention(qkv, dout []float64, n, t, heads, v int, causal bool) (out, lse, dqkv []float64) {
	d := heads * v
	out, lse, dqkv = make([]float64, n*t*d), make([]float64, n*heads*t), make([]float64, len(qkv))
	p, dp := make([]float64, t), make([]float64, t)
	scale := 1 / math.Sqrt(float64(v))
	for tile := range n * heads {
		first, channel := tile/heads*t, tile%heads*v
		at := func(token, part int) []float64 { return qkv[(first+token)*3*d+part*d+channel:][:v] }
		grad := func(token, part int) []float64 { return dqkv[(first+token)*3*d+part*d+channel:][:v] }
		for i := range t {
			seen := t
			if causal {
				seen = i + 1
			}
			top, sum, delta := math.Inf(-1), 0.0, 0.0
			for j := range seen {
				p[j] = scale * dot64(at(i, 0), at(j, 1))
				top = max(top, p[j])
			}
			for j := range seen {
				p[j] = math.Exp(p[j] - top)
				sum += p[j]
			}
			lse[tile*t+i] = top + math.Log(sum)
			row, drow := out[(first+i)*d+channel:][:v], dout[(first+i)*d+channel:][:v]
			for j := range seen {
				p[j] /= sum
				axpy64(row, p[j], at(j, 2))
				axpy64(grad(j, 2), p[j], drow)
				dp[j] = dot64(drow, at(j, 2))
				delta += p[j] * dp[j]
			}
			for j := range seen {
				ds := p[j] * (dp[j] - delta) * scale
				axpy64(grad(i, 0), ds, at(j, 1))
				axpy64(grad(j, 1), ds, at(i, 0))
			}
		}
	}
	return out, lse, dqkv
}

func dot64(x, y []float64) (sum float64) {
	for i, v := range x {
		sum += v * y[i]
	}
	return sum
}

func axpy64(y []float64, a float64, x []float64) {
	for i, v := range x {
		y[i] += a * v
	}
}

// TestAttention compares with the formula on both sides of the block of
// queries and of the vector lengths.
func TestAttention(t *testing.T) {
	defer func(old Level) { level = old }(level)
	p := NewPool(2)
	defer p.Close()
	rng := rand.New(rand.NewPCG(3, 4))
	for _, size := range [][4]int{
		{1, 1, 1, 4}, {2, 3, 2, 1}, {2, 17, 2, 32},
		{1, 24, 1, 16}, {1, 25, 3, 20}, {2, 50, 2, 64}, {1, 77, 2, 64}, {1, 65, 1, 33}, {1, 130, 1, 40},
	} {
		for _, causal := range []bool{false, true} {
			n, length, heads, v := size[0], size[1], size[2], size[3]
			qkv, dout := normal(rng, 3*n*length*heads*v), normal(rng, n*length*heads*v)
			want, wantLSE, wantGrad := refAttention(float64s(qkv), float64s(dout), n, length, heads, v, causal)
			for level = Portable; level <= Best(); level++ {
				out, lse, dqkv := make([]float32, len(dout)), make([]float32, n*heads*length), make([]float32, len(qkv))
				p.Attention(out, lse, qkv, n, length, heads, causal)
				p.AttentionGrad(dqkv, qkv, out, lse, dout, n, length, heads, causal)
				name := fmt.Sprintf("%v: %v causal %v: ", level, size, causal)
				diff(t, name+"out", out, float32s(want), 3e-6)
				diff(t, name+"lse", lse, float32s(wantLSE), 3e-6)
				diff(t, name+"dqkv", dqkv, float32s(wantGrad), 1e-5)
			}
		}
	}
}

func normal(rng *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(rng.NormFloat64())
	}
	return x
}

func float64s(x []float32) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}

func float32s(x []float64) []float32 {
	y := make([]float32, len(x))
	for i, v := range x {
		y[i] = float32(v)
	}
	return y
}

// TestAttentionExtremes holds that scores in the hundreds, of which exp alone
// would overflow, give probabilities, and that a query that is not a number
// spoils its own row only.
func TestAttentionExtremes(t *testing.T) {
	const n, length, heads, v = 2, 20, 2, 16
	everyLevel(t, func(t *testing.T) {
		p := NewPool(1)
		defer p.Close()
		rng := rand.New(rand.NewPCG(7, 8))
		qkv, dout := normal(rng, 3*n*length*heads*v), normal(rng, n*length*heads*v)
		for i := range qkv {
			qkv[i] *= 20
		}
		out, lse, dqkv := make([]float32, len(dout)), make([]float32, n*heads*length), make([]float32, len(qkv))
		p.Attention(out, lse, qkv, n, length, heads, false)
		p.AttentionGrad(dqkv, qkv, out, lse, dout, n, length, heads, false)
		want, wantLSE, wantGrad := refAttention(float64s(qkv), float64s(dout), n, length, heads, v, false)
		diff(t, "out", out, float32s(want), 1e-4) // a score of 1000 is known to 1e-4
		diff(t, "lse", lse, float32s(wantLSE), 1e-6)
		diff(t, "dqkv", dqkv, float32s(wantGrad), 1e-3)

		qkv[5*3*heads*v] = float32(math.NaN()) // in q of token 5 of the first head
		p.Attention(out, lse, qkv, n, length, heads, false)
		for i, y := range out {
			spoilt := i/(heads*v) == 5 && i%(heads*v) < v
			if (y != y) != spoilt {
				t.Fatalf("out[%d] of token %d is %g with NaN in token 5 of head 0", i, i/(heads*v), y)
			}
		}
	})
}
