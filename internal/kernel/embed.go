package kernel

// embedTokens is the tokens of a tile.
const embedTokens = 256

// Embed looks up token embeddings and adds the embeddings of their positions:
//
//	y[n, t] = table[ids[n, t]] + position[t]
//
// ids (N, T), table (V, D), position (at least T, D), y (N*T, D). An id outside
// of the table panics.
func (p *Pool) Embed(y, table, position []float32, ids []int32, t, d int) {
	checkEmbed("Embed", y, table, position, ids, t, d)
	p.embed = embedTask{y: y, table: table, position: position, ids: ids, t: t, d: d}
	p.run(&p.embed, ceil(len(ids), embedTokens))
	p.embed = embedTask{}
}

type embedTask struct {
	y, table, position []float32
	ids                []int32
	t, d               int
}

func (e *embedTask) do(_, tile int) {
	lo, hi := span(tile, len(e.ids), embedTokens)
	for i := lo; i < hi; i++ {
		add(e.y[i*e.d:][:e.d], e.table[int(e.ids[i])*e.d:][:e.d], e.position[i%e.t*e.d:][:e.d])
	}
}

// embedColumns is the width of a tile of the gradient: all additions to one
// element are made by one thread, in the order of the tokens.
const embedColumns = 32

// EmbedGrad computes the gradients of Embed by the table and the positions.
// Rows that no token used are 0. A nil dtable is left out.
func (p *Pool) EmbedGrad(dtable, dposition, dy []float32, ids []int32, t, d int) {
	checkEmbed("EmbedGrad", dy, dtable, dposition, ids, t, d)
	if dtable != nil {
		p.clear = clearTask{dtable}
		p.run(&p.clear, ceil(len(dtable), elementTile))
		p.clear = clearTask{}
	}
	clear(dposition)
	p.embedGrad = embedGradTask{dtable: dtable, dposition: dposition, dy: dy, ids: ids, t: t, d: d}
	p.run(&p.embedGrad, ceil(d, embedColumns))
	p.embedGrad = embedGradTask{}
}

type embedGradTask struct {
	dtable, dposition, dy []float32
	ids                   []int32
	t, d                  int
}

func (e *embedGradTask) do(_, tile int) {
	lo, hi := span(tile, e.d, embedColumns)
	for i, id := range e.ids {
		dy := e.dy[i*e.d+lo : i*e.d+hi]
		if e.dtable != nil {
			row := e.dtable[int(id)*e.d+lo : int(id)*e.d+hi]
			add(row, row, dy)
		}
		place := e.dposition[i%e.t*e.d+lo : i%e.t*e.d+hi]
		add(place, place, dy)
	}
}

// clearTask makes all elements 0: a table is large.
type clearTask struct{ x []float32 }

func (t *clearTask) do(_, tile int) {
	lo, hi := span(tile, len(t.x), elementTile)
	clear(t.x[lo:hi])
}

func checkEmbed(kernel string, y, table, position []float32, ids []int32, t, d int) {
	check(kernel, "y", len(y), len(ids)*d)
	check(kernel, "ids", len(ids), len(ids)/t*t)
	check(kernel, "table", len(table), len(table)/d*d)
	if len(position) < t*d {
		check(kernel, "position", len(position), t*d)
	}
}
