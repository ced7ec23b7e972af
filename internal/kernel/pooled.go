package kernel

// PooledAttention lets the queries of one token of each sequence, one for each
// head, attend to rows that are keys and values at once:
//
//	probs = softmax(scale u zᵀ), o = probs z
//
// u (N*H, D), z (N*T, D), probs (N*H, T), o (N*H, D). With ids (N, T), the token is
// the first that has the largest id, and sees none behind it; without, it is the
// first and sees all.
func (p *Pool) PooledAttention(o, probs, u, z []float32, ids []int32, n, t, heads int, scale float32) {
	d := len(z) / max(1, n*t)
	checkPooled("PooledAttention", o, probs, u, z, ids, n, t, heads, d)
	p.pooled = pooledTask{o, probs, u, z, place{ids, t}, heads, d, scale}
	p.run(&p.pooled, n)
	p.pooled = pooledTask{}
}

type pooledTask struct {
	o, probs, u, z []float32
	place
	heads, d int
	scale    float32
}

func (k *pooledTask) do(_, n int) {
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

// PooledAttentionGrad computes the gradients of PooledAttention by u and z:
//
//	dp = do zᵀ, ds = probs (dp - sum probs dp) scale, du = ds z, dz = probsᵀ do + dsᵀ u
func (p *Pool) PooledAttentionGrad(du, dz, do, probs, u, z []float32, ids []int32, n, t, heads int, scale float32) {
	d := len(z) / max(1, n*t)
	checkPooled("PooledAttentionGrad", do, probs, u, z, ids, n, t, heads, d)
	check("PooledAttentionGrad", "du", len(du), len(u))
	check("PooledAttentionGrad", "dz", len(dz), len(z))
	p.pooledGrad = pooledGradTask{p, du, dz, do, probs, u, z, place{ids, t}, heads, d, scale}
	p.run(&p.pooledGrad, n)
	p.pooledGrad = pooledGradTask{}
}

type pooledGradTask struct {
	p                         *Pool
	du, dz, dout, probs, u, z []float32
	place
	heads, d int
	scale    float32
}

func (k *pooledGradTask) do(worker, n int) {
	seen, d := k.seen(n), k.d
	z, dz := k.z[n*k.t*d:], k.dz[n*k.t*d:][:k.t*d]
	clear(dz)
	ds := k.p.workerScratch(worker, seen)
	for head := n * k.heads; head < (n+1)*k.heads; head++ {
		u, du, do, probs := k.u[head*d:][:d], k.du[head*d:][:d], k.dout[head*d:][:d], k.probs[head*k.t:][:seen]
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
func (p *Pool) SpreadHeads(y, x []float32, n, heads int) {
	d := checkHeads("SpreadHeads", y, x, n, heads)
	p.spread = spreadTask{y, x, heads, d}
	p.run(&p.spread, n)
	p.spread = spreadTask{}
}

type spreadTask struct {
	y, x     []float32
	heads, d int
}

func (k *spreadTask) do(_, n int) {
	d, width := k.d, k.d/k.heads
	y, x := k.y[n*k.heads*d:][:k.heads*d], k.x[n*d:][:d]
	clear(y)
	for lo, h := 0, 0; lo < d; lo, h = lo+width, h+1 {
		copy(y[h*d+lo:][:width], x[lo:])
	}
}

// GatherHeads takes from each row of y (N*H, D) the channels of its head, and
// adds the bias (D) unless that is nil: x (N, D).
func (p *Pool) GatherHeads(x, y, bias []float32, n, heads int) {
	d := checkHeads("GatherHeads", y, x, n, heads)
	p.gather = gatherTask{x, y, bias, heads, d}
	p.run(&p.gather, n)
	p.gather = gatherTask{}
}

type gatherTask struct {
	x, y, bias []float32
	heads, d   int
}

func (k *gatherTask) do(_, n int) {
	d, width := k.d, k.d/k.heads
	y, x := k.y[n*k.heads*d:], k.x[n*d:][:d]
	for lo, h := 0, 0; lo < d; lo, h = lo+width, h+1 {
		copy(x[lo:][:width], y[h*d+lo:])
	}
	if k.bias != nil {
		add(x, x, k.bias)
	}
}

func checkHeads(kernel string, y, x []float32, n, heads int) (d int) {
	d = len(x) / max(1, n)
	check(kernel, "x", len(x), n*d)
	check(kernel, "x's width", d, d/heads*heads)
	check(kernel, "y", len(y), heads*len(x))
	return d
}

// AddRows adds y (N, D) to the rows of x (N*T, D) that SelectLargest takes or,
// without ids, SelectFirst.
func (p *Pool) AddRows(x, y []float32, ids []int32, n, t int) {
	d := len(y) / max(1, n)
	check("AddRows", "y", len(y), n*d)
	check("AddRows", "x", len(x), t*len(y))
	p.addRows = addRowsTask{x, y, place{ids, t}, d}
	p.run(&p.addRows, n)
	p.addRows = addRowsTask{}
}

type addRowsTask struct {
	x, y []float32
	place
	d int
}

func (k *addRowsTask) do(_, n int) {
	x := k.x[(n*k.t+k.row(n))*k.d:][:k.d]
	add(x, x, k.y[n*k.d:][:k.d])
}
