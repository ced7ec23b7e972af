package kernel

type tokenTask struct {
	kind                  tokenKind
	y, x, class, position []float32
	ids                   []int32
	n, t, d               int
}

type tokenKind int

const (
	kindAssemble tokenKind = iota
	kindAssembleGrad
	kindSelect
	kindSelectGrad
)

// Assemble puts the class token before the patches of each image and adds the
// position embeddings:
//
//	y[n, 0] = class + position[0], y[n, 1+i] = patches[n, i] + position[1+i]
//
// patches (N*(T-1), D), class (D), position (T, D), y (N*T, D).
func (p *Pool) Assemble(y, patches, class, position []float32, n, t int) {
	d := len(class)
	checkAssemble("Assemble", y, patches, position, n, t, d)
	p.tokens = tokenTask{kind: kindAssemble, y: y, x: patches, class: class, position: position, n: n, t: t, d: d}
	p.run(&p.tokens, n)
	p.tokens = tokenTask{}
}

// AssembleGrad computes the gradients of Assemble.
func (p *Pool) AssembleGrad(dpatches, dclass, dposition, dy []float32, n, t int) {
	d := len(dclass)
	checkAssemble("AssembleGrad", dy, dpatches, dposition, n, t, d)
	p.tokens = tokenTask{kind: kindAssembleGrad, y: dy, x: dpatches, class: dclass, position: dposition, n: n, t: t, d: d}
	p.run(&p.tokens, t)
	p.tokens = tokenTask{}
	copy(dclass, dposition[:d])
}

func checkAssemble(kernel string, y, patches, position []float32, n, t, d int) {
	check(kernel, "y", len(y), n*t*d)
	check(kernel, "patches", len(patches), n*(t-1)*d)
	check(kernel, "position", len(position), t*d)
}

// SelectFirst copies the first of the T rows of each n: x (N*T, D), y (N, D).
func (p *Pool) SelectFirst(y, x []float32, n, t, d int) {
	p.selectRows(kindSelect, y, x, nil, n, t, d)
}

// SelectFirstGrad computes the gradient of SelectFirst by x: 0 in all other rows.
func (p *Pool) SelectFirstGrad(dx, dy []float32, n, t, d int) {
	p.selectRows(kindSelectGrad, dy, dx, nil, n, t, d)
}

// SelectLargest copies, of the T rows of each n, the first that has the largest
// id: x (N*T, D), ids (N, T), y (N, D). The end of a text has the largest id.
func (p *Pool) SelectLargest(y, x []float32, ids []int32, n, t, d int) {
	check("SelectLargest", "ids", len(ids), n*t)
	p.selectRows(kindSelect, y, x, ids, n, t, d)
}

// SelectLargestGrad computes the gradient of SelectLargest by x.
func (p *Pool) SelectLargestGrad(dx, dy []float32, ids []int32, n, t, d int) {
	check("SelectLargestGrad", "ids", len(ids), n*t)
	p.selectRows(kindSelectGrad, dy, dx, ids, n, t, d)
}

func (p *Pool) selectRows(kind tokenKind, y, x []float32, ids []int32, n, t, d int) {
	check("selectRows", "y", len(y), n*d)
	check("selectRows", "x", len(x), n*t*d)
	p.tokens = tokenTask{kind: kind, y: y, x: x, ids: ids, n: n, t: t, d: d}
	p.run(&p.tokens, n)
	p.tokens = tokenTask{}
}

func (k *tokenTask) do(_, tile int) {
	t, d := k.t, k.d
	switch k.kind {
	case kindAssemble:
		y, x := k.y[tile*t*d:][:t*d], k.x[tile*(t-1)*d:][:(t-1)*d]
		add(y[:d], k.class, k.position[:d])
		add(y[d:], x, k.position[d:])
	case kindAssembleGrad: // tile is a token: its position's gradient, and its patch's
		sum := k.position[tile*d:][:d]
		clear(sum)
		for n := range k.n {
			dy := k.y[(n*t+tile)*d:][:d]
			add(sum, sum, dy)
			if tile > 0 {
				copy(k.x[(n*(t-1)+tile-1)*d:][:d], dy)
			}
		}
	case kindSelect:
		copy(k.y[tile*d:][:d], k.x[(tile*t+k.row(tile))*d:])
	case kindSelectGrad:
		dx := k.x[tile*t*d:][:t*d]
		clear(dx)
		copy(dx[k.row(tile)*d:][:d], k.y[tile*d:])
	}
}

// row is the place of the first largest id of text n, or 0 without ids.
func (k *tokenTask) row(n int) int {
	if k.ids == nil {
		return 0
	}
	return EndOfText(k.ids[n*k.t:][:k.t])
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

type unfoldTask struct {
	patches, images []float32
	side, patch     int
}

// Unfold cuts images (N, 3, S, S) into patches (N*(S/P)², 3*P*P), in rows from
// the top left; the elements of a patch are ordered by channel, row, column, as
// the kernel of a convolution is.
func (p *Pool) Unfold(patches, images []float32, n, side, patch int) {
	check("Unfold", "images", len(images), n*3*side*side)
	check("Unfold", "patches", len(patches), len(images))
	check("Unfold", "a side", side, side/patch*patch)
	p.unfold = unfoldTask{patches, images, side, patch}
	p.run(&p.unfold, n)
	p.unfold = unfoldTask{}
}

func (u *unfoldTask) do(_, tile int) {
	s, p := u.side, u.patch
	grid, size := s/p, 3*s*s
	dst, src := u.patches[tile*size:][:size], u.images[tile*size:][:size]
	for gy := range grid {
		for gx := range grid {
			for c := range 3 {
				for y := range p {
					copy(dst[:p], src[(c*s+gy*p+y)*s+gx*p:])
					dst = dst[p:]
				}
			}
		}
	}
}
