//go:build !amd64 || purego

package kernel

func best() Level { return Portable }

func pause() {}

func gemmRow(t *tileRow) { gemmRowGo(t) }

func copyPanels(dst []float32, packed int, b []float32, step, rowB, k, panels int) {
	copyPanelsGo(dst, packed, b, step, rowB, k, panels)
}

func transpose(dst []float32, rowDst int, src []float32, rowSrc, n, width int) {
	transposeGo(dst, rowDst, src, rowSrc, n, width)
}

func expSum(dst, x []float32, scale, shift float32) float32 { return expSumGo(dst, x, scale, shift) }
func largest(x []float32) float32                           { return largestGo(x) }
func dot(x, y []float32) float32                            { return dotGo(x, y) }
func add(z, x, y []float32)                                 { addGo(z, x, y) }
func scaleTo(y, x []float32, s float32)                     { scaleGo(y, x, s) }
func axpy(y []float32, a float32, x []float32)              { axpyGo(y, a, x) }
func activate(y, x []float32, a Activation)                 { activateGo(y, x, a) }
func activateGrad(dx, x, dy []float32, a Activation)        { activateGradGo(dx, x, dy, a) }

func contrastRow(z, other []float32, scale, shift float32) float32 {
	return contrastRowGo(z, other, scale, shift)
}

func layerNorm(y, x, gamma, beta []float32, eps float32) (mean, rstd float32) {
	return layerNormGo(y, x, gamma, beta, eps)
}

func layerNormGrad(dx, dgamma, dbeta, x, gamma, dy []float32, mean, rstd float32) {
	layerNormGradGo(dx, dgamma, dbeta, x, gamma, dy, mean, rstd)
}

func adamW(value, grad, m, v []float32, c adamWFactors) { adamWGo(value, grad, m, v, c) }

func toBF16(dst []uint16, src []float32) { toBF16Go(dst, src) }

func fromBF16(dst []float32, src []uint16) { fromBF16Go(dst, src) }

type gemm16Task struct{}

func (p *Pool) gemmTiles16(c, a, b []float32, m, n, k int, g Gemm) { panic("kernel: no such level") }
