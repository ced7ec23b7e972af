package kernel

// gemmBF16 is Gemm with operands of bfloat16. Where the processor has no
// products of them, their values go through the kernels of float32.
func (p *Pool) gemmBF16(c, a, b []float32, m, n, k int, g Gemm) {
	check("Gemm", "a", len(a)+len(g.A16), m*k)
	check("Gemm", "b", len(b)+len(g.B16), k*n)
	check("Gemm", "c", len(c)+len(g.C16), m*n)
	if g.C16 != nil && g.Accumulate {
		panic("kernel: Gemm: C16 with Accumulate")
	}
	if g.Pre16 != nil {
		check("Gemm", "pre", len(g.Pre16), len(g.C16))
	}
	if level >= AVX512BF16 && k > 0 {
		p.gemmTiles16(c, a, b, m, n, k, g)
		return
	}
	c16, pre16 := g.C16, g.Pre16
	if c16 != nil {
		c = p.copied(2, m*n)
	}
	if pre16 != nil {
		g.Pre = p.copied(3, m*n)
	}
	x, y := p.rounded(0, a, g.A16), p.rounded(1, b, g.B16)
	g.BF16, g.A16, g.B16, g.C16, g.Pre16 = false, nil, nil, nil, nil
	p.Gemm(c, x, y, m, n, k, g)
	if c16 != nil {
		p.ToBF16(c16, c)
	}
	if pre16 != nil {
		p.ToBF16(pre16, g.Pre)
	}
}

// rounded is an operand, of which one form is nil, rounded to bfloat16.
func (p *Pool) rounded(operand int, x []float32, x16 []uint16) []float32 {
	y := p.copied(operand, max(len(x), len(x16)))
	p.convert(convertTask{to: y, from: x, from16: x16})
	return y
}

// copied returns n floats for an operand or the result.
func (p *Pool) copied(operand, n int) []float32 {
	if len(p.copies[operand]) < n {
		p.copies[operand] = make([]float32, n)
	}
	return p.copies[operand][:n]
}
