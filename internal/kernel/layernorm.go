package kernel

import "math"

type layerNormTask struct {
	y, mean, rstd, x, gamma, beta []float32 // y is dx and beta is dy in the gradient
	partial                       []float32 // of dgamma and dbeta, one pair of rows a block
	residual                      []float32 // is added to dx, or nil
	eps                           float32
	size                          int // rows of a tile
}

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
	rows := len(mean)
	check("LayerNorm", "x", len(x), rows*len(gamma))
	check("LayerNorm", "y", len(y), len(x))
	check("LayerNorm", "rstd", len(rstd), rows)
	check("LayerNorm", "beta", len(beta), len(gamma))
	p.layerNorm = layerNormTask{y: y, mean: mean, rstd: rstd, x: x, gamma: gamma, beta: beta, eps: eps, size: max(1, elementTile/len(gamma))}
	p.run(&p.layerNorm, ceil(rows, p.layerNorm.size))
	p.layerNorm = layerNormTask{}
}

// LayerNormGrad computes the gradients of LayerNorm. With xhat = (x - mean) rstd
// and g = dy gamma, and the means over the row,
//
//	dx = rstd (g - mean(g) - xhat mean(g xhat)), dgamma = sum dy xhat, dbeta = sum dy
//
// Dx may be dy.
func (p *Pool) LayerNormGrad(dx, dgamma, dbeta, x, gamma, mean, rstd, dy []float32) {
	p.LayerNormGradAdd(dx, dgamma, dbeta, x, gamma, mean, rstd, dy, nil)
}

// LayerNormGradAdd is LayerNormGrad that adds residual (N, D), if it is not
// nil, to dx: the gradient of x by another way, as x is also the residual of its
// block. Dx may not be residual.
func (p *Pool) LayerNormGradAdd(dx, dgamma, dbeta, x, gamma, mean, rstd, dy, residual []float32) {
	rows, d := len(mean), len(gamma)
	check("LayerNormGrad", "x", len(x), rows*d)
	check("LayerNormGrad", "dy", len(dy), rows*d)
	check("LayerNormGrad", "dx", len(dx), rows*d)
	check("LayerNormGrad", "rstd", len(rstd), rows)
	check("LayerNormGrad", "dgamma", len(dgamma), d)
	check("LayerNormGrad", "dbeta", len(dbeta), d)
	if residual != nil {
		check("LayerNormGrad", "residual", len(residual), rows*d)
	}
	partial := p.sharedScratch(2 * blocks * d)
	clear(partial)
	p.layerNorm = layerNormTask{y: dx, mean: mean, rstd: rstd, x: x, gamma: gamma, beta: dy, residual: residual, partial: partial, size: ceil(rows, blocks)}
	p.run(&p.layerNorm, blocks)
	p.layerNorm = layerNormTask{}
	p.combineBlocks(dgamma, partial[:blocks*d])
	p.combineBlocks(dbeta, partial[blocks*d:])
}

func (t *layerNormTask) do(_, tile int) {
	d := len(t.gamma)
	lo, hi := span(tile, len(t.mean), t.size)
	for i := lo; i < hi; i++ {
		row := i * d
		if t.partial == nil {
			t.mean[i], t.rstd[i] = layerNorm(t.y[row:row+d], t.x[row:row+d], t.gamma, t.beta, t.eps)
			continue
		}
		dgamma, dbeta := t.partial[tile*d:][:d], t.partial[(blocks+tile)*d:][:d]
		dx := t.y[row : row+d]
		layerNormGrad(dx, dgamma, dbeta, t.x[row:row+d], t.gamma, t.beta[row:row+d], t.mean[i], t.rstd[i])
		if t.residual != nil {
			add(dx, dx, t.residual[row:row+d])
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
