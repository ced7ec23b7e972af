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
