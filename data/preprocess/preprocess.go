package preprocess

import (
	"image"
	"math"
	"math/rand/v2"
)

// A Processor prepares images for a model. It keeps memory from one to the
// next, so each goroutine needs its own.
type Processor struct {
	config  Config
	size    int
	scaled  int             // what Config.Resize scales to
	table   [3][256]float32 // normalized values
	decoder decoder
	resizer resizer
	square  []uint8
	padded  []uint8
}

// NewProcessor returns a processor for images of size x size pixels.
func NewProcessor(c Config, size int) *Processor {
	c.SetDefaults()
	p := &Processor{config: c, size: size, square: make([]uint8, 3*size*size)}
	p.resizer = resizer{filter: filters[c.Interpolation], columnsFirst: c.PillowVersion == 13}
	p.decoder.white, p.decoder.stored = c.Alpha == "white", c.Convert == "after"
	p.scaled = size
	if c.ResizeSize > 0 {
		p.scaled = c.ResizeSize
	}
	if c.ScaledJPEG {
		p.decoder.short = p.scaled
	}
	mean, std := c.MeanStd()
	for channel := range p.table {
		for v := range p.table[channel] {
			scaled := float32(v) / 255
			if c.Rescale != 1./255 {
				scaled = float32(v) * float32(c.Rescale)
			}
			p.table[channel][v] = (scaled - float32(mean[channel])) / float32(std[channel])
		}
	}
	return p
}

// Decode decodes an image file within the limit of the config, turned as its
// EXIF data say if the config wants that.
func (p *Processor) Decode(file []byte) (*Image, error) {
	m, err := p.decoder.decode(file, p.config.MaxPixels)
	if err == nil && p.config.Orient {
		m = oriented(m, Orientation(file))
	}
	return m, err
}

// FromImage takes the pixels of m as Decode takes those of a file.
func (p *Processor) FromImage(m image.Image) *Image { return p.decoder.image(m, "", nil) }

// Eval writes m to dst (3, S, S) as evaluation sees it.
func (p *Processor) Eval(dst []float32, m *Image) {
	p.fit(m)
	p.normalize(dst, p.square, false)
}

// Train writes m to dst (3, S, S) as training sees it. All randomness is rng's.
func (p *Processor) Train(dst []float32, m *Image, rng *rand.Rand) {
	a, s := p.config.Augment, p.size
	if len(a.CropScale) == 2 {
		p.resizer.resize(p.square, m, randomCrop(m, a, rng), s, s, rect{0, 0, s, s})
	} else {
		p.fit(m)
	}
	square := p.square
	if a.Pad > 0 {
		square = p.shift(a.Pad, rng.IntN(2*a.Pad+1), rng.IntN(2*a.Pad+1))
	}
	flip := a.Flip > 0 && rng.Float64() < a.Flip
	if len(a.ColorJitter) > 0 && (a.ColorJitterProb == 1 || rng.Float64() < a.ColorJitterProb) {
		jitter(square, a.ColorJitter, rng)
	}
	if a.Gray > 0 && rng.Float64() < a.Gray {
		grayscale(square)
	}
	p.normalize(dst, square, flip)
}

// randomCrop chooses a part of m: ten tries of a random area and ratio, then
// the largest part around the middle, as torchvision's RandomResizedCrop.
func randomCrop(m *Image, a Augment, rng *rand.Rand) rect {
	least, most := a.CropRatio[0], a.CropRatio[1]
	for range 10 {
		area := float64(m.W*m.H) * (a.CropScale[0] + (a.CropScale[1]-a.CropScale[0])*rng.Float64())
		ratio := math.Exp(math.Log(least) + (math.Log(most)-math.Log(least))*rng.Float64())
		w, h := int(math.RoundToEven(math.Sqrt(area*ratio))), int(math.RoundToEven(math.Sqrt(area/ratio)))
		if 0 < w && w <= m.W && 0 < h && h <= m.H {
			return rect{rng.IntN(m.W - w + 1), rng.IntN(m.H - h + 1), w, h}
		}
	}
	w, h := m.W, m.H
	switch ratio := float64(w) / float64(h); {
	case ratio < least:
		h = max(1, int(math.RoundToEven(float64(w)/least)))
	case ratio > most:
		w = max(1, int(math.RoundToEven(float64(h)*most)))
	}
	return rect{(m.W - w) / 2, (m.H - h) / 2, w, h}
}

// shift returns the square moved within a black border of pad pixels.
func (p *Processor) shift(pad, x, y int) []uint8 {
	s := p.size
	p.padded = grow(p.padded, len(p.square))
	clear(p.padded)
	for row := range s {
		from := row + y - pad
		if from < 0 || from >= s {
			continue
		}
		lo, hi := max(0, pad-x), min(s, s+pad-x) // of dst
		if lo < hi {
			copy(p.padded[3*(row*s+lo):3*(row*s+hi)], p.square[3*(from*s+lo+x-pad):])
		}
	}
	return p.padded
}

// normalize writes the planes of a square.
func (p *Processor) normalize(dst []float32, square []uint8, flip bool) {
	s := p.size
	red, green, blue := dst[:s*s], dst[s*s:][:s*s], dst[2*s*s:][:s*s]
	for y := range s {
		row := square[3*y*s:][:3*s]
		at, step := y*s, 1
		if flip {
			at, step = y*s+s-1, -1
		}
		for len(row) >= 3 {
			red[at], green[at], blue[at] = p.table[0][row[0]], p.table[1][row[1]], p.table[2][row[2]]
			row = row[3:]
			at += step
		}
	}
}
