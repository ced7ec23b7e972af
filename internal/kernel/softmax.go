package kernel

import "math"

// softmaxRowsGo replaces the first seen floats of each row of x by their
// softmax after scaling, with zeros behind them up to width, and writes each
// row's largest scaled value and the sum of exponentials relative to it. Each
// row sees step more than the last.
func softmaxRowsGo(x []float32, stride, rows, seen, step, width int, scale float32, top, sum []float32) {
	for i := range rows {
		row := x[i*stride:][:seen+i*step]
		top[i] = scale * largestGo(row)
		sum[i] = expSumGo(row, row, scale, -top[i])
		scaleGo(row, row, 1/sum[i])
		clear(x[i*stride+len(row) : i*stride+width])
	}
}

// softmaxRowsGradGo replaces scores x by their softmax p, given its lse, and dp
// by the gradient p (dp - delta) scale.
func softmaxRowsGradGo(x, dp []float32, stride, rows, seen, step, width int, scale float32, lse, delta []float32) {
	for i := range rows {
		p, dp := x[i*stride:][:width], dp[i*stride:][:width]
		n := seen + i*step
		expSumGo(p[:n], p[:n], scale, -lse[i])
		for j, v := range p[:n] {
			dp[j] = v * (dp[j] - delta[i]) * scale
		}
		clear(p[n:])
		clear(dp[n:])
	}
}

// logSumGo writes lse = top + log(sum).
func logSumGo(lse, top, sum []float32) {
	for i := range lse {
		lse[i] = top[i] + float32(math.Log(float64(sum[i])))
	}
}
