//go:build !purego

package kernel

func softmaxRows(x []float32, stride, rows, seen, step, width int, scale float32, top, sum []float32) {
	if level == Portable {
		softmaxRowsGo(x, stride, rows, seen, step, width, scale, top, sum)
		return
	}
	_, _, _ = x[(rows-1)*stride+width-1], top[rows-1], sum[rows-1]
	if level >= AVX512 {
		softmaxRowsAVX512(&x[0], 4*stride, rows, seen, step, width, scale, &top[0], &sum[0])
		return
	}
	softmaxRowsAVX2(&x[0], 4*stride, rows, seen, step, width, scale, &top[0], &sum[0])
}

func softmaxRowsGrad(x, dp []float32, stride, rows, seen, step, width int, scale float32, lse, delta []float32) {
	if level == Portable {
		softmaxRowsGradGo(x, dp, stride, rows, seen, step, width, scale, lse, delta)
		return
	}
	last := (rows-1)*stride + width - 1
	_, _, _, _ = x[last], dp[last], lse[rows-1], delta[rows-1]
	if level >= AVX512 {
		softmaxRowsGradAVX512(&x[0], &dp[0], 4*stride, rows, seen, step, width, scale, &lse[0], &delta[0])
		return
	}
	softmaxRowsGradAVX2(&x[0], &dp[0], 4*stride, rows, seen, step, width, scale, &lse[0], &delta[0])
}

func logSum(lse, top, sum []float32) {
	switch {
	case level == Portable:
		logSumGo(lse, top, sum)
	case level >= AVX512:
		logSumAVX512(&lse[0], &top[:len(lse)][0], &sum[:len(lse)][0], len(lse))
	default:
		logSumAVX2(&lse[0], &top[:len(lse)][0], &sum[:len(lse)][0], len(lse))
	}
}
