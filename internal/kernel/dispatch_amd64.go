//go:build !purego

package kernel

import "golang.org/x/sys/cpu"

// Assembly takes any length: the last floats, fewer than a vector has, go
// through the same instructions behind a mask, so that the result of an element
// does not depend on where a tile ends.

func best() Level {
	switch x := &cpu.X86; {
	case !x.HasAVX2 || !x.HasFMA:
		return Portable
	case !x.HasAVX512F || !x.HasAVX512BW || !x.HasAVX512DQ || !x.HasAVX512VL || !x.HasBMI2:
		return AVX2
	case !x.HasAVX512BF16:
		return AVX512
	case !mayUseTiles:
		return AVX512BF16
	}
	return AMX
}

func copyPanels(dst []float32, packed int, b []float32, step, rowB, k, panels int) {
	if level < AVX2 || k == 0 || panels == 0 {
		copyPanelsGo(dst, packed, b, step, rowB, k, panels)
		return
	}
	_, _ = dst[((panels-1)*packed+k)*panelWidth-1], b[(k-1)*rowB+(panels-1)*step+panelWidth-1]
	packAVX2(&dst[0], 4*packed*panelWidth, &b[0], 4*step, 4*rowB, k, panels)
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

func expSum(dst, x []float32, scale, shift float32) float32 {
	switch {
	case level == Portable || len(x) == 0:
		return expSumGo(dst, x, scale, shift)
	case level >= AVX512:
		return expSumAVX512(&dst[:len(x)][0], &x[0], len(x), scale, shift)
	}
	return expSumAVX2(&dst[:len(x)][0], &x[0], len(x), scale, shift)
}

func largest(x []float32) float32 {
	switch {
	case level == Portable || len(x) == 0:
		return largestGo(x)
	case level >= AVX512:
		return maxAVX512(&x[0], len(x))
	}
	return maxAVX2(&x[0], len(x))
}

func dot(x, y []float32) float32 {
	switch {
	case level == Portable || len(x) == 0:
		return dotGo(x, y)
	case level >= AVX512:
		return dotAVX512(&x[0], &y[:len(x)][0], len(x))
	}
	return dotAVX2(&x[0], &y[:len(x)][0], len(x))
}

func add(z, x, y []float32) {
	switch {
	case level == Portable || len(z) == 0:
		addGo(z, x, y)
	case level >= AVX512:
		addAVX512(&z[0], &x[:len(z)][0], &y[:len(z)][0], len(z))
	default:
		addAVX2(&z[0], &x[:len(z)][0], &y[:len(z)][0], len(z))
	}
}

func scaleTo(y, x []float32, s float32) {
	switch {
	case level == Portable || len(y) == 0:
		scaleGo(y, x, s)
	case level >= AVX512:
		scaleAVX512(&y[0], &x[:len(y)][0], len(y), s)
	default:
		scaleAVX2(&y[0], &x[:len(y)][0], len(y), s)
	}
}

func axpy(y []float32, a float32, x []float32) {
	switch {
	case level == Portable || len(y) == 0:
		axpyGo(y, a, x)
	case level >= AVX512:
		axpyAVX512(&y[0], &x[:len(y)][0], len(y), a)
	default:
		axpyAVX2(&y[0], &x[:len(y)][0], len(y), a)
	}
}

func activate(y, x []float32, a Activation) {
	if level == Portable || a == None || len(x) == 0 {
		activateGo(y, x, a)
		return
	}
	py, px, n := &y[:len(x)][0], &x[0], len(x)
	if level >= AVX512 {
		switch a {
		case GELU:
			geluAVX512(py, px, n)
		case QuickGELU:
			quickGELUAVX512(py, px, n)
		case GELUTanh:
			tanhGELUAVX512(py, px, n)
		}
		return
	}
	switch a {
	case GELU:
		geluAVX2(py, px, n)
	case QuickGELU:
		quickGELUAVX2(py, px, n)
	case GELUTanh:
		tanhGELUAVX2(py, px, n)
	}
}

func activateGrad(dx, x, dy []float32, a Activation) {
	if level == Portable || a == None || len(x) == 0 {
		activateGradGo(dx, x, dy, a)
		return
	}
	pd, px, py, n := &dx[:len(x)][0], &x[0], &dy[:len(x)][0], len(x)
	if level >= AVX512 {
		switch a {
		case GELU:
			geluGradAVX512(pd, px, py, n)
		case QuickGELU:
			quickGELUGradAVX512(pd, px, py, n)
		case GELUTanh:
			tanhGELUGradAVX512(pd, px, py, n)
		}
		return
	}
	switch a {
	case GELU:
		geluGradAVX2(pd, px, py, n)
	case QuickGELU:
		quickGELUGradAVX2(pd, px, py, n)
	case GELUTanh:
		tanhGELUGradAVX2(pd, px, py, n)
	}
}

func contrastRow(z, other []float32, scale, shift float32) float32 {
	switch {
	case level == Portable || len(z) == 0:
		return contrastRowGo(z, other, scale, shift)
	case level >= AVX512:
		return contrastAVX512(&z[0], &other[:len(z)][0], len(z), scale, shift)
	}
	return contrastAVX2(&z[0], &other[:len(z)][0], len(z), scale, shift)
}

func layerNorm(y, x, gamma, beta []float32, eps float32) (mean, rstd float32) {
	d := len(gamma)
	switch {
	case level == Portable || d == 0:
		return layerNormGo(y, x, gamma, beta, eps)
	case level >= AVX512:
		return layerNormAVX512(&y[:d][0], &x[:d][0], &gamma[0], &beta[:d][0], d, eps, 1/float32(d))
	}
	return layerNormAVX2(&y[:d][0], &x[:d][0], &gamma[0], &beta[:d][0], d, eps, 1/float32(d))
}

func layerNormGrad(dx, dgamma, dbeta, x, gamma, dy []float32, mean, rstd float32) {
	d := len(gamma)
	switch {
	case level == Portable || d == 0:
		layerNormGradGo(dx, dgamma, dbeta, x, gamma, dy, mean, rstd)
	case level >= AVX512:
		layerNormGradAVX512(&dx[:d][0], &dgamma[:d][0], &dbeta[:d][0], &x[:d][0], &gamma[0], &dy[:d][0],
			d, mean, rstd, 1/float32(d))
	default:
		layerNormGradAVX2(&dx[:d][0], &dgamma[:d][0], &dbeta[:d][0], &x[:d][0], &gamma[0], &dy[:d][0],
			d, mean, rstd, 1/float32(d))
	}
}

func adamW(value, grad, m, v []float32, c adamWFactors) {
	n := len(value)
	switch {
	case level == Portable || n == 0:
		adamWGo(value, grad, m, v, c)
	case level >= AVX512:
		adamWAVX512(&value[0], &grad[:n][0], &m[:n][0], &v[:n][0], n,
			c.gradScale, c.beta1, c.beta2, c.keep, c.rate, c.inverse, c.epsilon)
	default:
		adamWAVX2(&value[0], &grad[:n][0], &m[:n][0], &v[:n][0], n,
			c.gradScale, c.beta1, c.beta2, c.keep, c.rate, c.inverse, c.epsilon)
	}
}

func toBF16(dst []uint16, src []float32) {
	whole := len(src) &^ 15
	if level >= AVX512BF16 {
		whole = len(src) &^ 31
	}
	switch dst = dst[:len(src)]; {
	case level == Portable || whole == 0:
		whole = 0
	case level >= AVX512BF16:
		toBF16AVX512BF16(&dst[0], &src[0], whole)
	case level == AVX512:
		toBF16AVX512(&dst[0], &src[0], whole)
	default:
		toBF16AVX2(&dst[0], &src[0], whole)
	}
	toBF16Go(dst[whole:], src[whole:])
}

func fromBF16(dst []float32, src []uint16) {
	whole := len(src) &^ 15
	switch dst = dst[:len(src)]; {
	case level == Portable || whole == 0:
		whole = 0
	case level >= AVX512:
		fromBF16AVX512(&dst[0], &src[0], whole)
	default:
		fromBF16AVX2(&dst[0], &src[0], whole)
	}
	fromBF16Go(dst[whole:], src[whole:])
}
