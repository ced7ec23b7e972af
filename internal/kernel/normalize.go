package kernel

import "math"

type normalizeTask struct {
	y, norm, x, dy []float32
	d              int
}

// normalizeRows is the number of rows in a tile.
const normalizeRows = 64

// L2Normalize divides each row of x (N, D) by its norm (N), of which 1e-12 is
// the least, as in PyTorch's normalize.
func (p *Pool) L2Normalize(y, norm, x []float32, d int) {
	check("L2Normalize", "x", len(x), len(norm)*d)
	check("L2Normalize", "y", len(y), len(x))
	p.normalize = normalizeTask{y: y, norm: norm, x: x, d: d}
	p.run(&p.normalize, ceil(len(norm), normalizeRows))
	p.normalize = normalizeTask{}
}

// L2NormalizeGrad computes dx = (dy - y (y . dy)) / norm for each row.
func (p *Pool) L2NormalizeGrad(dx, y, norm, dy []float32, d int) {
	check("L2NormalizeGrad", "y", len(y), len(norm)*d)
	check("L2NormalizeGrad", "dy", len(dy), len(y))
	check("L2NormalizeGrad", "dx", len(dx), len(y))
	p.normalize = normalizeTask{y: y, norm: norm, x: dx, dy: dy, d: d}
	p.run(&p.normalize, ceil(len(norm), normalizeRows))
	p.normalize = normalizeTask{}
}

func (t *normalizeTask) do(_, tile int) {
	lo, hi := span(tile, len(t.norm), normalizeRows)
	for i := lo; i < hi; i++ {
		y, x := t.y[i*t.d:][:t.d], t.x[i*t.d:][:t.d]
		if t.dy == nil {
			t.norm[i] = max(1e-12, float32(math.Sqrt(float64(dot(x, x)))))
			scaleTo(y, x, 1/t.norm[i])
			continue
		}
		dy := t.dy[i*t.d:][:t.d]
		along := dot(y, dy)
		scaleTo(x, dy, 1/t.norm[i])
		axpy(x, -along/t.norm[i], y)
	}
}
