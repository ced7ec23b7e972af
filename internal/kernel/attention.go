package kernel

import "math"

type attentionTask struct {
	p                        *Pool
	out, lse, qkv            []float32
	dqkv, dout               []float32 // nil in the forward pass
	t, heads, width, headDim int
	causal                   bool
}

// queryRows is the number of queries whose scores are in the cache at once; a
// causal block of them skips the keys that none of them sees.
const queryRows = 24

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

// seen is the number of keys that queries up to hi see.
func (a *attentionTask) seen(hi int) int {
	if a.causal {
		return hi
	}
	return a.t
}

// forward computes one head. Rows of out have stride D, those of qkv 3D.
func (a *attentionTask) forward(worker int, out, lse, qkv []float32) {
	t, d, v := a.t, a.width, a.headDim
	wideT, wideV := ceil(t, panelWidth)*panelWidth, ceil(v, panelWidth)*panelWidth
	scratch := a.p.workerScratch(worker, wideT*v+wideV*t+queryRows*wideT)
	keys, values, scores := scratch[:wideT*v], scratch[wideT*v:][:wideV*t], scratch[wideT*v+wideV*t:]
	packPanels(keys, qkv[d:], 1, 3*d, v, t)
	packPanels(values, qkv[2*d:], 3*d, 1, t, v)
	scale := float32(1 / math.Sqrt(float64(v)))
	for lo := 0; lo < t; lo += queryRows {
		hi := min(t, lo+queryRows)
		n := a.seen(hi)
		multiply(scores, wideT, qkv[lo*3*d:], 3*d, 1, keys, v, hi-lo, n, v, 0, nil)
		for i := lo; i < hi; i++ {
			row := scores[(i-lo)*wideT:][:n]
			own := row[:a.seen(i+1)]
			top := scale * largest(own)
			sum := expSum(own, own, scale, -top)
			clear(row[len(own):])
			lse[i] = top + float32(math.Log(float64(sum)))
			scaleTo(own, own, 1/sum)
		}
		multiply(out[lo*d:], d, scores, wideT, 1, values, t, hi-lo, v, n, 0, nil)
	}
}

// backward computes the gradient of one head. With the probabilities P from
// lse, dV = Pᵀ dout, dP = dout Vᵀ, dS = P (dP - rows of dout . out), dQ = dS K
// and dK = dSᵀ Q, the last two scaled.
func (a *attentionTask) backward(worker int, dqkv, qkv, out, dout, lse []float32) {
	t, d, v := a.t, a.width, a.headDim
	wideT, wideV := ceil(t, panelWidth)*panelWidth, ceil(v, panelWidth)*panelWidth
	size := max(wideT*v, wideV*t)
	scratch := a.p.workerScratch(worker, 2*t*wideT+size)
	probs, dscores, panels := scratch[:t*wideT], scratch[t*wideT:][:t*wideT], scratch[2*t*wideT:]
	scale := float32(1 / math.Sqrt(float64(v)))

	packPanels(panels, qkv[d:], 1, 3*d, v, t)
	for lo := 0; lo < t; lo += queryRows {
		hi := min(t, lo+queryRows)
		multiply(probs[lo*wideT:], wideT, qkv[lo*3*d:], 3*d, 1, panels, v, hi-lo, a.seen(hi), v, 0, nil)
	}
	packPanels(panels, qkv[2*d:], 1, 3*d, v, t)
	for lo := 0; lo < t; lo += queryRows {
		hi := min(t, lo+queryRows)
		multiply(dscores[lo*wideT:], wideT, dout[lo*d:], d, 1, panels, v, hi-lo, a.seen(hi), v, 0, nil)
	}
	for i := range t {
		row, drow := probs[i*wideT:][:t], dscores[i*wideT:][:t]
		n := a.seen(i + 1)
		expSum(row[:n], row[:n], scale, -lse[i])
		delta := dot(dout[i*d:][:v], out[i*d:][:v])
		softmaxGrad(drow[:n], row[:n], drow[:n], delta, scale)
		clear(row[n:])
		clear(drow[n:])
	}

	packPanels(panels, qkv[d:], 3*d, 1, t, v)
	for lo := 0; lo < t; lo += queryRows {
		hi := min(t, lo+queryRows)
		multiply(dqkv[lo*3*d:], 3*d, dscores[lo*wideT:], wideT, 1, panels, t, hi-lo, v, a.seen(hi), 0, nil)
	}
	packPanels(panels, qkv, 3*d, 1, t, v)
	multiply(dqkv[d:], 3*d, dscores, 1, wideT, panels, t, t, v, t, 0, nil)
	packPanels(panels, dout, d, 1, t, v)
	multiply(dqkv[2*d:], 3*d, probs, 1, wideT, panels, t, t, v, t, 0, nil)
}

// packPanels packs a strided k x n matrix for multiply.
func packPanels(dst, b []float32, row, col, k, n int) {
	if col == 1 {
		packRows(dst, k, b, row, k, n)
		return
	}
	for j := 0; j < n; j += panelWidth {
		packColumns(dst[j*k:][:panelWidth*k], b[j*col:], col, k, min(panelWidth, n-j))
	}
}
