package kernel

import "math"

type attentionTask struct {
	p                        *Pool
	out, lse, qkv            []float32
	dqkv, dout               []float32 // nil in the forward pass
	out16, qkv16             []uint16  // instead of out, qkv, dqkv and dout, if qkv is nil
	dqkv16, dout16           []uint16
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
	p.startAttention("Attention", len(out), len(qkv), lse, n, t, heads, causal)
	p.attention.out, p.attention.qkv = out, qkv
	p.run(&p.attention, n*heads)
	p.attention = attentionTask{}
}

// AttentionGrad computes the gradient of Attention by qkv.
func (p *Pool) AttentionGrad(dqkv, qkv, out, lse, dout []float32, n, t, heads int, causal bool) {
	check("AttentionGrad", "dqkv", len(dqkv), len(qkv))
	check("AttentionGrad", "dout", len(dout), len(out))
	p.startAttention("AttentionGrad", len(out), len(qkv), lse, n, t, heads, causal)
	p.attention.out, p.attention.qkv, p.attention.dqkv, p.attention.dout = out, qkv, dqkv, dout
	p.run(&p.attention, n*heads)
	p.attention = attentionTask{}
}

func (p *Pool) startAttention(kernel string, out, qkv int, lse []float32, n, t, heads int, causal bool) {
	width := out / max(1, n*t)
	check(kernel, "out", out, n*t*width)
	check(kernel, "qkv", qkv, 3*out)
	check(kernel, "lse", len(lse), n*heads*t)
	check(kernel, "out's width", width, width/heads*heads)
	p.attention = attentionTask{p: p, lse: lse, t: t, heads: heads, width: width, headDim: width / heads, causal: causal}
}

func (a *attentionTask) do(worker, tile int) {
	if a.qkv == nil {
		a.doBF16(worker, tile)
		return
	}
	first, d, at := tile/a.heads*a.t, a.width, tile%a.heads*a.headDim
	h := a.head(tile, at, a.qkv[first*3*d:], a.out[first*d:])
	if a.dqkv == nil {
		a.forward(a.p.workerScratch(worker, a.forwardFloats()), &h)
		return
	}
	h.grads(at, d, a.dqkv[first*3*d:], a.dout[first*d:])
	a.backward(a.p.workerScratch(worker, a.backwardFloats()), &h)
}

// An attentionHead is what one head of one sequence reads and writes: rows of V
// channels, those of out and dout D floats apart, the others 3D.
type attentionHead struct {
	q, k, v, dq, dk, dv []float32
	out, dout           []float32
	lse                 []float32
}

// head is the head of a number, over all sequences, which begins at a channel of
// its sequence's rows.
func (a *attentionTask) head(number, at int, qkv, out []float32) attentionHead {
	d := a.width
	return attentionHead{q: qkv[at:], k: qkv[at+d:], v: qkv[at+2*d:], out: out[at:], lse: a.lse[number*a.t:][:a.t]}
}

// grads adds the gradients to h.
func (h *attentionHead) grads(at, d int, dqkv, dout []float32) {
	h.dq, h.dk, h.dv, h.dout = dqkv[at:], dqkv[at+d:], dqkv[at+2*d:], dout[at:]
}

func (a *attentionTask) forwardFloats() int {
	wideT, wideV := ceil(a.t, panelWidth)*panelWidth, ceil(a.headDim, panelWidth)*panelWidth
	return wideT*a.headDim + wideV*a.t + queryRows*(wideT+2)
}

func (a *attentionTask) backwardFloats() int {
	wideT, wideV := ceil(a.t, panelWidth)*panelWidth, ceil(a.headDim, panelWidth)*panelWidth
	return 2*a.t*wideT + 2*wideT*a.headDim + wideV*a.t + queryRows
}

// forward computes one head.
func (a *attentionTask) forward(scratch []float32, h *attentionHead) {
	t, d, v := a.t, a.width, a.headDim
	wideT, wideV := ceil(t, panelWidth)*panelWidth, ceil(v, panelWidth)*panelWidth
	keys, space, scores := scratch[:wideT*v], scratch[wideT*v:][:wideV*t], scratch[wideT*v+wideV*t:][:queryRows*wideT]
	top, sum := scratch[len(scratch)-2*queryRows:][:queryRows], scratch[len(scratch)-queryRows:]
	packTransposed(keys, h.k, 3*d, v, t)
	values := inPanels(space, h.v, 3*d, t, v)
	scale := float32(1 / math.Sqrt(float64(v)))
	for lo, block := 0, blockOfQueries(t); lo < t; lo += block {
		rows := min(t-lo, block)
		seen, step, width := a.seen(lo, rows)
		multiply(scores, wideT, strided(h.q[lo*3*d:], 3*d, 1), packed(keys, v), rows, width, v, nil, nil)
		softmaxRows(scores, wideT, rows, seen, step, width, scale, top[:rows], sum[:rows])
		logSum(h.lse[lo:lo+rows], top, sum)
		multiply(h.out[lo*d:], d, strided(scores, wideT, 1), values, rows, v, seen+step*(rows-1), nil, nil)
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
func (a *attentionTask) backward(scratch []float32, h *attentionHead) {
	t, d, v := a.t, a.width, a.headDim
	wideT, wideV := ceil(t, panelWidth)*panelWidth, ceil(v, panelWidth)*panelWidth
	probs, dscores, rest := scratch[:t*wideT], scratch[t*wideT:][:t*wideT], scratch[2*t*wideT:]
	keys, values, space, delta := rest[:wideT*v], rest[wideT*v:][:wideT*v], rest[2*wideT*v:][:wideV*t], rest[2*wideT*v+wideV*t:]
	scale := float32(1 / math.Sqrt(float64(v)))

	packTransposed(keys, h.k, 3*d, v, t)
	packTransposed(values, h.v, 3*d, v, t)
	byQuery := inPanels(space, h.k, 3*d, t, v)
	for lo, block := 0, blockOfQueries(t); lo < t; lo += block {
		rows := min(t-lo, block)
		seen, step, width := a.seen(lo, rows)
		p, ds := probs[lo*wideT:], dscores[lo*wideT:]
		multiply(p, wideT, strided(h.q[lo*3*d:], 3*d, 1), packed(keys, v), rows, width, v, nil, nil)
		multiply(ds, wideT, strided(h.dout[lo*d:], d, 1), packed(values, v), rows, width, v, nil, nil)
		for i := range rows {
			delta[i] = dot(h.dout[(lo+i)*d:][:v], h.out[(lo+i)*d:][:v])
		}
		softmaxRowsGrad(p, ds, wideT, rows, seen, step, width, scale, h.lse[lo:lo+rows], delta)
		multiply(h.dq[lo*3*d:], 3*d, strided(ds, wideT, 1), byQuery, rows, v, seen+step*(rows-1), nil, nil)
	}
	a.byKey(h.dk, 3*d, dscores, inPanels(space, h.q, 3*d, t, v), wideT)
	a.byKey(h.dv, 3*d, probs, inPanels(space, h.dout, d, t, v), wideT)
}

// byKey computes y = xᵀ b for x (T, T), of which no query before a key sees it.
func (a *attentionTask) byKey(y []float32, row int, x []float32, b panels, wideT int) {
	t, v := a.t, a.headDim
	if !a.causal {
		multiply(y, row, strided(x, 1, wideT), b, t, v, t, nil, nil)
		return
	}
	for lo, block := 0, blockOfQueries(t); lo < t; lo += block {
		rows := min(t-lo, block)
		multiply(y[lo*row:], row, strided(x[lo*wideT+lo:], 1, wideT), b.from(lo, 0), rows, v, t-lo, nil, nil)
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
