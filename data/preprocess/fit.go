package preprocess

import (
	"image"
	"math"
)

// ShortSide returns m with its shorter side scaled to side pixels, at least
// 1, and the longer one in proportion, bicubic as Pillow's.
func (m *Image) ShortSide(side int) *Image {
	w, h := shortest(m, side)
	out := newImage(image.Rect(0, 0, w, h))
	r := resizer{filter: filters["bicubic"]}
	r.resize(out.Pix, m, rect{0, 0, m.W, m.H}, w, h, rect{0, 0, w, h})
	return out
}

// shortest is the size of m when its shorter side is s.
func shortest(m *Image, s int) (w, h int) {
	if m.W < m.H {
		return s, s * m.H / m.W
	}
	return s * m.W / m.H, s
}

// longest is the size of m when its longer side is s.
func longest(m *Image, s int) (w, h int) {
	scale := float64(s) / float64(max(m.W, m.H))
	return max(1, int(math.RoundToEven(float64(m.W)*scale))), max(1, int(math.RoundToEven(float64(m.H)*scale)))
}

// fit scales m and puts the middle of the result into the square.
func (p *Processor) fit(m *Image) {
	s := p.size
	w, h := p.scaled, p.scaled
	switch p.config.Resize {
	case "longest":
		w, h = longest(m, s)
	case "shortest":
		w, h = shortest(m, p.scaled)
	}
	left, top := p.offset(w), p.offset(h)
	all := rect{0, 0, m.W, m.H}
	if left >= 0 && top >= 0 {
		p.resizer.resize(p.square, m, all, w, h, rect{left, top, s, s})
		return
	}
	seen := rect{max(left, 0), max(top, 0), min(w, s), min(h, s)} // of the scaled image
	p.padded = grow(p.padded, 3*seen.w*seen.h)
	p.resizer.resize(p.padded, m, all, w, h, seen)
	p.fill()
	for y := range seen.h {
		copy(p.square[3*((seen.y-top+y)*s+seen.x-left):][:3*seen.w], p.padded[3*y*seen.w:])
	}
}

// offset is where the square begins on a side of n pixels, below 0 where the side
// is shorter than the square.
func (p *Processor) offset(n int) int {
	rest := n - p.size
	switch {
	case p.config.CropOffset == "floor":
		return int(math.Floor(float64(rest) / 2))
	case rest < 0:
		return -(-rest / 2) // as torchvision pads
	}
	return int(math.RoundToEven(float64(rest) / 2))
}

// fill paints the whole square.
func (p *Processor) fill() {
	clear(p.square)
	for i := range p.square {
		if len(p.config.Fill) == 3 {
			p.square[i] = uint8(p.config.Fill[i%3])
		}
	}
}
