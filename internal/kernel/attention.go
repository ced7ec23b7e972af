package kernel

import "math"

type attentionTask struct {
	p                        *Pool
	out, lse, qkv            []float32
	dqkv, dout               []float32 // nil in the forward pass
	t, heads, width, headDim int
	causal                   bool
}

// queryRows is the most queries whose scores are in the cache at once; a causal
// block of them skips the keys that none of them sees.
const queryRows = 24

// blockOfQueries cuts t queries into blocks of about equal size.
func blockOfQueries(t int) int { return ceil(t, ceil(t, queryRows)) }

// Attention computes softmax(q kᵀ / sqrt(V)) v for each of n sequences of t
// tokens and each head of V = D/heads channels:
//
//	qkv (N*T, 3D) -> out (N*T, D), lse (N, heads, T)
//
// A row of qkv holds q, k and v of a token, each D channels, heads side by
// side. Lse is the log-sum-exp of each query's scaled scores: all that the
// gradient needs beside qkv and out. A causal query sees no later key.
//
// Source: Vaswani et al., arXiv:1706.03762, eq. 1; the gradient from lse is
// that of Dao et al., "FlashAttention", arXiv:2205.14135, appendix B.
func (p *Pool) Attention(out, lse, qkv []float32, n, t, heads int, causal bool) {
	p.startAttention("Attention", out, lse, qkv, n, t, heads, causal)
	p.run(&p.attention, n*heads)
	p.attention = attentionTask{}
}

// AttentionGrad computes the gradient of Attention by qkv.
func (p *Pool) AttentionGrad(dqkv, qkv, out, lse, dout []float32, n, t, heads int, causal bool) {
	check("AttentionGrad", "dqkv", len(dqkv), len(qkv))
	check("AttentionGrad", "dout", len(dout), len(out))
	p.startAttention("AttentionGrad", out, lse, qkv, n, t, heads, causal)
	p.attention.dqkv, p.attention.dout = dqkv, dout
	p.run(&p.attention, n*heads)
	p.attention = attentionTask{}
}

func (p *Pool) startAttention(kernel string, out, lse, qkv []float32, n, t, heads int, causal bool) {
	width := len(out) / max(1, n*t)
	check(kernel, "out", len(out), n*t*width)
	check(kernel, "qkv", len(qkv), 3*len(out))
	check(kernel, "lse", len(lse), n*heads*t)
	check(kernel, "out's width", width, width/heads*heads)
	p.attention = attentionTask{p: p, out: out, lse: lse, qkv: qkv, t: t, heads: heads, width: width, headDim: width / heads, causal: causal}
}

func (a *attentionTask) do(worker, tile int) {
	sequence, head := tile/a.heads, tile%a.heads
	first := sequence * a.t
	in, out := first*3*a.width+head*a.headDim, first*a.width+head*a.headDim
	lse := a.lse[tile*a.t:][:a.t]
	if a.dqkv == nil {
		a.forward(worker, a.out[out:], lse, a.qkv[in:])
		return
	}
	a.backward(worker, a.dqkv[in:], a.qkv[in:], a.out[out:], a.dout[out:], lse)
}

// forward computes one head. Rows of out have stride D, those of qkv 3D.
func (a *attentionTask) forward(worker int, out, lse, qkv []float32) {
	t, d, v := a.t, a.width, a.headDim
	wideT, wideV := ceil(t, panelWidth)*panelWidth, ceil(v, panelWidth)*panelWidth
	scratch := a.p.workerScratch(worker, wideT*v+wideV*t+queryRows*(wideT+2))
	keys, space, scores := scratch[:wideT*v], scratch[wideT*v:][:wideV*t], scratch[wideT*v+wideV*t:][:queryRows*wideT]
	top, sum := scratch[len(scratch)-2*queryRows:][:queryRows], scratch[len(scratch)-queryRows:]
	packTransposed(keys, qkv[d:], 3*d, v, t)
	values := inPanels(space, qkv[2*d:], 3*d, t, v)
	scale := float32(1 / math.Sqrt(float64(v)))
	for lo, block := 0, blockOfQueries(t); lo < t; lo += block {
		rows := min(t-lo, block)
		seen, step, width := a.seen(lo, rows)
		multiply(scores, wideT, strided(qkv[lo*3*d:], 3*d, 1), packed(keys, v), rows, width, v, nil, nil)
		softmaxRows(scores, wideT, rows, seen, step, width, scale, top[:rows], sum[:rows])
		logSum(lse[lo:lo+rows], top, sum)
		multiply(out[lo*d:], d, strided(scores, wideT, 1), values, rows, v, seen+step*(rows-1), nil, nil)
	}
}

// seen is the number of keys that the first of a block of queries sees, how
// many more each next one sees, and the number of columns of their scores.
func (a *attentionTask) seen(lo, rows int) (seen, step, width int) {
	seen = a.t
	if a.causal {
		seen, step = lo+1, 1
	}
	return seen, step, ceil(seen+step*(rows-1), panelWidth) * panelWidth
}

// backward computes the gradient of one head. With the probabilities P from
// lse, dV = Pᵀ dout, dP = dout Vᵀ, dS = P (dP - rows of dout . out), dQ = dS K
// and dK = dSᵀ Q, the last two scaled.
func (a *attentionTask) backward(worker int, dqkv, qkv, out, dout, lse []float32) {
	t, d, v := a.t, a.width, a.headDim
	wideT, wideV := ceil(t, panelWidth)*panelWidth, ceil(v, panelWidth)*panelWidth
	scratch := a.p.workerScratch(worker, 2*t*wideT+2*wideT*v+wideV*t+queryRows)
	probs, dscores, rest := scratch[:t*wideT], scratch[t*wideT:][:t*wideT], scratch[2*t*wideT:]
	keys, values, space, delta := rest[:wideT*v], rest[wideT*v:][:wideT*v], rest[2*wideT*v:][:wideV*t], rest[2*wideT*v+wideV*t:]
	scale := float32(1 / math.Sqrt(float64(v)))

	packTransposed(keys, qkv[d:], 3*d, v, t)
	packTransposed(values, qkv[2*d:], 3*d, v, t)
	byQuery := inPanels(space, qkv[d:], 3*d, t, v)
	for lo, block := 0, blockOfQueries(t); lo < t; lo += block {
		rows := min(t-lo, block)
		seen, step, width := a.seen(lo, rows)
		p, ds := probs[lo*wideT:], dscores[lo*wideT:]
		multiply(p, wideT, strided(qkv[lo*3*d:], 3*d, 1), packed(keys, v), rows, width, v, nil, nil)
		multiply(ds, wideT, strided(dout[lo*d:], d, 1), packed(values, v), rows, width, v, nil, nil)
		for i := range rows {
			delta[i] = dot(dout[(lo+i)*d:][:v], out[(lo+i)*d:][:v])
		}
		softmaxRowsGrad(p, ds, wideT, rows, seen, step, width, scale, lse[lo:lo+rows], delta)
		multiply(dqkv[lo*3*d:], 3*d, strided(ds, wideT, 1), byQuery, rows, v, seen+step*(rows-1), nil, nil)
	}
	a.byKey(dqkv[d:], dscores, inPanels(space, qkv, 3*d, t, v), wideT)
	a.byKey(dqkv[2*d:], probs, inPanels(space, dout, d, t, v), wideT)
}

// byKey computes y = xᵀ b for x (T, T), of which no query before a key sees it.
func (a *attentionTask) byKey(y, x []float32, b panels, wideT int) {
	t, d, v := a.t, a.width, a.headDim
	if !a.causal {
		multiply(y, 3*d, strided(x, 1, wideT), b, t, v, t, nil, nil)
		return
	}
	for lo, block := 0, blockOfQueries(t); lo < t; lo += block {
		rows := min(t-lo, block)
		multiply(y[lo*3*d:], 3*d, strided(x[lo*wideT+lo:], 1, wideT), b.from(lo, 0), rows, v, t-lo, nil, nil)
	}
}

// inPanels is a k x n matrix as a right operand: as it lies in memory, or in
// space where its last panel would end outside of it.
func inPanels(space, b []float32, row, k, n int) panels {
	if n%panelWidth == 0 {
		return rowMajor(b, row)
	}
	packRows(space, k, b, row, k, n)
	return packed(space, k)
}

// packTransposed packs, for multiply, a k x n matrix that is stored by columns.
func packTransposed(dst, b []float32, rowB, k, n int) {
	for j := 0; j < n; j += panelWidth {
		packColumns(dst[j*k:][:panelWidth*k], b[j*rowB:], rowB, k, min(panelWidth, n-j))
	}
}

// softmaxRowsGo replaces the first seen floats of each row of x by their
// softmax after scaling, with zeros behind them up to width, and returns each
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
