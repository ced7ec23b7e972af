package kernel

type embedTask struct {
	y, table, position []float32 // gradients of each in the backward pass
	ids                []int32
	t, d               int
	mode               embedMode
}

type embedMode int

const (
	embedForward embedMode = iota
	embedClear
	embedGrad
)

// embedColumns is the width of a tile of the gradient: all additions to one
// element are made by one thread, in the order of the tokens.
const embedColumns = 32

// Embed looks up token embeddings and adds those of their positions:
//
//	y[n, t] = table[ids[n, t]] + position[t]
//
// ids (N, T), table (V, D), position (at least T, D), y (N*T, D). An id outside
// of the table panics.
func (p *Pool) Embed(y, table, position []float32, ids []int32, t, d int) {
	checkEmbed("Embed", y, table, position, ids, t, d)
	p.embed = embedTask{y: y, table: table, position: position, ids: ids, t: t, d: d}
	p.run(&p.embed, ceil(len(ids), 256))
	p.embed = embedTask{}
}

// EmbedGrad computes the gradients of Embed by the table and the positions.
// Rows that no token used are 0.
func (p *Pool) EmbedGrad(dtable, dposition, dy []float32, ids []int32, t, d int) {
	checkEmbed("EmbedGrad", dy, dtable, dposition, ids, t, d)
	p.embed = embedTask{y: dy, table: dtable, position: dposition, ids: ids, t: t, d: d, mode: embedClear}
	p.run(&p.embed, ceil(len(dtable), elementTile))
	clear(dposition)
	p.embed.mode = embedGrad
	p.run(&p.embed, ceil(d, embedColumns))
	p.embed = embedTask{}
}

func checkEmbed(kernel string, y, table, position []float32, ids []int32, t, d int) {
	check(kernel, "y", len(y), len(ids)*d)
	check(kernel, "ids", len(ids), len(ids)/t*t)
	check(kernel, "table", len(table), len(table)/d*d)
	if len(position) < t*d {
		check(kernel, "position", len(position), t*d)
	}
}

func (e *embedTask) do(_, tile int) {
	d := e.d
	switch e.mode {
	case embedForward:
		lo, hi := span(tile, len(e.ids), 256)
		for i := lo; i < hi; i++ {
			add(e.y[i*d:][:d], e.table[int(e.ids[i])*d:][:d], e.position[i%e.t*d:][:d])
		}
	case embedClear:
		lo, hi := span(tile, len(e.table), elementTile)
		clear(e.table[lo:hi])
	case embedGrad:
		lo, hi := span(tile, d, embedColumns)
		for i, id := range e.ids {
			dy := e.y[i*d+lo : i*d+hi]
			row := e.table[int(id)*d+lo : int(id)*d+hi]
			add(row, row, dy)
			place := e.position[i%e.t*d+lo : i%e.t*d+hi]
			add(place, place, dy)
		}
	}
}

// ArgmaxIDs writes to rows (N) the first place of the largest id of each row of
// ids (N, T): the end of the text, whose token has the largest id.
func (p *Pool) ArgmaxIDs(rows, ids []int32, t int) {
	check("ArgmaxIDs", "ids", len(ids), len(rows)*t)
	for n := range rows {
		best := 0
		row := ids[n*t:][:t]
		for i, id := range row {
			if id > row[best] {
				best = i
			}
		}
		rows[n] = int32(best)
	}
}

type tokenTask struct {
	kind                  tokenKind
	y, x, class, position []float32
	rows                  []int32
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

// SelectRows copies row rows[n] of the T rows of each n: x (N*T, D), y (N, D).
// A nil rows stands for the first row of each.
func (p *Pool) SelectRows(y, x []float32, rows []int32, n, t, d int) {
	checkSelect("SelectRows", y, x, rows, n, t, d)
	p.tokens = tokenTask{kind: kindSelect, y: y, x: x, rows: rows, n: n, t: t, d: d}
	p.run(&p.tokens, n)
	p.tokens = tokenTask{}
}

// SelectRowsGrad computes the gradient of SelectRows by x: 0 except in the
// rows selected.
func (p *Pool) SelectRowsGrad(dx, dy []float32, rows []int32, n, t, d int) {
	checkSelect("SelectRowsGrad", dy, dx, rows, n, t, d)
	p.tokens = tokenTask{kind: kindSelectGrad, y: dy, x: dx, rows: rows, n: n, t: t, d: d}
	p.run(&p.tokens, n)
	p.tokens = tokenTask{}
}

func checkSelect(kernel string, y, x []float32, rows []int32, n, t, d int) {
	check(kernel, "y", len(y), n*d)
	check(kernel, "x", len(x), n*t*d)
	if rows != nil {
		check(kernel, "rows", len(rows), n)
	}
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

func (k *tokenTask) row(n int) int {
	if k.rows == nil {
		return 0
	}
	return int(k.rows[n])
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
