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

// multiplyAddsBF16 is multiplyAdds by the instruction of products of bfloat16,
// which takes longer.
func multiplyAddsBF16(n int) (flops float64) {
	switch level {
	case AMX:
		const chains = 4
		n /= 8
		peakAMX(n)
		return 2 * 16 * 16 * 32 * chains * float64(n)
	case AVX512BF16:
		const chains = 12
		n /= 4
		peakBF16(n)
		return 2 * 32 * chains * float64(n)
	}
	return multiplyAdds(n)
}
