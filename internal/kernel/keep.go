package kernel

// KeepTokens copies some of the T rows of each sequence, x (N*T, D), whose numbers are
// ids (N, K), to y (N*K, D). An id outside of 0 to T-1 is the caller's to prevent.
func (p *Pool) KeepTokens(y, x []float32, ids []int32, n, t, d int) {
	checkKeep("KeepTokens", y, x, ids, n, t, d)
	p.keep = keepTask{y, x, ids, len(ids) / n, t, d}
	p.run(&p.keep, n)
	p.keep = keepTask{}
}

type keepTask struct {
	y, x    []float32
	ids     []int32
	k, t, d int
}

func (a *keepTask) do(_, n int) {
	for i, id := range a.ids[n*a.k:][:a.k] {
		copy(a.y[(n*a.k+i)*a.d:][:a.d], a.x[(n*a.t+int(id))*a.d:])
	}
}

// KeepTokensGrad computes the gradient of KeepTokens by x: 0 in the rows that are not
// kept.
func (p *Pool) KeepTokensGrad(dx, dy []float32, ids []int32, n, t, d int) {
	checkKeep("KeepTokensGrad", dy, dx, ids, n, t, d)
	p.keepGrad = keepGradTask{dx, dy, ids, len(ids) / n, t, d}
	p.run(&p.keepGrad, n)
	p.keepGrad = keepGradTask{}
}

type keepGradTask struct {
	dx, dy  []float32
	ids     []int32
	k, t, d int
}

func (a *keepGradTask) do(_, n int) {
	clear(a.dx[n*a.t*a.d:][:a.t*a.d])
	for i, id := range a.ids[n*a.k:][:a.k] {
		dx := a.dx[(n*a.t+int(id))*a.d:][:a.d]
		add(dx, dx, a.dy[(n*a.k+i)*a.d:][:a.d])
	}
}

func checkKeep(kernel string, y, x []float32, ids []int32, n, t, d int) {
	check(kernel, "x", len(x), n*t*d)
	check(kernel, "y", len(y), len(ids)*d)
	check(kernel, "ids", len(ids)%n, 0)
}
