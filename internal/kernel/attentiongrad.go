package kernel

import "math"

// AttentionGrad computes the gradient of Attention by qkv.
func (p *Pool) AttentionGrad(dqkv, qkv, out, lse, dout []float32, n, t, heads int, causal bool) {
	check("AttentionGrad", "dqkv", len(dqkv), len(qkv))
	check("AttentionGrad", "dout", len(dout), len(out))
	s := newAttentionShape("AttentionGrad", len(out), len(qkv), len(lse), n, t, heads, causal)
	p.attentionGrad = attentionGradTask{p: p, attentionShape: s, dqkv: dqkv, qkv: qkv, out: out, lse: lse, dout: dout}
	p.run(&p.attentionGrad, n*heads)
	p.attentionGrad = attentionGradTask{}
}

type attentionGradTask struct {
	p *Pool
	attentionShape
	dqkv, qkv, out, lse, dout    []float32
	dqkv16, qkv16, out16, dout16 []uint16 // instead of dqkv, qkv, out and dout
}

// An attentionHeadGrad is what the gradient of one head reads and writes: dq, dk and
// dv lie as q, k and v do, dout as out does.
type attentionHeadGrad struct {
	attentionHead
	dq, dk, dv, dout []float32
}

// gradOf adds the gradients to a head that begins at channel at.
func (s attentionShape) gradOf(h attentionHead, at int, dqkv, dout []float32) attentionHeadGrad {
	d := s.width
	return attentionHeadGrad{h, dqkv[at:], dqkv[at+d:], dqkv[at+2*d:], dout[at:]}
}

// do computes the gradient of one head, or with bfloat16 of all heads of one sequence.
func (a *attentionGradTask) do(worker, tile int) {
	if a.qkv == nil {
		a.doBF16(worker, tile)
		return
	}
	first, d, at := tile/a.heads*a.t, a.width, tile%a.heads*a.headDim
	h := a.headOf(tile, at, a.qkv[first*3*d:], a.out[first*d:], a.lse)
	g := a.gradOf(h, at, a.dqkv[first*3*d:], a.dout[first*d:])
	a.backward(a.p.workerScratch(worker, a.backwardFloats()), &g)
}

func (s attentionShape) backwardFloats() int {
	wideT, wideV := ceil(s.t, panelWidth)*panelWidth, ceil(s.headDim, panelWidth)*panelWidth
	return 2*s.t*wideT + 2*wideT*s.headDim + wideV*s.t + queryRows
}

// backward computes the gradient of one head. With the probabilities P from
// lse, dV = Pᵀ dout, dP = dout Vᵀ, dS = P (dP - rows of dout . out), dQ = dS K
// and dK = dSᵀ Q, the last two scaled.
func (s attentionShape) backward(scratch []float32, h *attentionHeadGrad) {
	t, d, v := s.t, s.width, s.headDim
	wideT, wideV := ceil(t, panelWidth)*panelWidth, ceil(v, panelWidth)*panelWidth
	probs, dscores, rest := scratch[:t*wideT], scratch[t*wideT:][:t*wideT], scratch[2*t*wideT:]
	keys, values, rest := rest[:wideT*v], rest[wideT*v:][:wideT*v], rest[2*wideT*v:]
	space, delta := rest[:wideV*t], rest[wideV*t:]
	scale := float32(1 / math.Sqrt(float64(v)))

	packTransposed(keys, h.k, 3*d, v, t)
	packTransposed(values, h.v, 3*d, v, t)
	byQuery := inPanels(space, h.k, 3*d, t, v)
	for lo, block := 0, blockOfQueries(t); lo < t; lo += block {
		rows := min(t-lo, block)
		seen, step, width := s.seen(lo, rows)
		p, ds := probs[lo*wideT:], dscores[lo*wideT:]
		multiply(p, wideT, strided(h.q[lo*3*d:], 3*d, 1), packed(keys, v), rows, width, v, nil, nil)
		multiply(ds, wideT, strided(h.dout[lo*d:], d, 1), packed(values, v), rows, width, v, nil, nil)
		for i := range rows {
			delta[i] = dot(h.dout[(lo+i)*d:][:v], h.out[(lo+i)*d:][:v])
		}
		softmaxRowsGrad(p, ds, wideT, rows, seen, step, width, scale, h.lse[lo:lo+rows], delta)
		multiply(h.dq[lo*3*d:], 3*d, strided(ds, wideT, 1), byQuery, rows, v, seen+step*(rows-1), nil, nil)
	}
	s.byKey(h.dk, 3*d, dscores, inPanels(space, h.q, 3*d, t, v), wideT)
	s.byKey(h.dv, 3*d, probs, inPanels(space, h.dout, d, t, v), wideT)
}

// byKey computes y = xᵀ b for x (T, T), of which no query before a key sees it.
func (s attentionShape) byKey(y []float32, row int, x []float32, b panels, wideT int) {
	t, v := s.t, s.headDim
	if !s.causal {
		multiply(y, row, strided(x, 1, wideT), b, t, v, t, nil, nil)
		return
	}
	for lo, block := 0, blockOfQueries(t); lo < t; lo += block {
		rows := min(t-lo, block)
		multiply(y[lo*row:], row, strided(x[lo*wideT+lo:], 1, wideT), b.from(lo, 0), rows, v, t-lo, nil, nil)
	}
}
