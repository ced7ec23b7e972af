package export

import (
	"math"
	"slices"
)

// The operations of ONNX that the graphs have, as its specification says them.

// broadcast applies f to elements, where sides of 1 and missing ones repeat.
func broadcast(a, b array, f func(a, b float64) float64) array {
	rank := max(len(a.shape), len(b.shape))
	pad := func(shape []int) []int {
		return append(slices.Repeat([]int{1}, rank-len(shape)), shape...)
	}
	sa, sb := pad(a.shape), pad(b.shape)
	shape := make([]int, rank)
	for i := range shape {
		shape[i] = max(sa[i], sb[i])
	}
	y := newArray(shape...)
	for i := range y.data {
		ia, ib, rest, stepA, stepB := 0, 0, i, 1, 1
		for d := rank - 1; d >= 0; d-- {
			at := rest % shape[d]
			rest /= shape[d]
			ia += at % sa[d] * stepA
			ib += at % sb[d] * stepB
			stepA, stepB = stepA*sa[d], stepB*sb[d]
		}
		y.data[i] = f(a.data[ia], b.data[ib])
	}
	return y
}

// matmul multiplies the last two sides; those before are b's, or 1, or a's if b has two.
func matmul(a, b array) array {
	m, k, n := a.shape[len(a.shape)-2], a.shape[len(a.shape)-1], b.shape[len(b.shape)-1]
	before := a.shape[:len(a.shape)-2]
	if len(b.shape) > 2 {
		before = slices.Clone(b.shape[:len(b.shape)-2])
	}
	y := newArray(append(slices.Clone(before), m, n)...)
	for at := 0; at*m*n < len(y.data); at++ {
		offsetA, offsetB := at*m*k%len(a.data), at*k*n%len(b.data)
		if len(a.shape) == 4 && a.shape[0] == 1 { // one query for all
			offsetA = at % a.shape[1] * m * k
		}
		for i := range m {
			for j := range n {
				sum := 0.
				for l := range k {
					sum += a.data[offsetA+i*k+l] * b.data[offsetB+l*n+j]
				}
				y.data[(at*m+i)*n+j] = sum
			}
		}
	}
	return y
}

// conv is a convolution whose kernels do not overlap.
func (n testNode) conv(in []array) array {
	x, w := in[0], in[1]
	batch, size, d, p := x.shape[0], x.shape[2], w.shape[0], int(n.attributes["strides"][0])
	side := (size-p)/p + 1
	y := newArray(batch, d, side, side)
	for i := range y.data {
		column, row, channel, item := i%side, i/side%side, i/side/side%d, i/side/side/d
		if len(in) > 2 {
			y.data[i] = in[2].data[channel]
		}
		for c := range 3 {
			for v := range p {
				for u := range p {
					y.data[i] += w.data[((channel*3+c)*p+v)*p+u] * x.data[((item*3+c)*size+row*p+v)*size+column*p+u]
				}
			}
		}
	}
	return y
}

func reshape(x, shape array) array {
	to, left, free := ints(shape), len(x.data), -1
	for i, d := range to {
		if d == 0 {
			to[i] = x.shape[i]
		}
		if d == -1 {
			free = i
		} else {
			left /= to[i]
		}
	}
	if free >= 0 {
		to[free] = left
	}
	return array{to, x.data}
}

func (n testNode) transpose(x array) array {
	order := n.attributes["perm"]
	shape, steps := make([]int, len(order)), make([]int, len(order))
	for i, from := range order {
		shape[i], steps[i] = x.shape[int(from)], 1
		for _, d := range x.shape[int(from)+1:] {
			steps[i] *= d
		}
	}
	y := newArray(shape...)
	for i := range y.data {
		from, rest := 0, i
		for d := len(shape) - 1; d >= 0; d-- {
			from += rest % shape[d] * steps[d]
			rest /= shape[d]
		}
		y.data[i] = x.data[from]
	}
	return y
}

// around is the product of the sides before and behind an axis.
func around(shape []int, axis int) (before, behind int) {
	before, behind = 1, 1
	for i, d := range shape {
		if i < axis {
			before *= d
		} else if i > axis {
			behind *= d
		}
	}
	return before, behind
}

func concat(in []array, axis int) array {
	shape := slices.Clone(in[0].shape)
	for _, a := range in[1:] {
		shape[axis] += a.shape[axis]
	}
	y := array{shape: shape}
	before, _ := around(shape, axis)
	for i := range before {
		for _, a := range in {
			n := len(a.data) / before
			y.data = append(y.data, a.data[i*n:][:n]...)
		}
	}
	return y
}

func slice(x array, from, to, axis int) array {
	to = min(to, x.shape[axis])
	indices := newArray(to - from)
	for i := range indices.data {
		indices.data[i] = float64(from + i)
	}
	return gather(x, indices, axis)
}

func gather(x, indices array, axis int) array {
	before, behind := around(x.shape, axis)
	y := array{shape: slices.Concat(x.shape[:axis], indices.shape, x.shape[axis+1:])}
	for b := range before {
		for _, i := range indices.data {
			y.data = append(y.data, x.data[(b*x.shape[axis]+int(i))*behind:][:behind]...)
		}
	}
	return y
}

// pick is GatherND of x (N, T, D) by indices (N, 1), batch by batch.
func pick(x, indices array) array {
	y, d := array{shape: []int{x.shape[0], x.shape[2]}}, x.shape[2]
	for i, at := range indices.data {
		y.data = append(y.data, x.data[(i*x.shape[1]+int(at))*d:][:d]...)
	}
	return y
}

// mean is that of x (N, T, D) over T.
func mean(x array) array {
	n, t, d := x.shape[0], x.shape[1], x.shape[2]
	y := newArray(n, d)
	for i, v := range x.data {
		y.data[i/(t*d)*d+i%d] += v / float64(t)
	}
	return y
}

// rows applies an operation to each row, the last side.
func (n testNode) rows(in []array) array {
	x, d := in[0], in[0].shape[len(in[0].shape)-1]
	y := newArray(x.shape...)
	if n.op == "ReduceL2" || n.op == "ArgMax" {
		y = newArray(append(slices.Clone(x.shape[:len(x.shape)-1]), 1)...)
	}
	for at := 0; at < len(x.data); at += d {
		row := x.data[at:][:d]
		switch n.op {
		case "ReduceL2":
			for _, v := range row {
				y.data[at/d] = math.Hypot(y.data[at/d], v)
			}
		case "ArgMax":
			y.data[at/d] = float64(slices.Index(row, slices.Max(row)))
		case "Softmax":
			sum, most := 0., slices.Max(row)
			for _, v := range row {
				sum += math.Exp(v - most)
			}
			for i, v := range row {
				y.data[at+i] = math.Exp(v-most) / sum
			}
		case "LayerNormalization":
			average, variance := 0., n.attributes["epsilon"][0]
			for _, v := range row {
				average += v / float64(d)
			}
			for _, v := range row {
				variance += (v - average) * (v - average) / float64(d)
			}
			for i, v := range row {
				y.data[at+i] = (v-average)/math.Sqrt(variance)*in[1].data[i] + in[2].data[i]
			}
		}
	}
	return y
}
