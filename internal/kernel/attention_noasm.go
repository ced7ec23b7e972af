//go:build !amd64 || purego

package kernel

func softmaxRows(x []float32, stride, rows, seen, step, width int, scale float32, top, sum []float32) {
	softmaxRowsGo(x, stride, rows, seen, step, width, scale, top, sum)
}

func softmaxRowsGrad(x, dp []float32, stride, rows, seen, step, width int, scale float32, lse, delta []float32) {
	softmaxRowsGradGo(x, dp, stride, rows, seen, step, width, scale, lse, delta)
}

func logSum(lse, top, sum []float32) { logSumGo(lse, top, sum) }
