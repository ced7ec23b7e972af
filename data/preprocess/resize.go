package preprocess

import "math"

// precision is the number of bits behind the point of a weight.
const precision = 32 - 8 - 2

// A rect is a part of an image, in pixels.
type rect struct{ x, y, w, h int }

// weights says how the pixels of one axis are made of those of a longer or
// shorter one: output i is the sum of taps[i*size:] over the pixels from first[i].
type weights struct {
	first, count []int
	taps         []int32
	size         int
	values       []float64
	of           [4]int // the arguments of set
}

// set computes the weights of outputs lo to hi, when in pixels become out.
//
// Source: Pillow's Resample.c: Keys' cubic with a = -0.5, made wider when an
// image shrinks, in fixed point.
func (k *weights) set(in, out, lo, hi int) {
	of := [4]int{in, out, lo, hi}
	if k.of == of { // images of one size follow each other
		return
	}
	k.of = of
	scale := float64(in) / float64(out)
	wide := max(scale, 1)
	support := 2 * wide
	k.size = int(math.Ceil(support))*2 + 1
	k.first, k.count = grow(k.first, hi-lo), grow(k.count, hi-lo)
	k.taps = grow(k.taps, (hi-lo)*k.size)
	k.values = grow(k.values, k.size)
	values := k.values
	for i := range hi - lo {
		center := (float64(lo+i) + 0.5) * scale
		first := max(0, int(center-support+0.5))
		n := min(in, int(center+support+0.5)) - first
		var sum float64
		for j := range n {
			values[j] = cubic((float64(first+j) - center + 0.5) / wide)
			sum += values[j]
		}
		k.first[i], k.count[i] = first, n
		for j, v := range values[:n] {
			k.taps[i*k.size+j] = int32(math.Round(v / sum * (1 << precision)))
		}
	}
}

// cubic is Keys' kernel (1981) with a = -0.5.
func cubic(x float64) float64 {
	const a = -0.5
	switch x = math.Abs(x); {
	case x < 1:
		return ((a+2)*x-(a+3))*x*x + 1
	case x < 2:
		return (((x-5)*x+8)*x - 4) * a
	}
	return 0
}

// A resizer keeps the memory of resizing from one image to the next.
type resizer struct {
	horizontal, vertical weights
	lines                []uint8 // after the horizontal pass
	sums                 []int32
}

// resize scales the part from of src to w x h pixels, and writes the window of
// the result to dst: bit for bit what Pillow's resize gives with BICUBIC.
func (r *resizer) resize(dst []uint8, src *Image, from rect, w, h int, window rect) {
	r.horizontal.set(from.w, w, window.x, window.x+window.w)
	r.vertical.set(from.h, h, window.y, window.y+window.h)
	top := r.vertical.first[0]
	last := window.h - 1
	bottom := r.vertical.first[last] + r.vertical.count[last]
	width := 3 * window.w
	r.lines = grow(r.lines, (bottom-top)*width)
	for y := top; y < bottom; y++ {
		row := src.Pix[3*((from.y+y)*src.W+from.x):][:3*from.w]
		if w == from.w { // the weights are 0, 1 and 0
			copy(r.lines[(y-top)*width:][:width], row[3*window.x:])
			continue
		}
		r.line(r.lines[(y-top)*width:][:width], row)
	}
	if h == from.h {
		copy(dst, r.lines[(window.y-top)*width:])
		return
	}
	r.sums = grow(r.sums, width)
	for y := range window.h {
		first := r.vertical.first[y] - top
		taps := r.vertical.taps[y*r.vertical.size:][:r.vertical.count[y]]
		r.column(dst[y*width:][:width], r.lines[first*width:], taps)
	}
}

// column sums lines, each times its tap. It takes four lines at a time, which
// is twice as fast as one.
func (r *resizer) column(dst, lines []uint8, taps []int32) {
	n := len(dst)
	sums := r.sums[:n]
	for i := range sums {
		sums[i] = 1 << (precision - 1)
	}
	for len(taps) >= 4 {
		a, b, c, d := lines[:n], lines[n:][:n], lines[2*n:][:n], lines[3*n:][:n]
		ta, tb, tc, td := taps[0], taps[1], taps[2], taps[3]
		for i := range sums {
			sums[i] += int32(a[i])*ta + int32(b[i])*tb + int32(c[i])*tc + int32(d[i])*td
		}
		lines, taps = lines[4*n:], taps[4:]
	}
	for _, tap := range taps {
		line := lines[:n]
		for i := range sums {
			sums[i] += int32(line[i]) * tap
		}
		lines = lines[n:]
	}
	for i, v := range sums {
		dst[i] = clip(v)
	}
}

// line scales one row of pixels.
func (r *resizer) line(dst, row []uint8) {
	k := &r.horizontal
	for i := range k.first {
		out := dst[3*i:][:3]
		red, green, blue := int32(1<<(precision-1)), int32(1<<(precision-1)), int32(1<<(precision-1))
		pixels := row[3*k.first[i]:][:3*k.count[i]]
		for _, tap := range k.taps[i*k.size:][:k.count[i]] {
			red += int32(pixels[0]) * tap
			green += int32(pixels[1]) * tap
			blue += int32(pixels[2]) * tap
			pixels = pixels[3:]
		}
		out[0], out[1], out[2] = clip(red), clip(green), clip(blue)
	}
}

func clip(v int32) uint8 { return uint8(min(max(v>>precision, 0), 255)) }

// grow returns x with length n; what it holds is of no interest.
func grow[T any](x []T, n int) []T {
	if cap(x) < n {
		return make([]T, n)
	}
	return x[:n]
}
