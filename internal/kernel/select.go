package kernel

// A Place says which token of each sequence is read, and what that token sees.
type Place struct {
	T      int     // tokens of a sequence
	At     int     // the token, where there are no IDs
	IDs    []int32 // (N, T): the token is the end of the text
	EOT    int32   // the id of the end of a text; 0 means the largest of the text
	Causal bool    // the token sees none behind it
}

// check panics if a place does not fit n sequences.
func (p Place) check(kernel string, n int) {
	if p.IDs != nil {
		check(kernel, "ids", len(p.IDs), n*p.T)
	}
}

// row is the token of sequence n.
func (p Place) row(n int) int {
	if p.IDs == nil {
		return p.At
	}
	return EndOfText(p.IDs[n*p.T:][:p.T], p.EOT)
}

// seen is the number of tokens of sequence n that its token sees.
func (p Place) seen(n int) int {
	if p.Causal {
		return p.row(n) + 1
	}
	return p.T
}

// EndOfText is the place of the end of a text: the first that is eot, or 0 where none
// is. Eot 0 means the largest id of the text.
func EndOfText(ids []int32, eot int32) (best int) {
	for i, id := range ids {
		if eot != 0 && id == eot {
			return i
		}
		if eot == 0 && id > ids[best] {
			best = i
		}
	}
	return best
}

// SelectToken copies the row of one token of each sequence: x (N*T, D), y (N, D).
func (p *Pool) SelectToken(y, x []float32, at Place, n, d int) {
	check("SelectToken", "y", len(y), n*d)
	check("SelectToken", "x", len(x), n*at.T*d)
	at.check("SelectToken", n)
	p.selection = selectTask{y, x, at, d}
	p.run(&p.selection, n)
	p.selection = selectTask{}
}

type selectTask struct {
	y, x []float32
	Place
	d int
}

func (s *selectTask) do(_, n int) {
	copy(s.y[n*s.d:][:s.d], s.x[(n*s.T+s.row(n))*s.d:])
}

// SelectTokenGrad computes the gradient of SelectToken by x: 0 in all other rows.
func (p *Pool) SelectTokenGrad(dx, dy []float32, at Place, n, d int) {
	check("SelectTokenGrad", "dy", len(dy), n*d)
	check("SelectTokenGrad", "dx", len(dx), n*at.T*d)
	at.check("SelectTokenGrad", n)
	p.selectionGrad = selectGradTask{dx, dy, at, d}
	p.run(&p.selectionGrad, n)
	p.selectionGrad = selectGradTask{}
}

type selectGradTask struct {
	dx, dy []float32
	Place
	d int
}

func (s *selectGradTask) do(_, n int) {
	dx := s.dx[n*s.T*s.d:][:s.T*s.d]
	clear(dx)
	copy(dx[s.row(n)*s.d:][:s.d], s.dy[n*s.d:])
}

// AverageTokens computes the mean of the T rows of each sequence, the first skip apart:
// x (N*T, D), y (N, D).
func (p *Pool) AverageTokens(y, x []float32, n, t, skip, d int) {
	checkAverage("AverageTokens", y, x, n, t, skip, d)
	p.averageTokens = averageTokensTask{y, x, t, skip, d}
	p.run(&p.averageTokens, n)
	p.averageTokens = averageTokensTask{}
}

type averageTokensTask struct {
	y, x       []float32
	t, skip, d int
}

func (a *averageTokensTask) do(_, n int) {
	y, x := a.y[n*a.d:][:a.d], a.x[n*a.t*a.d:][:a.t*a.d]
	clear(y)
	for i := a.skip; i < a.t; i++ {
		add(y, y, x[i*a.d:][:a.d])
	}
	scaleTo(y, y, 1/float32(a.t-a.skip))
}

// AverageTokensGrad computes the gradient of AverageTokens by x.
func (p *Pool) AverageTokensGrad(dx, dy []float32, n, t, skip, d int) {
	checkAverage("AverageTokensGrad", dy, dx, n, t, skip, d)
	p.averageTokensGrad = averageTokensGradTask{dx, dy, t, skip, d}
	p.run(&p.averageTokensGrad, n)
	p.averageTokensGrad = averageTokensGradTask{}
}

type averageTokensGradTask struct {
	dx, dy     []float32
	t, skip, d int
}

func (a *averageTokensGradTask) do(_, n int) {
	dx, dy := a.dx[n*a.t*a.d:][:a.t*a.d], a.dy[n*a.d:][:a.d]
	clear(dx[:a.skip*a.d])
	for i := a.skip; i < a.t; i++ {
		scaleTo(dx[i*a.d:][:a.d], dy, 1/float32(a.t-a.skip))
	}
}

func checkAverage(kernel string, y, x []float32, n, t, skip, d int) {
	check(kernel, "y", len(y), n*d)
	check(kernel, "x", len(x), n*t*d)
	if skip < 0 || skip >= t {
		check(kernel, "what is averaged", 0, t-skip)
	}
}
