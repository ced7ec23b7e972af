package kernel

// ScaleAdd multiplies each row of x by gamma and adds the residual: y = x gamma + residual.
//
// x, residual, y (N, D), gamma (D). Y may be x or residual.
func (p *Pool) ScaleAdd(y, x, gamma, residual []float32) {
	d := len(gamma)
	check("ScaleAdd", "x", len(x), len(y))
	check("ScaleAdd", "residual", len(residual), len(y))
	check("ScaleAdd", "y", len(y), len(y)/max(1, d)*d)
	p.scaleAdd = scaleAddTask{y, x, gamma, residual}
	p.run(&p.scaleAdd, ceil(len(y)/d, scaleRows))
	p.scaleAdd = scaleAddTask{}
}

// scaleRows is the rows of a tile.
const scaleRows = 32

type scaleAddTask struct{ y, x, gamma, residual []float32 }

func (t *scaleAddTask) do(_, tile int) {
	d := len(t.gamma)
	lo, hi := span(tile, len(t.y)/d, scaleRows)
	for at := lo * d; at < hi*d; at += d {
		y, x, residual := t.y[at:][:d], t.x[at:][:d], t.residual[at:][:d]
		for i, g := range t.gamma {
			y[i] = float32(x[i]*g) + residual[i]
		}
	}
}

// ScaleAddGrad computes the gradients of ScaleAdd by x and gamma: dx = dy gamma,
// dgamma = the sum of the rows of dy x. Dx may be dy.
func (p *Pool) ScaleAddGrad(dx, dgamma, x, gamma, dy []float32) {
	d := len(gamma)
	check("ScaleAddGrad", "x", len(x), len(dy))
	check("ScaleAddGrad", "dx", len(dx), len(dy))
	check("ScaleAddGrad", "dgamma", len(dgamma), d)
	check("ScaleAddGrad", "dy", len(dy), len(dy)/max(1, d)*d)
	partial := p.sharedScratch(blocks * d)
	p.scaleAddGrad = scaleAddGradTask{dx, partial, x, gamma, dy}
	p.run(&p.scaleAddGrad, blocks)
	p.scaleAddGrad = scaleAddGradTask{}
	p.combineBlocks(dgamma, partial)
}

type scaleAddGradTask struct{ dx, partial, x, gamma, dy []float32 }

func (t *scaleAddGradTask) do(_, block int) {
	d := len(t.gamma)
	sum := t.partial[block*d:][:d]
	clear(sum)
	rows := len(t.dy) / d
	lo, hi := span(block, rows, ceil(rows, blocks))
	for at := lo * d; at < hi*d; at += d {
		dx, x, dy := t.dx[at:][:d], t.x[at:][:d], t.dy[at:][:d]
		for i, g := range t.gamma {
			v := dy[i]
			sum[i] += float32(v * x[i])
			dx[i] = v * g
		}
	}
}
