package kernel

// AttentionBF16 is Attention from and to bfloat16; in between, all is float32.
func (p *Pool) AttentionBF16(out []uint16, lse []float32, qkv []uint16, n, t, heads int, causal bool) {
	s := newAttentionShape("Attention", len(out), len(qkv), len(lse), n, t, heads, causal)
	p.attention = attentionTask{p: p, attentionShape: s, out16: out, lse: lse, qkv16: qkv}
	p.run(&p.attention, n)
	p.attention = attentionTask{}
}

// AttentionGradBF16 computes the gradient of AttentionBF16 by qkv, as bfloat16.
func (p *Pool) AttentionGradBF16(dqkv, qkv, out []uint16, lse []float32, dout []uint16, n, t, heads int, causal bool) {
	check("AttentionGrad", "dqkv", len(dqkv), len(qkv))
	check("AttentionGrad", "dout", len(dout), len(out))
	s := newAttentionShape("AttentionGrad", len(out), len(qkv), len(lse), n, t, heads, causal)
	p.attentionGrad = attentionGradTask{p: p, attentionShape: s,
		dqkv16: dqkv, qkv16: qkv, out16: out, lse: lse, dout16: dout}
	p.run(&p.attentionGrad, n)
	p.attentionGrad = attentionGradTask{}
}

// doBF16 computes all heads of a sequence in float32 copies: converting whole rows
// uses each cache line once, where the part of one head is less than a line.
func (a *attentionTask) doBF16(worker, sequence int) {
	size := a.t * a.width
	scratch := a.p.workerScratch(worker, 4*size+a.forwardFloats())
	qkv, out, rest := scratch[:3*size], scratch[3*size:][:size], scratch[4*size:]
	fromBF16(qkv, a.qkv16[sequence*3*size:][:3*size])
	for i := range a.heads {
		h := a.headOf(sequence*a.heads+i, i*a.headDim, qkv, out, a.lse)
		a.forward(rest, &h)
	}
	toBF16(a.out16[sequence*size:][:size], out)
}

// doBF16 computes the gradients of all heads of a sequence in float32 copies.
func (a *attentionGradTask) doBF16(worker, sequence int) {
	size := a.t * a.width
	in, at := sequence*3*size, sequence*size
	scratch := a.p.workerScratch(worker, 8*size+a.backwardFloats())
	qkv, out, rest := scratch[:3*size], scratch[3*size:][:size], scratch[4*size:]
	dqkv, dout, rest := rest[:3*size], rest[3*size:][:size], rest[4*size:]
	fromBF16(qkv, a.qkv16[in:][:3*size])
	fromBF16(out, a.out16[at:][:size])
	fromBF16(dout, a.dout16[at:][:size])
	for i := range a.heads {
		channel := i * a.headDim
		h := a.headOf(sequence*a.heads+i, channel, qkv, out, a.lse)
		g := a.gradOf(h, channel, dqkv, dout)
		a.backward(rest, &g)
	}
	toBF16(a.dqkv16[in:][:3*size], dqkv)
}
