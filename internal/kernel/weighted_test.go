package kernel

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestWeightedRows compares with the formula in 64 bits, between guards. Taps
// are as large as a cubic kernel has them, so that results leave [0, 255] on
// both sides.
func TestWeightedRows(t *testing.T) {
	everyLevel(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(5, 5))
		for _, n := range []int{64, 128, 704} {
			for _, taps := range []int{1, 3, 4, 5, 8, 31} {
				for _, stride := range []int{n, n + 7, 64} {
					checkWeightedRows(t, rng, n, taps, stride)
				}
			}
		}
	})
}

func checkWeightedRows(t *testing.T, rng *rand.Rand, n, taps, stride int) {
	src, weights := make([]uint8, stride*(taps-1)+n), make([]int32, taps)
	for i := range src {
		src[i] = uint8(rng.IntN(2) * 255)
		if rng.IntN(2) == 0 {
			src[i] = uint8(rng.Uint32())
		}
	}
	left := int32(1 << 22)
	for i := range weights {
		weights[i] = int32((rng.Float64()*2.2 - 0.6) * (1 << 22) / float64(taps))
		left -= weights[i]
	}
	weights[0] += left // they sum to 1
	dst := slices.Repeat([]uint8{0xa5}, n+128)
	WeightedRows(dst[64:64+n], src, stride, weights)
	for i, v := range dst {
		want := uint8(0xa5)
		if 64 <= i && i < 64+n {
			sum := int64(1 << 21)
			for k, w := range weights {
				sum += int64(w) * int64(src[k*stride+i-64])
			}
			want = uint8(min(max(sum>>22, 0), 255))
		}
		if v != want {
			t.Fatalf("n %d, %d taps, stride %d: dst[%d] = %d, want %d", n, taps, stride, i-64, v, want)
		}
	}
}

func BenchmarkWeightedRows(b *testing.B) {
	const n, taps = 704, 9
	dst, src, weights := make([]uint8, n), make([]uint8, n*taps), make([]int32, taps)
	b.Run(fmt.Sprint(n, taps), func(b *testing.B) {
		b.SetBytes(n * taps)
		for b.Loop() {
			WeightedRows(dst, src, n, weights)
		}
	})
}
