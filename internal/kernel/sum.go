package kernel

type columnTask struct {
	partial, x []float32
	pre, dy    []float32 // of which x is the gradient, to be computed; or nil
	a          Activation
	d, rows    int
}

// ColumnSum adds up the rows of x (N, D) into sum (D).
func (p *Pool) ColumnSum(sum, x []float32) {
	d := len(sum)
	if d == 0 || len(x)%d != 0 {
		check("ColumnSum", "x", len(x), d)
	}
	p.sumColumns(sum, columnTask{x: x})
}

// ActivateGradSum computes dx = dy a'(x) and adds up the rows of dx (N, D) into
// sum (D): ActivateGrad and ColumnSum in one pass, with the same bits. Dx may
// be x or dy.
func (p *Pool) ActivateGradSum(dx, sum, x, dy []float32, a Activation) {
	check("ActivateGradSum", "x", len(x), len(dx))
	check("ActivateGradSum", "dy", len(dy), len(dx))
	check("ActivateGradSum", "dx", len(dx), len(dx)/max(1, len(sum))*len(sum))
	p.sumColumns(sum, columnTask{x: dx, pre: x, dy: dy, a: a})
}

func (p *Pool) sumColumns(sum []float32, t columnTask) {
	t.d, t.rows = len(sum), len(t.x)/len(sum)
	t.partial = p.sharedScratch(blocks * t.d)
	p.columns = t
	p.run(&p.columns, blocks)
	p.columns = columnTask{}
	p.combineBlocks(sum, t.partial)
}

func (t *columnTask) do(_, tile int) {
	sum := t.partial[tile*t.d:][:t.d]
	clear(sum)
	lo, hi := span(tile, t.rows, ceil(t.rows, blocks))
	for i := lo; i < hi; i++ {
		row := t.x[i*t.d:][:t.d]
		if t.dy != nil {
			activateGrad(row, t.pre[i*t.d:][:t.d], t.dy[i*t.d:][:t.d], t.a)
		}
		add(sum, sum, row)
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
