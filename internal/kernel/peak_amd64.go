//go:build !purego

package kernel

// multiplyAdds runs n rounds of independent multiply-adds and counts their
// operations.
func multiplyAdds(n int) (flops float64) {
	const chains = 12
	switch {
	case level >= AVX512:
		peakAVX512(n)
		return 2 * 16 * chains * float64(n)
	case level == AVX2:
		peakAVX2(n)
		return 2 * 8 * chains * float64(n)
	}
	return multiplyAddsGo(n)
}
