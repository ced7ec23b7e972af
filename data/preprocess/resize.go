package preprocess

import (
	"encoding/binary"
	"math"

	"github.com/goclip/goclip/internal/kernel"
)

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

// pixelBytes is the size of a pixel while it is resized; the last byte is not used.
const pixelBytes = 4

// sideBySide is the number of rows that are scaled at a time in the horizontal
// pass: the pixels of one column of theirs are next to each other, so that both
// passes are weighted sums of rows of bytes.
const sideBySide = kernel.WeightedBytes / pixelBytes

// A resizer keeps the memory of resizing from one image to the next.
type resizer struct {
	horizontal, vertical weights
	columns, scaled      []uint8 // of sideBySide rows, before and after the horizontal pass
	lines                []uint8 // after the horizontal pass
	line                 []uint8 // after the vertical one
}

// resize scales the part from of src to w x h pixels, and writes the window of
// the result to dst: bit for bit what Pillow's resize gives with BICUBIC.
func (r *resizer) resize(dst []uint8, src *Image, from rect, w, h int, window rect) {
	if w == from.w && h == from.h {
		for y := range window.h {
			copy(dst[3*y*window.w:][:3*window.w], src.Pix[3*((from.y+window.y+y)*src.W+from.x+window.x):])
		}
		return
	}
	r.horizontal.set(from.w, w, window.x, window.x+window.w)
	r.vertical.set(from.h, h, window.y, window.y+window.h)
	top := r.vertical.first[0]
	last := window.h - 1
	bottom := r.vertical.first[last] + r.vertical.count[last]
	stride := (pixelBytes*window.w + kernel.WeightedBytes - 1) &^ (kernel.WeightedBytes - 1)
	r.lines, r.line = grow(r.lines, (bottom-top)*stride), grow(r.line, stride)
	for y := top; y < bottom; y += sideBySide {
		rows := min(sideBySide, bottom-y)
		r.narrow(r.lines[(y-top)*stride:], stride, src, rect{from.x, from.y + y, from.w, rows})
	}
	for y := range window.h {
		taps := r.vertical.taps[y*r.vertical.size:][:r.vertical.count[y]]
		kernel.WeightedRows(r.line, r.lines[(r.vertical.first[y]-top)*stride:], stride, taps)
		dropFourth(dst[3*y*window.w:][:3*window.w], r.line)
	}
}

// narrow is the horizontal pass over a few rows of src, to lines stride apart.
func (r *resizer) narrow(lines []uint8, stride int, src *Image, rows rect) {
	k := &r.horizontal
	last := len(k.first) - 1
	left, right := k.first[0], k.first[last]+k.count[last]
	r.columns = grow(r.columns, kernel.WeightedBytes*(right-left))
	r.scaled = grow(r.scaled, kernel.WeightedBytes*len(k.first))
	for y := range rows.h {
		spread(r.columns[pixelBytes*y:], src.Pix[3*((rows.y+y)*src.W+rows.x+left):][:3*(right-left)])
	}
	for i, first := range k.first {
		kernel.WeightedRows(r.scaled[kernel.WeightedBytes*i:][:kernel.WeightedBytes],
			r.columns[kernel.WeightedBytes*(first-left):], kernel.WeightedBytes, k.taps[i*k.size:][:k.count[i]])
	}
	for y := range rows.h {
		gather(lines[stride*y:][:pixelBytes*len(k.first)], r.scaled[pixelBytes*y:])
	}
}

// spread writes the pixels of a row into columns, four at a time while it can,
// with any byte as the fourth of each.
func spread(columns, row []uint8) {
	const next = kernel.WeightedBytes
	for ; len(row) > 4*3; row = row[4*3:] {
		from, to := row[:13], columns[:3*next+pixelBytes]
		binary.LittleEndian.PutUint32(to, binary.LittleEndian.Uint32(from))
		binary.LittleEndian.PutUint32(to[next:], binary.LittleEndian.Uint32(from[3:]))
		binary.LittleEndian.PutUint32(to[2*next:], binary.LittleEndian.Uint32(from[6:]))
		binary.LittleEndian.PutUint32(to[3*next:], binary.LittleEndian.Uint32(from[9:]))
		columns = columns[4*next:]
	}
	for ; len(row) >= 3; row = row[3:] {
		copy(columns, row[:3])
		columns = columns[min(next, len(columns)):]
	}
}

// gather reads a row of pixels out of columns, back into a line.
func gather(line, columns []uint8) {
	const next = kernel.WeightedBytes
	for ; len(line) > 4*pixelBytes; line = line[4*pixelBytes:] {
		from, to := columns[:3*next+pixelBytes], line[:4*pixelBytes]
		binary.LittleEndian.PutUint32(to, binary.LittleEndian.Uint32(from))
		binary.LittleEndian.PutUint32(to[4:], binary.LittleEndian.Uint32(from[next:]))
		binary.LittleEndian.PutUint32(to[8:], binary.LittleEndian.Uint32(from[2*next:]))
		binary.LittleEndian.PutUint32(to[12:], binary.LittleEndian.Uint32(from[3*next:]))
		columns = columns[4*next:]
	}
	for ; len(line) > 0; line = line[pixelBytes:] {
		copy(line, columns[:pixelBytes])
		columns = columns[min(next, len(columns)):]
	}
}

// dropFourth copies pixels without their last byte.
func dropFourth(dst, line []uint8) {
	for len(dst) >= pixelBytes {
		binary.LittleEndian.PutUint32(dst, binary.LittleEndian.Uint32(line))
		dst, line = dst[3:], line[pixelBytes:]
	}
	copy(dst, line[:3])
}

// grow returns x with length n; what it holds is of no interest.
func grow[T any](x []T, n int) []T {
	if cap(x) < n {
		return make([]T, n)
	}
	return x[:n]
}
