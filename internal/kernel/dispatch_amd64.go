//go:build !purego

package kernel

import "golang.org/x/sys/cpu"

// Assembly takes any length: the last floats, fewer than a vector of 8, go
// through the same instructions behind a mask, so that the result of an element
// does not depend on where a tile ends.

func best() Level {
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		return AVX2
	}
	return Portable
}

func gemmTiles(rows, tiles, k int, a []float32, rowA, colA int, panel, c []float32, rowC, start int, bias []float32) {
	if level < AVX2 || k == 0 {
		gemmTilesGo(rows*tiles, k, a, rowA, colA, panel, c, rowC, start, bias)
		return
	}
	var b *float32
	if start&2 != 0 {
		b = &bias[:panelWidth][0]
	}
	last := rows*tiles - 1
	_, _, _ = a[last*rowA+(k-1)*colA], panel[k*panelWidth-1], c[last*rowC+panelWidth-1]
	pa, pp, pc, ra, ca, rc := &a[0], &panel[0], &c[0], 4*rowA, 4*colA, 4*rowC
	switch rows {
	case 6:
		gemm6x16AVX2(tiles, k, pa, ra, ca, pp, pc, rc, start, b)
	case 5:
		gemm5x16AVX2(tiles, k, pa, ra, ca, pp, pc, rc, start, b)
	case 4:
		gemm4x16AVX2(tiles, k, pa, ra, ca, pp, pc, rc, start, b)
	case 3:
		gemm3x16AVX2(tiles, k, pa, ra, ca, pp, pc, rc, start, b)
	case 2:
		gemm2x16AVX2(tiles, k, pa, ra, ca, pp, pc, rc, start, b)
	case 1:
		gemm1x16AVX2(tiles, k, pa, ra, ca, pp, pc, rc, start, b)
	}
}

func copyPanels(dst []float32, packed int, b []float32, rowB, k, panels int) {
	if level < AVX2 || k == 0 || panels == 0 {
		copyPanelsGo(dst, packed, b, rowB, k, panels)
		return
	}
	_, _ = dst[((panels-1)*packed+k)*panelWidth-1], b[(k-1)*rowB+panels*panelWidth-1]
	packAVX2(&dst[0], 4*packed*panelWidth, &b[0], 4*rowB, k, panels)
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
	if level < AVX2 || len(x) == 0 {
		return expSumGo(dst, x, scale, shift)
	}
	return expSumAVX2(&dst[:len(x)][0], &x[0], len(x), scale, shift)
}

func largest(x []float32) float32 {
	if level < AVX2 || len(x) == 0 {
		return largestGo(x)
	}
	return maxAVX2(&x[0], len(x))
}

func dot(x, y []float32) float32 {
	if level < AVX2 || len(x) == 0 {
		return dotGo(x, y)
	}
	return dotAVX2(&x[0], &y[:len(x)][0], len(x))
}

func add(z, x, y []float32) {
	if level < AVX2 || len(z) == 0 {
		addGo(z, x, y)
		return
	}
	addAVX2(&z[0], &x[:len(z)][0], &y[:len(z)][0], len(z))
}

func scaleTo(y, x []float32, s float32) {
	if level < AVX2 || len(y) == 0 {
		scaleGo(y, x, s)
		return
	}
	scaleAVX2(&y[0], &x[:len(y)][0], len(y), s)
}

func axpy(y []float32, a float32, x []float32) {
	if level < AVX2 || len(y) == 0 {
		axpyGo(y, a, x)
		return
	}
	axpyAVX2(&y[0], &x[:len(y)][0], len(y), a)
}

func activate(y, x []float32, a Activation) {
	if level < AVX2 || len(x) == 0 {
		activateGo(y, x, a)
		return
	}
	py, px, n := &y[:len(x)][0], &x[0], len(x)
	switch a {
	case GELU:
		geluAVX2(py, px, n)
	case QuickGELU:
		quickGELUAVX2(py, px, n)
	case GELUTanh:
		tanhGELUAVX2(py, px, n)
	default:
		activateGo(y, x, a)
	}
}

func activateGrad(dx, x, dy []float32, a Activation) {
	if level < AVX2 || len(x) == 0 {
		activateGradGo(dx, x, dy, a)
		return
	}
	pd, px, py, n := &dx[:len(x)][0], &x[0], &dy[:len(x)][0], len(x)
	switch a {
	case GELU:
		geluGradAVX2(pd, px, py, n)
	case QuickGELU:
		quickGELUGradAVX2(pd, px, py, n)
	case GELUTanh:
		tanhGELUGradAVX2(pd, px, py, n)
	default:
		activateGradGo(dx, x, dy, a)
	}
}

func contrastRow(z, other []float32, scale, shift float32) float32 {
	if level < AVX2 || len(z) == 0 {
		return contrastRowGo(z, other, scale, shift)
	}
	return contrastAVX2(&z[0], &other[:len(z)][0], len(z), scale, shift)
}

func layerNorm(y, x, gamma, beta []float32, eps float32) (mean, rstd float32) {
	d := len(gamma)
	if level < AVX2 || d == 0 {
		return layerNormGo(y, x, gamma, beta, eps)
	}
	return layerNormAVX2(&y[:d][0], &x[:d][0], &gamma[0], &beta[:d][0], d, eps, 1/float32(d))
}

func layerNormGrad(dx, dgamma, dbeta, x, gamma, dy []float32, mean, rstd float32) {
	d := len(gamma)
	if level < AVX2 || d == 0 {
		layerNormGradGo(dx, dgamma, dbeta, x, gamma, dy, mean, rstd)
		return
	}
	layerNormGradAVX2(&dx[:d][0], &dgamma[:d][0], &dbeta[:d][0], &x[:d][0], &gamma[0], &dy[:d][0], d, mean, rstd, 1/float32(d))
}

func adamW(value, grad, m, v []float32, c adamWFactors) {
	n := len(value)
	if level < AVX2 || n == 0 {
		adamWGo(value, grad, m, v, c)
		return
	}
	adamWAVX2(&value[0], &grad[:n][0], &m[:n][0], &v[:n][0], n, c.gradScale, c.beta1, c.beta2, c.keep, c.rate, c.inverse, c.epsilon)
}
