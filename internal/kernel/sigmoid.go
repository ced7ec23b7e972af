package kernel

import "math"

// Sigmoid computes the pairwise sigmoid loss of unit rows x, y (N, E): with the logits
// l_ij = s x_i . y_j + bias, s = exp(logitScale), and t_ij = 1 where i=j, -1 elsewhere,
//
//	loss = -1/N sum_ij log sigmoid(t_ij l_ij) = 1/N (sum_ij softplus(l_ij) - sum_ii l_ii)
//
// With texts (N, T), which are nil otherwise, t_ij is 1 wherever i and j have the same
// text. The grid exists in blocks of rows only. A value of x or y that is not finite
// makes the loss not finite.
//
// Source: Zhai et al., "Sigmoid Loss for Language Image Pre-Training",
// arXiv:2303.15343, equation 1.
func (p *Pool) Sigmoid(x, y []float32, texts []int32, logitScale, bias float32, n int) (loss float32) {
	e := checkSigmoid("Sigmoid", x, y, n)
	scale := float32(math.Exp(float64(logitScale)))
	right, grid := p.positives(texts, n), p.gridScratch(n)
	var sum float64
	for lo := 0; lo < n; lo += contrastRows {
		hi := min(n, lo+contrastRows)
		p.Gemm(grid[:(hi-lo)*n], x[lo*e:hi*e], y, hi-lo, n, e, Gemm{TransB: true})
		p.sigmoidRows = sigmoidRowsTask{grid, right, n, lo, scale, bias, p.rowSums}
		p.run(&p.sigmoidRows, hi-lo)
		for _, v := range p.rowSums[:hi-lo] {
			sum += v
		}
	}
	p.sigmoidRows = sigmoidRowsTask{}
	return float32(sum / float64(n))
}

func checkSigmoid(kernel string, x, y []float32, n int) (e int) {
	e = len(x) / max(1, n)
	check(kernel, "x", len(x), n*e)
	check(kernel, "y", len(y), n*e)
	return e
}

type sigmoidRowsTask struct {
	grid        []float32 // a block of cosines (rows, N)
	right       positives
	n, first    int // pairs; row of the block
	scale, bias float32
	sums        []float64 // of each row of the block
}

// do adds up a row: softplus(l) = max(l, 0) + log(1 + exp(-|l|)). As the last factor is
// at most 2, a thousand of them have a product in float64, and one logarithm.
func (t *sigmoidRowsTask) do(_, row int) {
	i, z := t.first+row, t.grid[row*t.n:][:t.n]
	var sum float64
	for j := i; ; {
		sum -= float64(float32(t.scale*z[j]) + t.bias)
		if j = t.right.after(j); j == i {
			break
		}
	}
	for j, v := range z {
		l := float32(t.scale*v) + t.bias
		if l > 0 {
			sum += float64(l)
			l = -l
		}
		z[j] = l
	}
	expSum(z, z, 1, 0)
	for len(z) > 0 {
		part, product := z[:min(len(z), 512)], 1.0
		for _, v := range part {
			product *= 1 + float64(v)
		}
		sum += math.Log(product)
		z = z[len(part):]
	}
	t.sums[row] = sum
}

// SigmoidGrad computes the gradients of Sigmoid, times dloss: with
// w_ij = sigmoid(l_ij) - [t_ij = 1],
//
//	dx_i = s/N sum_j w_ij y_j, dy_j = s/N sum_i w_ij x_i
//
// and the results, by logitScale and bias, are s/N sum_ij w_ij x_i . y_j and
// 1/N sum_ij w_ij.
func (p *Pool) SigmoidGrad(
	dx, dy, x, y []float32, texts []int32, logitScale, bias, dloss float32, n int,
) (dscale, dbias float32) {
	e := checkSigmoid("SigmoidGrad", x, y, n)
	checkSigmoid("SigmoidGrad", dx, dy, n)
	check("SigmoidGrad", "dx", len(dx), len(x))
	scale := float32(math.Exp(float64(logitScale)))
	right, grid := p.positives(texts, n), p.gridScratch(n)
	var bySimilarity, byBias float64
	for lo := 0; lo < n; lo += contrastRows {
		hi := min(n, lo+contrastRows)
		block := grid[:(hi-lo)*n]
		p.Gemm(block, x[lo*e:hi*e], y, hi-lo, n, e, Gemm{TransB: true})
		p.sigmoidGrad = sigmoidGradTask{sigmoidRowsTask{grid, right, n, lo, scale, bias, p.rowSums}, p}
		p.run(&p.sigmoidGrad, hi-lo)
		for i := range hi - lo {
			bySimilarity += p.rowSums[i]
			byBias += p.rowSums[contrastRows+i]
		}
		p.Gemm(dx[lo*e:hi*e], block, y, hi-lo, e, n, Gemm{})
		p.Gemm(dy, block, x[lo*e:hi*e], n, e, hi-lo, Gemm{TransA: true, Accumulate: lo > 0})
	}
	p.sigmoidGrad = sigmoidGradTask{}
	factor := scale * dloss / float32(n)
	p.Scale(dx, dx, factor)
	p.Scale(dy, dy, factor)
	return float32(bySimilarity) * factor, float32(byBias) * dloss / float32(n)
}

type sigmoidGradTask struct {
	sigmoidRowsTask // sums by similarity, and contrastRows behind them those by bias
	p               *Pool
}

// do replaces the cosines of a row by its weights w.
func (t *sigmoidGradTask) do(worker, row int) {
	i, z := t.first+row, t.grid[row*t.n:][:t.n]
	cosines := t.p.workerScratch(worker, t.n)
	copy(cosines, z)
	expSum(z, z, -t.scale, -t.bias)
	var bySimilarity, byBias float64
	for j, v := range z {
		w := 1 / (1 + v)
		z[j] = w
		byBias += float64(w)
	}
	for j := i; ; { // sigmoid(l) - 1 = -sigmoid(-l), without the rounding of a difference
		l := float32(t.scale*cosines[j]) + t.bias
		w := float32(-1 / (1 + math.Exp(float64(l))))
		byBias += float64(w) - float64(z[j])
		z[j] = w
		if j = t.right.after(j); j == i {
			break
		}
	}
	for lo := 0; lo < t.n; lo += 256 { // short float32 sums
		hi := min(t.n, lo+256)
		bySimilarity += float64(dot(z[lo:hi], cosines[lo:hi]))
	}
	t.sums[row], t.sums[contrastRows+row] = bySimilarity, byBias
}
