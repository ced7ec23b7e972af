package kernel

type pooledTask struct {
	p              *Pool
	kind           pooledKind
	o, probs, u, z []float32 // z is dz, and o is do, in the gradient
	du, rows       []float32 // nil in the forward pass
	y, x, bias     []float32
	ids            []int32
	heads, t, d    int
	scale          float32
}

type pooledKind int

const (
	kindPooled pooledKind = iota
	kindPooledGrad
	kindSpread
	kindGather
	kindAddRows
)

// PooledAttention lets the queries of one token of each sequence, one for each
// head, attend to rows that are keys and values at once:
//
//	probs = softmax(scale u zᵀ), o = probs z
//
// u (N*H, D), z (N*T, D), probs (N*H, T), o (N*H, D). With ids (N, T), a query
// is that of the first token that has the largest id, and sees none behind it;
// without, it sees all.
func (p *Pool) PooledAttention(o, probs, u, z []float32, ids []int32, n, t, heads int, scale float32) {
	d := len(z) / max(1, n*t)
	checkPooled("PooledAttention", o, probs, u, z, ids, n, t, heads, d)
	p.pooled = pooledTask{p: p, kind: kindPooled, o: o, probs: probs, u: u, z: z, ids: ids, heads: heads, t: t, d: d, scale: scale}
	p.run(&p.pooled, n)
	p.pooled = pooledTask{}
}

// PooledAttentionGrad computes the gradients of PooledAttention by u and z:
//
//	dp = do zᵀ, ds = probs (dp - sum probs dp) scale, du = ds z, dz = probsᵀ do + dsᵀ u
func (p *Pool) PooledAttentionGrad(du, dz, do, probs, u, z []float32, ids []int32, n, t, heads int, scale float32) {
	d := len(z) / max(1, n*t)
	checkPooled("PooledAttentionGrad", do, probs, u, z, ids, n, t, heads, d)
	check("PooledAttentionGrad", "du", len(du), len(u))
	check("PooledAttentionGrad", "dz", len(dz), len(z))
	p.pooled = pooledTask{p: p, kind: kindPooledGrad, o: do, probs: probs, u: u, z: dz, du: du, rows: z, ids: ids, heads: heads, t: t, d: d, scale: scale}
	p.run(&p.pooled, n)
	p.pooled = pooledTask{}
}

func checkPooled(kernel string, o, probs, u, z []float32, ids []int32, n, t, heads, d int) {
	check(kernel, "z", len(z), n*t*d)
	check(kernel, "u", len(u), n*heads*d)
	check(kernel, "o", len(o), n*heads*d)
	check(kernel, "probs", len(probs), n*heads*t)
	if ids != nil {
		check(kernel, "ids", len(ids), n*t)
	}
}

// SpreadHeads makes of each row of x (N, D) one row for each head, which holds
// the channels of that head and 0 in the others: y (N*H, D).
func (p *Pool) SpreadHeads(y, x []float32, n, heads int) { p.spread(kindSpread, y, x, nil, n, heads) }

// GatherHeads takes from each row of y (N*H, D) the channels of its head, and
// adds the bias (D) unless that is nil: x (N, D).
func (p *Pool) GatherHeads(x, y, bias []float32, n, heads int) {
	p.spread(kindGather, y, x, bias, n, heads)
}

func (p *Pool) spread(kind pooledKind, y, x, bias []float32, n, heads int) {
	d := len(x) / max(1, n)
	check("spread", "x", len(x), n*d)
	check("spread", "x's width", d, d/heads*heads)
	check("spread", "y", len(y), heads*len(x))
	p.pooled = pooledTask{kind: kind, y: y, x: x, bias: bias, heads: heads, d: d}
	p.run(&p.pooled, n)
	p.pooled = pooledTask{}
}

// AddRows adds y (N, D) to those rows of x (N*T, D) that SelectLargest takes,
// or, without ids, SelectFirst.
func (p *Pool) AddRows(x, y []float32, ids []int32, n, t int) {
	d := len(y) / max(1, n)
	check("AddRows", "y", len(y), n*d)
	check("AddRows", "x", len(x), t*len(y))
	p.pooled = pooledTask{kind: kindAddRows, y: y, x: x, ids: ids, t: t, d: d}
	p.run(&p.pooled, n)
	p.pooled = pooledTask{}
}

func (k *pooledTask) do(worker, n int) {
	d := k.d
	switch k.kind {
	case kindPooled:
		k.forward(n)
	case kindPooledGrad:
		k.backward(worker, n)
	case kindSpread:
		y, x := k.y[n*k.heads*d:][:k.heads*d], k.x[n*d:][:d]
		clear(y)
		for lo, h := 0, 0; lo < d; lo, h = lo+d/k.heads, h+1 {
			copy(y[h*d+lo:][:d/k.heads], x[lo:])
		}
	case kindGather:
		y, x := k.y[n*k.heads*d:], k.x[n*d:][:d]
		for lo, h := 0, 0; lo < d; lo, h = lo+d/k.heads, h+1 {
			copy(x[lo:][:d/k.heads], y[h*d+lo:])
		}
		if k.bias != nil {
			add(x, x, k.bias)
		}
	case kindAddRows:
		x := k.x[(n*k.t+k.row(n))*d:][:d]
		add(x, x, k.y[n*d:][:d])
	}
}

// row is the place of the token of sequence n.
func (k *pooledTask) row(n int) int {
	if k.ids == nil {
		return 0
	}
	return EndOfText(k.ids[n*k.t:][:k.t])
}

// seen is the number of rows of sequence n that its token sees.
func (k *pooledTask) seen(n int) int {
	if k.ids == nil {
		return k.t
	}
	return k.row(n) + 1
}

func (k *pooledTask) forward(n int) {
	seen, d := k.seen(n), k.d
	z := k.z[n*k.t*d:]
	for head := n * k.heads; head < (n+1)*k.heads; head++ {
		u, o, probs := k.u[head*d:][:d], k.o[head*d:][:d], k.probs[head*k.t:][:k.t]
		row := probs[:seen]
		for j := range row {
			row[j] = dot(u, z[j*d:][:d])
		}
		sum := expSum(row, row, k.scale, -k.scale*largest(row))
		scaleTo(row, row, 1/sum)
		clear(probs[seen:])
		clear(o)
		for j, v := range row {
			axpy(o, v, z[j*d:][:d])
		}
	}
}

func (k *pooledTask) backward(worker, n int) {
	seen, d := k.seen(n), k.d
	z, dz := k.rows[n*k.t*d:], k.z[n*k.t*d:][:k.t*d]
	clear(dz)
	ds := k.p.workerScratch(worker, seen)
	for head := n * k.heads; head < (n+1)*k.heads; head++ {
		u, du, do, probs := k.u[head*d:][:d], k.du[head*d:][:d], k.o[head*d:][:d], k.probs[head*k.t:][:seen]
		for j := range ds {
			ds[j] = dot(do, z[j*d:][:d])
		}
		delta := dot(probs, ds)
		clear(du)
		for j, p := range probs {
			s := p * (ds[j] - delta) * k.scale
			axpy(du, s, z[j*d:][:d])
			axpy(dz[j*d:][:d], p, do)
			axpy(dz[j*d:][:d], s, u)
		}
	}
}
