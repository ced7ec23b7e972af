//go:build !purego

package kernel

import "golang.org/x/sys/cpu"

// Assembly takes whole vectors of 8. The rest of a slice goes through a padded
// copy and the same instructions, so that the result of an element does not
// depend on where a tile ends.

func best() Level {
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		return AVX2
	}
	return Portable
}

func gemmTile(rows, k int, a []float32, rowA, colA int, panel, c []float32, rowC, start int, bias []float32) {
	if level < AVX2 || k == 0 {
		gemmTileGo(rows, k, a, rowA, colA, panel, c, rowC, start, bias)
		return
	}
	var b *float32
	if bias != nil {
		b = &bias[:panelWidth][0]
	}
	_, _, _ = a[(rows-1)*rowA+(k-1)*colA], panel[k*panelWidth-1], c[(rows-1)*rowC+panelWidth-1]
	pa, pp, pc, ra, ca, rc := &a[0], &panel[0], &c[0], 4*rowA, 4*colA, 4*rowC
	switch rows {
	case 6:
		gemm6x16AVX2(k, pa, ra, ca, pp, pc, rc, start, b)
	case 5:
		gemm5x16AVX2(k, pa, ra, ca, pp, pc, rc, start, b)
	case 4:
		gemm4x16AVX2(k, pa, ra, ca, pp, pc, rc, start, b)
	case 3:
		gemm3x16AVX2(k, pa, ra, ca, pp, pc, rc, start, b)
	case 2:
		gemm2x16AVX2(k, pa, ra, ca, pp, pc, rc, start, b)
	case 1:
		gemm1x16AVX2(k, pa, ra, ca, pp, pc, rc, start, b)
	}
}

func transpose(dst []float32, rowDst int, src []float32, rowSrc, n, width int) {
	whole := n &^ 7
	if level < AVX2 || width < 8 || whole == 0 {
		transposeGo(dst, rowDst, src, rowSrc, n, width)
		return
	}
	_, _ = dst[(whole-1)*rowDst+7], src[7*rowSrc+whole-1]
	transpose8AVX2(&dst[0], 4*rowDst, &src[0], 4*rowSrc, whole)
	if whole < n {
		transposeGo(dst[whole*rowDst:], rowDst, src[whole:], rowSrc, n-whole, width)
	}
}

func expSum(dst, x []float32, scale, shift float32) (sum float32) {
	if level < AVX2 {
		return expSumGo(dst, x, scale, shift)
	}
	dst = dst[:len(x)]
	whole := len(x) &^ 7
	if whole > 0 {
		sum = expSumAVX2(&dst[0], &x[0], whole, scale, shift)
	}
	if whole < len(x) {
		var pad [8]float32
		copy(pad[:], x[whole:])
		expSumAVX2(&pad[0], &pad[0], 8, scale, shift)
		for i := range dst[whole:] {
			dst[whole+i] = pad[i]
			sum += pad[i]
		}
	}
	return sum
}

func largest(x []float32) float32 {
	whole := len(x) &^ 7
	if level < AVX2 || whole == 0 {
		return largestGo(x)
	}
	m := maxAVX2(&x[0], whole)
	for _, v := range x[whole:] {
		m = max(m, v)
	}
	return m
}

func dot(x, y []float32) (sum float32) {
	y = y[:len(x)]
	whole := len(x) &^ 7
	if level < AVX2 || whole == 0 {
		return dotGo(x, y)
	}
	sum = dotAVX2(&x[0], &y[0], whole)
	for i, v := range x[whole:] {
		sum += v * y[whole+i]
	}
	return sum
}

func add(z, x, y []float32) {
	x, y = x[:len(z)], y[:len(z)]
	whole := len(z) &^ 7
	if level >= AVX2 && whole > 0 {
		addAVX2(&z[0], &x[0], &y[0], whole)
	} else {
		whole = 0
	}
	addGo(z[whole:], x[whole:], y[whole:])
}

func axpy(y []float32, a float32, x []float32) {
	if level < AVX2 {
		axpyGo(y, a, x)
		return
	}
	x = x[:len(y)]
	whole := len(y) &^ 7
	if whole > 0 {
		axpyAVX2(&y[0], &x[0], whole, a)
	}
	if whole < len(y) {
		var px, py [8]float32
		copy(px[:], x[whole:])
		copy(py[:], y[whole:])
		axpyAVX2(&py[0], &px[0], 8, a)
		copy(y[whole:], py[:])
	}
}

func activate(y, x []float32, a Activation) {
	if level < AVX2 {
		activateGo(y, x, a)
		return
	}
	y = y[:len(x)]
	whole := len(x) &^ 7
	if whole > 0 {
		activateAVX2(&y[0], &x[0], whole, a)
	}
	if whole < len(x) {
		var pad [8]float32
		copy(pad[:], x[whole:])
		activateAVX2(&pad[0], &pad[0], 8, a)
		copy(y[whole:], pad[:])
	}
}

func activateAVX2(y, x *float32, n int, a Activation) {
	switch a {
	case GELU:
		geluAVX2(y, x, n)
	case QuickGELU:
		quickGELUAVX2(y, x, n)
	case GELUTanh:
		tanhGELUAVX2(y, x, n)
	}
}

func activateGrad(dx, x, dy []float32, a Activation) {
	if level < AVX2 {
		activateGradGo(dx, x, dy, a)
		return
	}
	dx, dy = dx[:len(x)], dy[:len(x)]
	whole := len(x) &^ 7
	if whole > 0 {
		activateGradAVX2(&dx[0], &x[0], &dy[0], whole, a)
	}
	if whole < len(x) {
		var px, py [8]float32
		copy(px[:], x[whole:])
		copy(py[:], dy[whole:])
		activateGradAVX2(&px[0], &px[0], &py[0], 8, a)
		copy(dx[whole:], px[:])
	}
}

func activateGradAVX2(dx, x, dy *float32, n int, a Activation) {
	switch a {
	case GELU:
		geluGradAVX2(dx, x, dy, n)
	case QuickGELU:
		quickGELUGradAVX2(dx, x, dy, n)
	case GELUTanh:
		tanhGELUGradAVX2(dx, x, dy, n)
	}
}

func softmaxGrad(ds, p, dp []float32, delta, scale float32) {
	p, dp = p[:len(ds)], dp[:len(ds)]
	whole := len(ds) &^ 7
	if level >= AVX2 && whole > 0 {
		softmaxGradAVX2(&ds[0], &p[0], &dp[0], whole, delta, scale)
	} else {
		whole = 0
	}
	softmaxGradGo(ds[whole:], p[whole:], dp[whole:], delta, scale)
}

func layerNorm(y, x, gamma, beta []float32, eps float32) (mean, rstd float32) {
	d := len(gamma)
	if level < AVX2 || d%8 != 0 {
		return layerNormGo(y, x, gamma, beta, eps)
	}
	y, x, beta = y[:d], x[:d], beta[:d]
	return layerNormAVX2(&y[0], &x[0], &gamma[0], &beta[0], d, eps, 1/float32(d))
}

func layerNormGrad(dx, dgamma, dbeta, x, gamma, dy []float32, mean, rstd float32) {
	d := len(gamma)
	if level < AVX2 || d%8 != 0 {
		layerNormGradGo(dx, dgamma, dbeta, x, gamma, dy, mean, rstd)
		return
	}
	dx, dgamma, dbeta, x, dy = dx[:d], dgamma[:d], dbeta[:d], x[:d], dy[:d]
	layerNormGradAVX2(&dx[0], &dgamma[0], &dbeta[0], &x[0], &gamma[0], &dy[0], d, mean, rstd, 1/float32(d))
}

func adamW(value, grad, m, v []float32, c adamWFactors) {
	grad, m, v = grad[:len(value)], m[:len(value)], v[:len(value)]
	whole := len(value) &^ 7
	if level >= AVX2 && whole > 0 {
		adamWAVX2(&value[0], &grad[0], &m[0], &v[0], whole, c.gradScale, c.beta1, c.beta2, c.keep, c.rate, c.inverse, c.epsilon)
	} else {
		whole = 0
	}
	adamWGo(value[whole:], grad[whole:], m[whole:], v[whole:], c)
}
