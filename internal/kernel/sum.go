package kernel

type columnTask struct {
	partial, x []float32
	d, rows    int
}

// ColumnSum adds up the rows of x (N, D) into sum (D).
func (p *Pool) ColumnSum(sum, x []float32) {
	d := len(sum)
	if d == 0 || len(x)%d != 0 {
		check("ColumnSum", "x", len(x), d)
	}
	partial := p.sharedScratch(blocks * d)
	p.columns = columnTask{partial: partial, x: x, d: d, rows: len(x) / d}
	p.run(&p.columns, blocks)
	p.columns = columnTask{}
	p.combineBlocks(sum, partial)
}

func (t *columnTask) do(_, tile int) {
	sum := t.partial[tile*t.d:][:t.d]
	clear(sum)
	lo, hi := span(tile, t.rows, ceil(t.rows, blocks))
	for i := lo; i < hi; i++ {
		add(sum, sum, t.x[i*t.d:][:t.d])
	}
}

// combineTask adds the rows of a block's partial sums.
type combineTask struct{ sum, partial []float32 }

// combineBlocks writes to sum (D) the sum of the rows of partial (blocks, D).
func (p *Pool) combineBlocks(sum, partial []float32) {
	p.combine = combineTask{sum, partial}
	p.run(&p.combine, ceil(len(sum), 512))
	p.combine = combineTask{}
}

func (t *combineTask) do(_, tile int) {
	lo, hi := span(tile, len(t.sum), 512)
	copy(t.sum[lo:hi], t.partial[lo:hi])
	for i := 1; i < blocks; i++ {
		row := i * len(t.sum)
		add(t.sum[lo:hi], t.sum[lo:hi], t.partial[row+lo:row+hi])
	}
}
