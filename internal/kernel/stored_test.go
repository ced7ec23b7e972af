package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// guarded is memory for n bfloat16 between NaNs, filled with NaN.
func guarded(n int) (all, inner []uint16) {
	all = make([]uint16, n+2)
	for i := range all {
		all[i] = 0x7fc0
	}
	return all, all[1 : n+1]
}

// sameRounded checks that got is want, rounded, and that the guards stand.
func sameRounded(t *testing.T, name string, all []uint16, want []float32) {
	t.Helper()
	rounded, _ := inBoth(want)
	if !slices.Equal(all[1:len(all)-1], rounded) {
		t.Errorf("%s: not the result of float32, rounded", name)
	}
	if all[0] != 0x7fc0 || all[len(all)-1] != 0x7fc0 {
		t.Errorf("%s writes outside of its memory", name)
	}
}

// TestStoredBF16 holds that a kernel which reads or writes bfloat16 does what
// the kernel of float32 does with the same values, and rounds the result.
func TestStoredBF16(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	everyLevel(t, func(t *testing.T) {
		p := NewPool(2)
		defer p.Close()
		for _, d := range widths {
			const rows = 35
			x, gamma, beta, residual := unaligned(rng, rows*d), unaligned(rng, d), unaligned(rng, d), unaligned(rng, rows*d)
			dy16, dy := inBoth(unaligned(rng, rows*d))
			pre16, pre := inBoth(unaligned(rng, rows*d))
			floats := func(n int) []float32 { return make([]float32, n) }

			y, mean, rstd := floats(rows*d), floats(rows), floats(rows)
			all, y16 := guarded(rows * d)
			p.LayerNorm(y, mean, rstd, x, gamma, beta, 1e-5)
			mean2, rstd2 := floats(rows), floats(rows)
			p.LayerNormBF16(y16, mean2, rstd2, x, gamma, beta, 1e-5)
			sameRounded(t, fmt.Sprint("LayerNorm ", d), all, y)

			dx, dgamma, dbeta, dx2, dgamma2, dbeta2 := floats(rows*d), floats(d), floats(d), floats(rows*d), floats(d), floats(d)
			p.LayerNormGrad(dx, dgamma, dbeta, x, gamma, mean, rstd, dy, residual)
			p.LayerNormGradBF16(dx2, dgamma2, dbeta2, x, gamma, mean2, rstd2, dy16, residual)
			if !slices.Equal(dx, dx2) || !slices.Equal(dgamma, dgamma2) || !slices.Equal(dbeta, dbeta2) {
				t.Errorf("LayerNormGrad %d differs from float32", d)
			}

			sum, sum2 := floats(d), floats(d)
			p.ColumnSum(sum, dy)
			p.ColumnSumBF16(sum2, dy16)
			if !slices.Equal(sum, sum2) {
				t.Errorf("ColumnSum %d differs from float32", d)
			}
			p.ActivateGradSum(dx, sum, pre, dy, GELU)
			copy(y16, dy16) // in place
			p.ActivateGradSumBF16(y16, sum2, pre16, y16, GELU)
			sameRounded(t, fmt.Sprint("ActivateGradSum ", d), all, dx)
			if !slices.Equal(sum, sum2) {
				t.Errorf("ActivateGradSum %d: the sum differs from float32", d)
			}
		}
	})
}

// TestAttentionBF16 compares with float32 on the same values.
func TestAttentionBF16(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 10))
	everyLevel(t, func(t *testing.T) {
		p := NewPool(2)
		defer p.Close()
		for _, size := range [][4]int{
			{1, 1, 1, 4}, {2, 3, 2, 1}, {2, 17, 2, 32}, {1, 25, 3, 20}, {2, 50, 2, 64}, {1, 77, 2, 64}, {1, 65, 1, 33},
		} {
			n, length, heads, v := size[0], size[1], size[2], size[3]
			for _, causal := range []bool{false, true} {
				name, d := fmt.Sprint(size, causal), n*length*heads*v
				qkv16, qkv := inBoth(unaligned(rng, 3*d))
				dout16, dout := inBoth(unaligned(rng, d))
				out, lse, dqkv := make([]float32, d), make([]float32, n*heads*length), make([]float32, 3*d)
				all, out16 := guarded(d)
				lse2 := make([]float32, len(lse))
				p.Attention(out, lse, qkv, n, length, heads, causal)
				p.AttentionBF16(out16, lse2, qkv16, n, length, heads, causal)
				near16(t, name, all, out)
				diff(t, name+": lse", lse2, lse, 2e-2)

				all, dqkv16 := guarded(3 * d)
				_, out = inBoth(out)
				copy(out16, rounded16(out))
				p.AttentionGrad(dqkv, qkv, out, lse, dout, n, length, heads, causal)
				p.AttentionGradBF16(dqkv16, qkv16, out16, lse, dout16, n, length, heads, causal)
				near16(t, name+": gradient", all, dqkv)
			}
		}
	})
}

func rounded16(x []float32) []uint16 {
	y, _ := inBoth(x)
	return y
}

// near16 checks that bfloat16 values between guards are want, within the rounding
// of operands to 8 bits.
func near16(t *testing.T, name string, all []uint16, want []float32) {
	t.Helper()
	if all[0] != 0x7fc0 || all[len(all)-1] != 0x7fc0 {
		t.Errorf("%s writes outside of its memory", name)
	}
	got := make([]float32, len(want))
	for i, v := range all[1 : len(all)-1] {
		got[i] = math.Float32frombits(uint32(v) << 16)
	}
	diff(t, name, got, want, 2e-2)
}
