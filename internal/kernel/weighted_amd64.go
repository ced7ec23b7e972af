//go:build !purego

package kernel

func weightedRows(dst, src []uint8, stride int, taps []int32) {
	switch {
	case level == Portable:
		weightedRowsGo(dst, src, stride, taps)
	case level >= AVX512:
		weightedRowsAVX512(&dst[0], len(dst), &src[0], stride, &taps[0], len(taps))
	default:
		weightedRowsAVX2(&dst[0], len(dst), &src[0], stride, &taps[0], len(taps))
	}
}
