package kernel

import "math"

// contrastRows is the number of rows of the grid that exist at a time.
const contrastRows = 128

// Contrastive computes the symmetric InfoNCE loss of unit rows x, y (N, E): with
// the grid z_ij = s x_i . y_j, s = exp(logitScale), and its row and column
// log-sum-exps a and b,
//
//	loss = sum_i (a_i + b_i - 2 z_ii) / 2N
//
// RowLSE and colLSE (N) receive a and b. The grid exists in blocks of rows only.
// A NaN in x or y makes the loss NaN.
//
// Source: Radford et al., arXiv:2103.00020, figure 3.
func (p *Pool) Contrastive(rowLSE, colLSE, x, y []float32, logitScale float32, e int) (loss float32) {
	n := len(rowLSE)
	check("Contrastive", "x", len(x), n*e)
	check("Contrastive", "y", len(y), n*e)
	check("Contrastive", "colLSE", len(colLSE), n)
	scale := float32(math.Exp(float64(logitScale)))
	p.logSumExp(rowLSE, x, y, scale, e)
	p.logSumExp(colLSE, y, x, scale, e)
	var sum float64
	for i := range n {
		z := scale * dot(x[i*e:][:e], y[i*e:][:e])
		sum += float64(rowLSE[i]-z) + float64(colLSE[i]-z)
	}
	return float32(sum / float64(2*n))
}

// logSumExp writes to lse (N) the log-sum-exp of each row of scale x yᵀ.
func (p *Pool) logSumExp(lse, x, y []float32, scale float32, e int) {
	n := len(lse)
	grid := p.gridScratch(n)
	for lo := 0; lo < n; lo += contrastRows {
		hi := min(n, lo+contrastRows)
		p.Gemm(grid[:(hi-lo)*n], x[lo*e:hi*e], y, hi-lo, n, e, Gemm{TransB: true})
		p.rowLSE = rowLSETask{grid, lse, lo, scale}
		p.run(&p.rowLSE, hi-lo)
	}
	p.rowLSE = rowLSETask{}
}

type rowLSETask struct {
	grid  []float32 // a block of cosines (rows, N)
	lse   []float32 // of all rows
	first int       // row of the block
	scale float32
}

func (t *rowLSETask) do(_, row int) {
	n := len(t.lse)
	z := t.grid[row*n:][:n]
	top := t.scale * largest(z)
	t.lse[t.first+row] = top + float32(math.Log(float64(expSum(z, z, t.scale, -top))))
}

// ContrastiveGrad computes the gradients of Contrastive, times dloss: with
// w_ij = e^(z_ij - a_i) + e^(z_ij - b_j) - 2 [i=j],
//
//	dx_i = s/2N sum_j w_ij y_j, dy_j = s/2N sum_i w_ij x_i
//
// and the result, by logitScale, is s/2N sum_ij w_ij x_i . y_j.
func (p *Pool) ContrastiveGrad(
	dx, dy, x, y, rowLSE, colLSE []float32, logitScale, dloss float32, e int,
) (dscale float32) {
	n := len(rowLSE)
	check("ContrastiveGrad", "x", len(x), n*e)
	check("ContrastiveGrad", "y", len(y), n*e)
	check("ContrastiveGrad", "dx", len(dx), n*e)
	check("ContrastiveGrad", "dy", len(dy), n*e)
	check("ContrastiveGrad", "colLSE", len(colLSE), n)
	scale := float32(math.Exp(float64(logitScale)))
	sum := p.contrastSide(dx, x, y, rowLSE, colLSE, scale, e)
	p.contrastSide(dy, y, x, colLSE, rowLSE, scale, e)
	factor := scale * dloss / float32(2*n)
	p.Scale(dx, dx, factor)
	p.Scale(dy, dy, factor)
	return float32(sum) * factor
}

// contrastSide writes dx_i = sum_j w_ij y_j and returns sum_ij w_ij x_i . y_j.
func (p *Pool) contrastSide(dx, x, y, lse, other []float32, scale float32, e int) (sum float64) {
	n := len(lse)
	grid := p.gridScratch(n)
	for lo := 0; lo < n; lo += contrastRows {
		hi := min(n, lo+contrastRows)
		block := grid[:(hi-lo)*n]
		p.Gemm(block, x[lo*e:hi*e], y, hi-lo, n, e, Gemm{TransB: true})
		p.contrastGrad = contrastGradTask{block, lse, other, lo, scale, p.rowSums}
		p.run(&p.contrastGrad, hi-lo)
		for _, v := range p.rowSums[:hi-lo] {
			sum += v
		}
		p.Gemm(dx[lo*e:hi*e], block, y, hi-lo, e, n, Gemm{})
	}
	p.contrastGrad = contrastGradTask{}
	return sum
}

type contrastGradTask struct {
	grid   []float32 // a block of cosines (rows, N), which become weights
	lse    []float32 // log-sum-exps of all rows
	other  []float32 // and of all columns
	first  int       // row of the block
	scale  float32
	dscale []float64 // of each row of the block
}

func (t *contrastGradTask) do(_, row int) {
	n, i := len(t.lse), t.first+row
	z := t.grid[row*n:][:n]
	own := z[i]
	t.dscale[row] = float64(contrastRow(z, t.other, t.scale, -t.lse[i]) - 2*own)
	z[i] -= 2
}

// gridScratch returns space for a block of the grid.
func (p *Pool) gridScratch(n int) []float32 {
	size := min(n, contrastRows) * n
	if len(p.grid) < size {
		p.grid = make([]float32, size)
	}
	return p.grid[:size]
}

// contrastRowGo replaces the cosines z of a row by
//
//	exp(scale z + shift) + exp(scale z - other)
//
// and returns the sum of the products of both. Products are rounded before they
// are added to, as they were for shift and other: a processor that fuses both
// would find weights of a lone pair that are not 1.
func contrastRowGo(z, other []float32, scale, shift float32) (sum float32) {
	for j, v := range z {
		w := math.Exp(float64(float32(scale*v)+shift)) + math.Exp(float64(float32(scale*v)-other[j]))
		z[j] = float32(w)
		sum += z[j] * v
	}
	return sum
}
