package kernel

import "math"

// An attentionShape says how rows are heads: n sequences of t tokens, each a row of
// width channels, headDim for each head.
type attentionShape struct {
	t, heads, width, headDim int
	causal                   bool
}

// newAttentionShape checks the sizes of an attention.
func newAttentionShape(kernel string, out, qkv, lse, n, t, heads int, causal bool) attentionShape {
	width := out / max(1, n*t)
	check(kernel, "out", out, n*t*width)
	check(kernel, "qkv", qkv, 3*out)
	check(kernel, "lse", lse, n*heads*t)
	check(kernel, "out's width", width, width/heads*heads)
	return attentionShape{t: t, heads: heads, width: width, headDim: width / heads, causal: causal}
}

// queryRows is the most queries whose scores are in the cache at once; a causal
// block of them skips the keys that none of them sees.
const queryRows = 24

// blockOfQueries cuts t queries into blocks of about equal size.
func blockOfQueries(t int) int { return ceil(t, ceil(t, queryRows)) }

// seen is the number of keys that the first of a block of queries sees, how
// many more each next one sees, and the number of columns of their scores.
func (s attentionShape) seen(lo, rows int) (seen, step, width int) {
	seen = s.t
	if s.causal {
		seen, step = lo+1, 1
	}
	return seen, step, ceil(seen+step*(rows-1), panelWidth) * panelWidth
}

// Attention computes softmax(q kᵀ / sqrt(V)) v for each of n sequences of t
// tokens and each head of V = D/heads channels:
//
//	qkv (N*T, 3D) -> out (N*T, D), lse (N, heads, T)
//
// A row of qkv holds q, k and v of a token, each D channels, heads side by
// side. Lse is the log-sum-exp of each query's scaled scores: all that the
// gradient needs beside qkv and out. A causal query sees no later key.
//
// Source: Vaswani et al., arXiv:1706.03762, eq. 1; the gradient from lse is in Dao
// et al., "FlashAttention", arXiv:2205.14135, appendix B.
func (p *Pool) Attention(out, lse, qkv []float32, n, t, heads int, causal bool) {
	s := newAttentionShape("Attention", len(out), len(qkv), len(lse), n, t, heads, causal)
	p.attention = attentionTask{p: p, attentionShape: s, out: out, lse: lse, qkv: qkv}
	p.run(&p.attention, n*heads)
	p.attention = attentionTask{}
}

type attentionTask struct {
	p *Pool
	attentionShape
	out, lse, qkv []float32
	out16, qkv16  []uint16 // instead of out and qkv
}

// An attentionHead is what one head of one sequence reads and writes: rows of V
// channels, D floats apart in out, 3D in q, k and v.
type attentionHead struct {
	q, k, v, out []float32
	lse          []float32
}

// headOf is the head of a number, over all sequences, which begins at channel at of
// its sequence's rows.
func (s attentionShape) headOf(number, at int, qkv, out, lse []float32) attentionHead {
	d := s.width
	return attentionHead{q: qkv[at:], k: qkv[at+d:], v: qkv[at+2*d:], out: out[at:], lse: lse[number*s.t:][:s.t]}
}

// do computes one head, or with bfloat16 all heads of one sequence.
func (a *attentionTask) do(worker, tile int) {
	if a.qkv == nil {
		a.doBF16(worker, tile)
		return
	}
	first, at := tile/a.heads*a.t, tile%a.heads*a.headDim
	h := a.headOf(tile, at, a.qkv[first*3*a.width:], a.out[first*a.width:], a.lse)
	a.forward(a.p.workerScratch(worker, a.forwardFloats()), &h)
}

func (s attentionShape) forwardFloats() int {
	wideT, wideV := ceil(s.t, panelWidth)*panelWidth, ceil(s.headDim, panelWidth)*panelWidth
	return wideT*s.headDim + wideV*s.t + queryRows*(wideT+2)
}

// forward computes one head.
func (s attentionShape) forward(scratch []float32, h *attentionHead) {
	t, d, v := s.t, s.width, s.headDim
	wideT, wideV := ceil(t, panelWidth)*panelWidth, ceil(v, panelWidth)*panelWidth
	keys, space, scores := scratch[:wideT*v], scratch[wideT*v:][:wideV*t], scratch[wideT*v+wideV*t:][:queryRows*wideT]
	top, sum := scratch[len(scratch)-2*queryRows:][:queryRows], scratch[len(scratch)-queryRows:]
	packTransposed(keys, h.k, 3*d, v, t)
	values := inPanels(space, h.v, 3*d, t, v)
	scale := float32(1 / math.Sqrt(float64(v)))
	for lo, block := 0, blockOfQueries(t); lo < t; lo += block {
		rows := min(t-lo, block)
		seen, step, width := s.seen(lo, rows)
		multiply(scores, wideT, strided(h.q[lo*3*d:], 3*d, 1), packed(keys, v), rows, width, v, nil, nil)
		softmaxRows(scores, wideT, rows, seen, step, width, scale, top[:rows], sum[:rows])
		logSum(h.lse[lo:lo+rows], top, sum)
		multiply(h.out[lo*d:], d, strided(scores, wideT, 1), values, rows, v, seen+step*(rows-1), nil, nil)
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
