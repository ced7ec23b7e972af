package kernel

// ColumnSum adds up the rows of x (N, D) into sum (D).
func (p *Pool) ColumnSum(sum, x []float32) {
	d := len(sum)
	if d == 0 || len(x)%d != 0 {
		check("ColumnSum", "x", len(x), d)
	}
	p.sumColumns(sum, len(x), columnSumTask{x: x})
}

// ColumnSumBF16 is ColumnSum of bfloat16.
func (p *Pool) ColumnSumBF16(sum []float32, x []uint16) {
	check("ColumnSum", "x", len(x), len(x)/max(1, len(sum))*len(sum))
	p.sumColumns(sum, len(x), columnSumTask{x16: x})
}

type columnSumTask struct {
	p          *Pool
	partial, x []float32
	x16        []uint16 // instead of x
	d, rows    int
}

func (p *Pool) sumColumns(sum []float32, n int, t columnSumTask) {
	t.p, t.d, t.rows = p, len(sum), n/len(sum)
	t.partial = p.sharedScratch(blocks * t.d)
	p.columnSum = t
	p.run(&p.columnSum, blocks)
	p.columnSum = columnSumTask{}
	p.combineBlocks(sum, t.partial)
}

func (t *columnSumTask) do(worker, block int) {
	sum := t.partial[block*t.d:][:t.d]
	clear(sum)
	space := t.p.workerScratch(worker, t.d) // a row in float32
	lo, hi := span(block, t.rows, ceil(t.rows, blocks))
	for i := lo; i < hi; i++ {
		row := space
		if t.x16 == nil {
			row = t.x[i*t.d:][:t.d]
		} else {
			fromBF16(row, t.x16[i*t.d:][:t.d])
		}
		add(sum, sum, row)
	}
}

// ActivateGradSum computes dx = dy a'(x) and adds up the rows of dx (N, D) into
// sum (D): ActivateGrad and ColumnSum in one pass, with the same bits. Dx may
// be x or dy.
func (p *Pool) ActivateGradSum(dx, sum, x, dy []float32, a Activation) {
	check("ActivateGradSum", "x", len(x), len(dx))
	check("ActivateGradSum", "dy", len(dy), len(dx))
	p.sumActivateGrad(sum, len(dx), activateGradSumTask{dx: dx, x: x, dy: dy, a: a})
}

// ActivateGradSumBF16 is ActivateGradSum of bfloat16. Dx is rounded after it was
// added to sum.
func (p *Pool) ActivateGradSumBF16(dx []uint16, sum []float32, x, dy []uint16, a Activation) {
	check("ActivateGradSum", "x", len(x), len(dx))
	check("ActivateGradSum", "dy", len(dy), len(dx))
	p.sumActivateGrad(sum, len(dx), activateGradSumTask{dx16: dx, x16: x, dy16: dy, a: a})
}

type activateGradSumTask struct {
	p                  *Pool
	partial, dx, x, dy []float32
	dx16, x16, dy16    []uint16 // instead of dx, x and dy
	a                  Activation
	d, rows            int
}

func (p *Pool) sumActivateGrad(sum []float32, n int, t activateGradSumTask) {
	check("ActivateGradSum", "dx", n, n/max(1, len(sum))*len(sum))
	t.p, t.d, t.rows = p, len(sum), n/len(sum)
	t.partial = p.sharedScratch(blocks * t.d)
	p.activateGradSum = t
	p.run(&p.activateGradSum, blocks)
	p.activateGradSum = activateGradSumTask{}
	p.combineBlocks(sum, t.partial)
}

func (t *activateGradSumTask) do(worker, block int) {
	sum := t.partial[block*t.d:][:t.d]
	clear(sum)
	space := t.p.workerScratch(worker, 2*t.d) // two rows in float32
	lo, hi := span(block, t.rows, ceil(t.rows, blocks))
	for at := lo * t.d; at < hi*t.d; at += t.d {
		dx := space[:t.d]
		if t.dx16 == nil {
			dx = t.dx[at:][:t.d]
			activateGrad(dx, t.x[at:][:t.d], t.dy[at:][:t.d], t.a)
		} else {
			t.rowBF16(dx, space[t.d:], at)
		}
		add(sum, sum, dx)
	}
}

// rowBF16 computes the row of dx that begins at an element, and keeps a rounded
// copy of it. X is space for the row of x.
func (t *activateGradSumTask) rowBF16(dx, x []float32, at int) {
	fromBF16(x, t.x16[at:][:t.d])
	fromBF16(dx, t.dy16[at:][:t.d])
	activateGrad(dx, x, dx, t.a)
	toBF16(t.dx16[at:][:t.d], dx)
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
