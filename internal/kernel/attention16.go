package kernel

// AttentionBF16 is Attention from and to bfloat16; in between, all is float32.
func (p *Pool) AttentionBF16(out []uint16, lse []float32, qkv []uint16, n, t, heads int, causal bool) {
	p.startAttention("Attention", len(out), len(qkv), lse, n, t, heads, causal)
	p.attention.out16, p.attention.qkv16 = out, qkv
	p.run(&p.attention, n)
	p.attention = attentionTask{}
}

// AttentionGradBF16 computes the gradient of AttentionBF16 by qkv, as bfloat16.
func (p *Pool) AttentionGradBF16(dqkv, qkv, out []uint16, lse []float32, dout []uint16, n, t, heads int, causal bool) {
	check("AttentionGrad", "dqkv", len(dqkv), len(qkv))
	check("AttentionGrad", "dout", len(dout), len(out))
	p.startAttention("AttentionGrad", len(out), len(qkv), lse, n, t, heads, causal)
	a := &p.attention
	a.out16, a.qkv16, a.dqkv16, a.dout16 = out, qkv, dqkv, dout
	p.run(a, n)
	p.attention = attentionTask{}
}

// doBF16 computes all heads of a sequence in float32 copies: whole rows are
// converted at a time, which caches like better than the parts that a head has.
func (a *attentionTask) doBF16(worker, sequence int) {
	size := a.t * a.width
	in, out := sequence*3*size, sequence*size
	copies, floats := 4, a.forwardFloats()
	if a.dqkv16 != nil {
		copies, floats = 8, a.backwardFloats()
	}
	scratch := a.p.workerScratch(worker, copies*size+floats)
	qkv, y, rest := scratch[:3*size], scratch[3*size:][:size], scratch[4*size:]
	fromBF16(qkv, a.qkv16[in:][:3*size])
	if a.dqkv16 == nil {
		for i := range a.heads {
			h := a.head(sequence*a.heads+i, i*a.headDim, qkv, y)
			a.forward(rest, &h)
		}
		toBF16(a.out16[out:][:size], y)
		return
	}
	dqkv, dout := rest[:3*size], rest[3*size:][:size]
	fromBF16(y, a.out16[out:][:size])
	fromBF16(dout, a.dout16[out:][:size])
	for i := range a.heads {
		at := i * a.headDim
		h := a.head(sequence*a.heads+i, at, qkv, y)
		h.grads(at, a.width, dqkv, dout)
		a.backward(rest[4*size:], &h)
	}
	toBF16(a.dqkv16[in:][:3*size], dqkv)
}
