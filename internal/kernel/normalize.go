package kernel

import "math"

// normalizeRows is the number of rows in a tile.
const normalizeRows = 64

// L2Normalize divides each row of x (N, D) by its norm (N), or by 1e-12 if that is
// larger, as PyTorch's normalize does.
func (p *Pool) L2Normalize(y, norm, x []float32, d int) {
	check("L2Normalize", "x", len(x), len(norm)*d)
	check("L2Normalize", "y", len(y), len(x))
	p.normalize = normalizeTask{y: y, norm: norm, x: x, d: d}
	p.run(&p.normalize, ceil(len(norm), normalizeRows))
	p.normalize = normalizeTask{}
}

type normalizeTask struct {
	y, norm, x []float32
	d          int
}

func (t *normalizeTask) do(_, tile int) {
	lo, hi := span(tile, len(t.norm), normalizeRows)
	for i := lo; i < hi; i++ {
		y, x := t.y[i*t.d:][:t.d], t.x[i*t.d:][:t.d]
		t.norm[i] = max(1e-12, float32(math.Sqrt(float64(dot(x, x)))))
		scaleTo(y, x, 1/t.norm[i])
	}
}

// L2NormalizeGrad computes dx = (dy - y (y . dy)) / norm for each row.
func (p *Pool) L2NormalizeGrad(dx, y, norm, dy []float32, d int) {
	check("L2NormalizeGrad", "y", len(y), len(norm)*d)
	check("L2NormalizeGrad", "dy", len(dy), len(y))
	check("L2NormalizeGrad", "dx", len(dx), len(y))
	p.normalizeGrad = normalizeGradTask{dx: dx, y: y, norm: norm, dy: dy, d: d}
	p.run(&p.normalizeGrad, ceil(len(norm), normalizeRows))
	p.normalizeGrad = normalizeGradTask{}
}

type normalizeGradTask struct {
	dx, y, norm, dy []float32
	d               int
}

func (t *normalizeGradTask) do(_, tile int) {
	lo, hi := span(tile, len(t.norm), normalizeRows)
	for i := lo; i < hi; i++ {
		dx, y, dy := t.dx[i*t.d:][:t.d], t.y[i*t.d:][:t.d], t.dy[i*t.d:][:t.d]
		along := dot(y, dy)
		scaleTo(dx, dy, 1/t.norm[i])
		axpy(dx, -along/t.norm[i], y)
	}
}
