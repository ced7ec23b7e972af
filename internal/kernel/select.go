package kernel

// SelectFirst copies the first of the T rows of each n: x (N*T, D), y (N, D).
func (p *Pool) SelectFirst(y, x []float32, n, t, d int) {
	p.selectRows(y, x, nil, n, t, d)
}

// SelectLargest copies, of the T rows of each n, the first that has the largest
// id: x (N*T, D), ids (N, T), y (N, D). The end of a text has the largest id.
func (p *Pool) SelectLargest(y, x []float32, ids []int32, n, t, d int) {
	check("SelectLargest", "ids", len(ids), n*t)
	p.selectRows(y, x, ids, n, t, d)
}

func (p *Pool) selectRows(y, x []float32, ids []int32, n, t, d int) {
	check("selectRows", "y", len(y), n*d)
	check("selectRows", "x", len(x), n*t*d)
	p.selection = selectTask{y, x, place{ids, t}, d}
	p.run(&p.selection, n)
	p.selection = selectTask{}
}

type selectTask struct {
	y, x []float32
	place
	d int
}

func (s *selectTask) do(_, n int) {
	copy(s.y[n*s.d:][:s.d], s.x[(n*s.t+s.row(n))*s.d:])
}

// SelectFirstGrad computes the gradient of SelectFirst by x: 0 in all other rows.
func (p *Pool) SelectFirstGrad(dx, dy []float32, n, t, d int) {
	p.selectRowsGrad(dx, dy, nil, n, t, d)
}

// SelectLargestGrad computes the gradient of SelectLargest by x.
func (p *Pool) SelectLargestGrad(dx, dy []float32, ids []int32, n, t, d int) {
	check("SelectLargestGrad", "ids", len(ids), n*t)
	p.selectRowsGrad(dx, dy, ids, n, t, d)
}

func (p *Pool) selectRowsGrad(dx, dy []float32, ids []int32, n, t, d int) {
	check("selectRowsGrad", "dy", len(dy), n*d)
	check("selectRowsGrad", "dx", len(dx), n*t*d)
	p.selectionGrad = selectGradTask{dx, dy, place{ids, t}, d}
	p.run(&p.selectionGrad, n)
	p.selectionGrad = selectGradTask{}
}

type selectGradTask struct {
	dx, dy []float32
	place
	d int
}

func (s *selectGradTask) do(_, n int) {
	dx := s.dx[n*s.t*s.d:][:s.t*s.d]
	clear(dx)
	copy(dx[s.row(n)*s.d:][:s.d], s.dy[n*s.d:])
}

// A place finds the token of a sequence that is read: the end of a text of ids
// (N, t), or without ids the first.
type place struct {
	ids []int32
	t   int
}

// row is the token of sequence n.
func (p place) row(n int) int {
	if p.ids == nil {
		return 0
	}
	return EndOfText(p.ids[n*p.t:][:p.t])
}

// seen is the number of tokens of sequence n that its token sees: a text's end sees
// none behind it, the first of an image sees all.
func (p place) seen(n int) int {
	if p.ids == nil {
		return p.t
	}
	return p.row(n) + 1
}

// EndOfText is the place of the end of a text: the first of the largest ids.
func EndOfText(ids []int32) (best int) {
	for i, id := range ids {
		if id > ids[best] {
			best = i
		}
	}
	return best
}
