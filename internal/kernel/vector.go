package kernel

import "math"

// expSumGo writes dst = exp(scale x + shift) and returns the sum. It may be in place.
func expSumGo(dst, x []float32, scale, shift float32) (sum float32) {
	for i, v := range x {
		dst[i] = float32(math.Exp(float64(float32(scale*v) + shift))) // rounded twice, as in contrastRowGo
		sum += dst[i]
	}
	return sum
}

// Softmax replaces the logits x of one row by their probabilities times scale,
//
//	x_j = scale exp(x_j - lse), lse = ln sum_j exp(x_j)
//
// and returns lse. A NaN among them makes all NaN.
func Softmax(x []float32, scale float32) (lse float64) {
	top := largest(x)
	sum := expSum(x, x, 1, -top)
	scaleTo(x, x, scale/sum)
	return float64(top) + math.Log(float64(sum))
}

func largestGo(x []float32) float32 {
	m := float32(math.Inf(-1))
	for _, v := range x {
		m = max(m, v)
	}
	return m
}

func dotGo(x, y []float32) (sum float32) {
	for i, v := range x {
		sum += v * y[i]
	}
	return sum
}

func addGo(z, x, y []float32) {
	for i := range z {
		z[i] = x[i] + y[i]
	}
}

// scaleGo writes y = s x. It may be in place.
func scaleGo(y, x []float32, s float32) {
	for i := range y {
		y[i] = s * x[i]
	}
}

// axpyGo adds a x to y.
func axpyGo(y []float32, a float32, x []float32) {
	for i := range y {
		y[i] += a * x[i]
	}
}

// elementTile is the elements of a tile: three slices of them stay in the L2 cache.
const elementTile = 1 << 14

// Add computes z = x + y. Z may be x or y.
func (p *Pool) Add(z, x, y []float32) {
	check("Add", "x", len(x), len(z))
	check("Add", "y", len(y), len(z))
	p.add = addTask{z, x, y}
	p.run(&p.add, ceil(len(z), elementTile))
	p.add = addTask{}
}

type addTask struct{ z, x, y []float32 }

func (t *addTask) do(_, tile int) {
	lo, hi := span(tile, len(t.z), elementTile)
	add(t.z[lo:hi], t.x[lo:hi], t.y[lo:hi])
}

// Scale computes y = s x. Y may be x.
func (p *Pool) Scale(y, x []float32, s float32) {
	check("Scale", "x", len(x), len(y))
	p.scale = scaleTask{y, x, s}
	p.run(&p.scale, ceil(len(y), elementTile))
	p.scale = scaleTask{}
}

type scaleTask struct {
	y, x []float32
	s    float32
}

func (t *scaleTask) do(_, tile int) {
	lo, hi := span(tile, len(t.y), elementTile)
	scaleTo(t.y[lo:hi], t.x[lo:hi], t.s)
}

// Average computes y = d y + (1-d) x.
func (p *Pool) Average(y, x []float32, d float32) {
	check("Average", "x", len(x), len(y))
	p.average = averageTask{y, x, d}
	p.run(&p.average, ceil(len(y), elementTile))
	p.average = averageTask{}
}

type averageTask struct {
	y, x []float32
	d    float32
}

func (t *averageTask) do(_, tile int) {
	lo, hi := span(tile, len(t.y), elementTile)
	scaleTo(t.y[lo:hi], t.y[lo:hi], t.d)
	axpy(t.y[lo:hi], 1-t.d, t.x[lo:hi])
}

// SumSquares returns the sum of the squares of x.
func (p *Pool) SumSquares(x []float32) (sum float64) {
	t := &p.sumSquares
	if t.sums == nil {
		t.sums = make([]float64, blocks)
	}
	t.x = x
	p.run(t, blocks)
	t.x = nil
	for _, v := range t.sums {
		sum += v
	}
	return sum
}

type sumSquaresTask struct {
	x    []float32
	sums []float64
}

func (t *sumSquaresTask) do(_, tile int) {
	lo, hi := span(tile, len(t.x), len(t.x)/len(t.sums)+1)
	var sum float64
	for ; lo < hi; lo += 256 { // short float32 sums, so that 1e8 elements lose no digits
		part := t.x[lo:min(hi, lo+256)]
		sum += float64(dot(part, part))
	}
	t.sums[tile] = sum
}
