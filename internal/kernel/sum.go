package kernel

type columnTask struct {
	p                *Pool
	partial, x       []float32
	pre, dy          []float32 // of which x is the gradient, to be computed; or nil
	x16, pre16, dy16 []uint16  // instead of x, pre and dy, if x is nil
	a                Activation
	d, rows          int
}

// ColumnSum adds up the rows of x (N, D) into sum (D).
func (p *Pool) ColumnSum(sum, x []float32) {
	d := len(sum)
	if d == 0 || len(x)%d != 0 {
		check("ColumnSum", "x", len(x), d)
	}
	p.sumColumns(sum, len(x), columnTask{x: x})
}

// ColumnSumBF16 is ColumnSum of bfloat16.
func (p *Pool) ColumnSumBF16(sum []float32, x []uint16) {
	check("ColumnSum", "x", len(x), len(x)/max(1, len(sum))*len(sum))
	p.sumColumns(sum, len(x), columnTask{x16: x})
}

// ActivateGradSum computes dx = dy a'(x) and adds up the rows of dx (N, D) into
// sum (D): ActivateGrad and ColumnSum in one pass, with the same bits. Dx may
// be x or dy.
func (p *Pool) ActivateGradSum(dx, sum, x, dy []float32, a Activation) {
	check("ActivateGradSum", "x", len(x), len(dx))
	check("ActivateGradSum", "dy", len(dy), len(dx))
	check("ActivateGradSum", "dx", len(dx), len(dx)/max(1, len(sum))*len(sum))
	p.sumColumns(sum, len(dx), columnTask{x: dx, pre: x, dy: dy, a: a})
}

// ActivateGradSumBF16 is ActivateGradSum of bfloat16. Dx is rounded after it was
// added to sum.
func (p *Pool) ActivateGradSumBF16(dx []uint16, sum []float32, x, dy []uint16, a Activation) {
	check("ActivateGradSum", "x", len(x), len(dx))
	check("ActivateGradSum", "dy", len(dy), len(dx))
	check("ActivateGradSum", "dx", len(dx), len(dx)/max(1, len(sum))*len(sum))
	p.sumColumns(sum, len(dx), columnTask{x16: dx, pre16: x, dy16: dy, a: a})
}

func (p *Pool) sumColumns(sum []float32, n int, t columnTask) {
	t.p, t.d, t.rows = p, len(sum), n/len(sum)
	t.partial = p.sharedScratch(blocks * t.d)
	p.columns = t
	p.run(&p.columns, blocks)
	p.columns = columnTask{}
	p.combineBlocks(sum, t.partial)
}

func (t *columnTask) do(worker, tile int) {
	sum := t.partial[tile*t.d:][:t.d]
	clear(sum)
	space := t.p.workerScratch(worker, 2*t.d) // of two rows in float32
	lo, hi := span(tile, t.rows, ceil(t.rows, blocks))
	for i := lo; i < hi; i++ {
		if t.x == nil {
			add(sum, sum, t.rowBF16(space, i*t.d))
			continue
		}
		row := t.x[i*t.d:][:t.d]
		if t.dy != nil {
			activateGrad(row, t.pre[i*t.d:][:t.d], t.dy[i*t.d:][:t.d], t.a)
		}
		add(sum, sum, row)
	}
}

// rowBF16 is the row that begins at an element, in space; if it is a gradient,
// it is computed and a rounded copy kept.
func (t *columnTask) rowBF16(space []float32, at int) []float32 {
	row, pre := space[:t.d], space[t.d:]
	if t.dy16 == nil {
		fromBF16(row, t.x16[at:][:t.d])
		return row
	}
	fromBF16(pre, t.pre16[at:][:t.d])
	fromBF16(row, t.dy16[at:][:t.d])
	activateGrad(row, pre, row, t.a)
	toBF16(t.x16[at:][:t.d], row)
	return row
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
