package kernel

// AttentionBF16 is Attention from and to bfloat16; in between, all is float32.
func (p *Pool) AttentionBF16(out []uint16, lse []float32, qkv []uint16, n, t, heads int, causal bool) {
	p.startAttention("Attention", len(out), len(qkv), lse, n, t, heads, causal)
	p.attention.out16, p.attention.qkv16 = out, qkv
	p.run(&p.attention, n*heads)
	p.attention = attentionTask{}
}

// AttentionGradBF16 computes the gradient of AttentionBF16 by qkv, as bfloat16.
func (p *Pool) AttentionGradBF16(dqkv, qkv, out []uint16, lse []float32, dout []uint16, n, t, heads int, causal bool) {
	check("AttentionGrad", "dqkv", len(dqkv), len(qkv))
	check("AttentionGrad", "dout", len(dout), len(out))
	p.startAttention("AttentionGrad", len(out), len(qkv), lse, n, t, heads, causal)
	a := &p.attention
	a.out16, a.qkv16, a.dqkv16, a.dout16 = out, qkv, dqkv, dout
	p.run(a, n*heads)
	p.attention = attentionTask{}
}

// doBF16 computes one head in float32 copies, whose rows lie side by side.
func (a *attentionTask) doBF16(worker, in, out int, lse []float32) {
	d, v, size := a.width, a.headDim, a.t*a.headDim
	copies, floats := 4, a.forwardFloats()
	if a.dqkv16 != nil {
		copies, floats = 8, a.backwardFloats()
	}
	scratch := a.p.workerScratch(worker, copies*size+floats)
	next := func() (x []float32) {
		x, scratch = scratch[:size], scratch[size:]
		return x
	}
	h := attentionHead{q: next(), k: next(), v: next(), row: v, out: next(), rowOut: v, lse: lse}
	for i, x := range [][]float32{h.q, h.k, h.v} {
		a.gather(x, a.qkv16[in+i*d:], 3*d)
	}
	if a.dqkv16 == nil {
		a.forward(scratch, &h)
		a.scatter(a.out16[out:], d, h.out)
		return
	}
	h.dq, h.dk, h.dv, h.dout = next(), next(), next(), next()
	a.gather(h.out, a.out16[out:], d)
	a.gather(h.dout, a.dout16[out:], d)
	a.backward(scratch, &h)
	for i, x := range [][]float32{h.dq, h.dk, h.dv} {
		a.scatter(a.dqkv16[in+i*d:], 3*d, x)
	}
}

// gather copies the rows of a head, scatter rounds them.
func (a *attentionTask) gather(x []float32, from []uint16, row int) {
	for i := range a.t {
		fromBF16(x[i*a.headDim:][:a.headDim], from[i*row:][:a.headDim])
	}
}

func (a *attentionTask) scatter(to []uint16, row int, x []float32) {
	for i := range a.t {
		toBF16(to[i*row:][:a.headDim], x[i*a.headDim:][:a.headDim])
	}
}
