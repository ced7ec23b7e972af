package kernel

import "math"

// LayerNorm normalizes each row of x (N, D), scales it by gamma (D) and shifts
// it by beta (D):
//
//	y = (x - mean) rstd gamma + beta, rstd = 1/sqrt(variance + eps)
//
// The mean and the population variance are the row's; mean (N) and rstd (N) are
// kept for the gradient.
//
// Source: Ba, Kiros and Hinton, "Layer Normalization", arXiv:1607.06450, eq. 4.
func (p *Pool) LayerNorm(y, mean, rstd, x, gamma, beta []float32, eps float32) {
	check("LayerNorm", "y", len(y), len(x))
	p.layerNormRows(layerNormTask{y: y, mean: mean, rstd: rstd, x: x, gamma: gamma, beta: beta, eps: eps})
}

// LayerNormBF16 is LayerNorm whose result is rounded to bfloat16.
func (p *Pool) LayerNormBF16(y []uint16, mean, rstd, x, gamma, beta []float32, eps float32) {
	check("LayerNorm", "y", len(y), len(x))
	p.layerNormRows(layerNormTask{y16: y, mean: mean, rstd: rstd, x: x, gamma: gamma, beta: beta, eps: eps})
}

type layerNormTask struct {
	p                             *Pool
	y, mean, rstd, x, gamma, beta []float32
	y16                           []uint16 // instead of y
	eps                           float32
	size                          int // rows of a tile
}

func (p *Pool) layerNormRows(t layerNormTask) {
	rows := len(t.mean)
	check("LayerNorm", "x", len(t.x), rows*len(t.gamma))
	check("LayerNorm", "rstd", len(t.rstd), rows)
	check("LayerNorm", "beta", len(t.beta), len(t.gamma))
	t.p, t.size = p, max(1, elementTile/len(t.gamma))
	p.layerNorm = t
	p.run(&p.layerNorm, ceil(rows, t.size))
	p.layerNorm = layerNormTask{}
}

func (t *layerNormTask) do(worker, tile int) {
	d := len(t.gamma)
	space := t.p.workerScratch(worker, d) // a row in float32
	lo, hi := span(tile, len(t.mean), t.size)
	for i := lo; i < hi; i++ {
		y := space
		if t.y16 == nil {
			y = t.y[i*d:][:d]
		}
		t.mean[i], t.rstd[i] = layerNorm(y, t.x[i*d:][:d], t.gamma, t.beta, t.eps)
		if t.y16 != nil {
			toBF16(t.y16[i*d:][:d], y)
		}
	}
}

// LayerNormGrad computes the gradients of LayerNorm. With xhat = (x - mean) rstd
// and g = dy gamma, and the means over the row,
//
//	dx = rstd (g - mean(g) - xhat mean(g xhat)) + residual
//	dgamma = sum dy xhat, dbeta = sum dy
//
// Residual (N, D), or nil, is the gradient that x has from the other branch of its
// block. Dx may be dy, but not residual.
func (p *Pool) LayerNormGrad(dx, dgamma, dbeta, x, gamma, mean, rstd, dy, residual []float32) {
	check("LayerNormGrad", "dy", len(dy), len(x))
	p.layerNormGradRows(dgamma, dbeta, layerNormGradTask{
		dx: dx, dy: dy, mean: mean, rstd: rstd, x: x, gamma: gamma, residual: residual,
	})
}

// LayerNormGradBF16 is LayerNormGrad for a dy of bfloat16.
func (p *Pool) LayerNormGradBF16(dx, dgamma, dbeta, x, gamma, mean, rstd []float32, dy []uint16, residual []float32) {
	check("LayerNormGrad", "dy", len(dy), len(x))
	p.layerNormGradRows(dgamma, dbeta, layerNormGradTask{
		dx: dx, dy16: dy, mean: mean, rstd: rstd, x: x, gamma: gamma, residual: residual,
	})
}

type layerNormGradTask struct {
	p                            *Pool
	dx, dy, mean, rstd, x, gamma []float32
	dy16                         []uint16  // instead of dy
	residual                     []float32 // is added to dx, or nil
	partial                      []float32 // dgamma of each block of rows, then dbeta
	size                         int       // rows of a block
}

func (p *Pool) layerNormGradRows(dgamma, dbeta []float32, t layerNormGradTask) {
	rows, d := len(t.mean), len(t.gamma)
	check("LayerNormGrad", "x", len(t.x), rows*d)
	check("LayerNormGrad", "dx", len(t.dx), rows*d)
	check("LayerNormGrad", "rstd", len(t.rstd), rows)
	check("LayerNormGrad", "dgamma", len(dgamma), d)
	check("LayerNormGrad", "dbeta", len(dbeta), d)
	if t.residual != nil {
		check("LayerNormGrad", "residual", len(t.residual), rows*d)
	}
	t.p, t.partial, t.size = p, p.sharedScratch(2*blocks*d), ceil(rows, blocks)
	clear(t.partial)
	p.layerNormGrad = t
	p.run(&p.layerNormGrad, blocks)
	p.layerNormGrad = layerNormGradTask{}
	p.combineBlocks(dgamma, t.partial[:blocks*d])
	p.combineBlocks(dbeta, t.partial[blocks*d:])
}

func (t *layerNormGradTask) do(worker, block int) {
	d := len(t.gamma)
	space := t.p.workerScratch(worker, d) // a row in float32
	dgamma, dbeta := t.partial[block*d:][:d], t.partial[(blocks+block)*d:][:d]
	lo, hi := span(block, len(t.mean), t.size)
	for i := lo; i < hi; i++ {
		dx, dy := t.dx[i*d:][:d], space
		if t.dy16 == nil {
			dy = t.dy[i*d:][:d]
		} else {
			fromBF16(dy, t.dy16[i*d:][:d])
		}
		layerNormGrad(dx, dgamma, dbeta, t.x[i*d:][:d], t.gamma, dy, t.mean[i], t.rstd[i])
		if t.residual != nil {
			add(dx, dx, t.residual[i*d:][:d])
		}
	}
}

func layerNormGo(y, x, gamma, beta []float32, eps float32) (mean, rstd float32) {
	var sum, squares float32
	for _, v := range x {
		sum += v
	}
	mean = sum / float32(len(x))
	for _, v := range x {
		squares += (v - mean) * (v - mean)
	}
	rstd = float32(1 / math.Sqrt(float64(squares/float32(len(x))+eps)))
	for i, v := range x {
		y[i] = (v-mean)*rstd*gamma[i] + beta[i]
	}
	return mean, rstd
}

// layerNormGradGo handles one row; it adds to dgamma and dbeta.
func layerNormGradGo(dx, dgamma, dbeta, x, gamma, dy []float32, mean, rstd float32) {
	var m1, m2 float32 // means of g and g xhat
	for i, v := range x {
		xhat, d := (v-mean)*rstd, dy[i]
		dbeta[i] += d
		dgamma[i] += d * xhat
		m1 += d * gamma[i]
		m2 += d * gamma[i] * xhat
	}
	m1 /= float32(len(x))
	m2 /= float32(len(x))
	for i, v := range x {
		dx[i] = rstd * (dy[i]*gamma[i] - m1 - (v-mean)*rstd*m2)
	}
}
