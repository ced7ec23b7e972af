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

// A filter weighs a pixel by its distance from the output's center, in outputs
// where an image shrinks, up to support.
type filter struct {
	weight  func(x float64) float64
	support float64
}

var filters = map[string]filter{"bicubic": {cubic, 2}, "bilinear": {triangle, 1}}

// set computes the weights of outputs lo to hi, when in pixels become out. A
// weights is used with one filter.
//
// Source: Pillow's Resample.c, in fixed point.
func (k *weights) set(f filter, in, out, lo, hi int) {
	of := [4]int{in, out, lo, hi}
	if k.of == of { // images of one size follow each other
		return
	}
	k.of = of
	scale := float64(in) / float64(out)
	wide := max(scale, 1)
	support := f.support * wide
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
			values[j] = f.weight((float64(first+j) - center + 0.5) / wide)
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

func triangle(x float64) float64 { return max(1-math.Abs(x), 0) }

// pixelBytes is the size of a pixel while it is resized; the last byte is not used.
const pixelBytes = 4

// sideBySide is the number of rows that are scaled at a time in the horizontal
// pass: the pixels of one column of theirs are next to each other, so that both
// passes are weighted sums of rows of bytes.
const sideBySide = kernel.WeightedBytes / pixelBytes

// A resizer keeps the memory of resizing from one image to the next.
type resizer struct {
	filter               filter
	columnsFirst         bool // where Pillow 13 does, see Config.PillowVersion
	horizontal, vertical weights
	columns, scaled      []uint8 // of sideBySide rows, before and after the horizontal pass
	lines                []uint8 // after the horizontal pass
	line                 []uint8 // after a vertical one behind it
	rows, low            []uint8 // before and after a vertical pass that is first
}

// resize scales the part from of src to w x h pixels, and writes the window of
// the result to dst: bit for bit what Pillow's resize gives with BICUBIC or
// BILINEAR, or with NEAREST where src is indexed.
func (r *resizer) resize(dst []uint8, src *Image, from rect, w, h int, window rect) {
	switch {
	case w == from.w && h == from.h:
		for y := range window.h {
			copy(dst[3*y*window.w:][:3*window.w], src.Pix[3*((from.y+window.y+y)*src.W+from.x+window.x):])
		}
	case src.form == indexed:
		nearest(dst, src, from, w, h, window)
	default:
		r.horizontal.set(r.filter, from.w, w, window.x, window.x+window.w)
		r.vertical.set(r.filter, from.h, h, window.y, window.y+window.h)
		if r.columnsFirst && from.h > h && from.h-h > 2*(from.w-w) {
			r.verticalFirst(dst, src, from, window)
			return
		}
		r.horizontalFirst(dst, src, from, window)
	}
}

func (r *resizer) horizontalFirst(dst []uint8, src *Image, from, window rect) {
	top := r.vertical.first[0]
	last := window.h - 1
	bottom := r.vertical.first[last] + r.vertical.count[last]
	stride := wholeBlocks(pixelBytes * window.w)
	r.lines, r.line = grow(r.lines, (bottom-top)*stride), grow(r.line, stride)
	for y := top; y < bottom; y += sideBySide {
		rows := min(sideBySide, bottom-y)
		r.narrow(r.lines[(y-top)*stride:], stride, src, rect{from.x, from.y + y, from.w, rows})
	}
	for y := range window.h {
		taps := r.vertical.taps[y*r.vertical.size:][:r.vertical.count[y]]
		kernel.WeightedRows(r.line, r.lines[(r.vertical.first[y]-top)*stride:], stride, taps)
		src.finish(dst[3*y*window.w:][:3*window.w], r.line)
	}
}

// verticalFirst scales columns into an image as wide as from, then its rows.
func (r *resizer) verticalFirst(dst []uint8, src *Image, from, window rect) {
	pix, size := src.stored()
	stride := wholeBlocks(size * from.w)
	height := r.vertical.first[window.h-1] + r.vertical.count[window.h-1]
	r.rows = grow(r.rows, height*stride) // each of whole blocks
	for y := r.vertical.first[0]; y < height; y++ {
		copy(r.rows[y*stride:], pix[size*((from.y+y)*src.W+from.x):][:size*from.w])
	}
	low := &Image{W: from.w, H: window.h, form: src.form}
	r.low = grow(r.low, size*from.w*window.h+stride)
	for y := range window.h {
		taps := r.vertical.taps[y*r.vertical.size:][:r.vertical.count[y]]
		kernel.WeightedRows(r.low[size*from.w*y:][:stride], r.rows[r.vertical.first[y]*stride:], stride, taps)
	}
	if low.Pix = r.low; size == pixelBytes {
		low.quads = r.low
	}
	stride = wholeBlocks(pixelBytes * window.w)
	r.lines = grow(r.lines, sideBySide*stride)
	for y := 0; y < window.h; y += sideBySide {
		n := min(sideBySide, window.h-y)
		r.narrow(r.lines, stride, low, rect{0, y, from.w, n})
		for i := range n {
			src.finish(dst[3*(y+i)*window.w:][:3*window.w], r.lines[i*stride:])
		}
	}
}

// wholeBlocks is n bytes in blocks as kernel.WeightedRows takes them.
func wholeBlocks(n int) int { return (n + kernel.WeightedBytes - 1) &^ (kernel.WeightedBytes - 1) }

// nearest scales as Pillow does with NEAREST.
//
// Source: Pillow's Geometry.c, ImagingScaleAffine, which adds up the steps.
func nearest(dst []uint8, src *Image, from rect, w, h int, window rect) {
	axis := func(in, out int) []int {
		step := float64(in) / float64(out)
		at, places := step*0.5, make([]int, out)
		for i := range places {
			places[i] = min(int(at), in-1)
			at += step
		}
		return places
	}
	columns, rows := axis(from.w, w)[window.x:], axis(from.h, h)[window.y:]
	for y := range window.h {
		row := src.Pix[3*((from.y+rows[y])*src.W+from.x):]
		for x := range window.w {
			copy(dst[3*(y*window.w+x):][:3], row[3*columns[x]:])
		}
	}
}

// narrow is the horizontal pass over a few rows of src, to lines stride apart.
func (r *resizer) narrow(lines []uint8, stride int, src *Image, rows rect) {
	k := &r.horizontal
	last := len(k.first) - 1
	left, right := k.first[0], k.first[last]+k.count[last]
	r.columns = grow(r.columns, kernel.WeightedBytes*(right-left))
	r.scaled = grow(r.scaled, kernel.WeightedBytes*len(k.first))
	pix, size := src.stored()
	for y := range rows.h {
		row := pix[size*((rows.y+y)*src.W+rows.x+left):][:size*(right-left)]
		if size == pixelBytes {
			spreadQuads(r.columns[pixelBytes*y:], row)
		} else {
			spread(r.columns[pixelBytes*y:], row)
		}
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

// spreadQuads is spread for pixels of four bytes.
func spreadQuads(columns, row []uint8) {
	for ; len(row) > 0; row = row[pixelBytes:] {
		copy(columns, row[:pixelBytes])
		columns = columns[min(kernel.WeightedBytes, len(columns)):]
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
