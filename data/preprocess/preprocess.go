package preprocess

import (
	"fmt"
	"image"
	"math"
	"math/rand/v2"
)

// Config says how images become the input of a model. Evaluation must use what
// training used, so it is part of a checkpoint.
type Config struct {
	// Normalize names a mean and a standard deviation: clip, measured on CLIP's
	// training data; imagenet; or inception, 0.5 for all, which SigLIP uses. Empty
	// means clip. Mean and Std give others, one for each channel. The input of a
	// model is (v/255 - mean) / std.
	Normalize string    `yaml:"normalize"`
	Mean      []float64 `yaml:"mean"`
	Std       []float64 `yaml:"std"`

	// Resize fits an image into the square: shortest scales its shorter side
	// and cuts the rest off around the middle, squash scales both sides,
	// longest scales the longer one and leaves black beside. Empty means shortest.
	Resize string `yaml:"resize"`

	// Orient turns images as their EXIF data say. False, as in open_clip, takes
	// the pixels as they are stored.
	Orient bool `yaml:"orient"`

	// MaxPixels refuses larger images before they are decoded; 0 means
	// 128,000,000.
	MaxPixels int `yaml:"max_pixels"`

	// ScaledJPEG decodes large JPEG files at 1/2, 1/4 or 1/8 of their size, the
	// smallest whose shorter side is no shorter than the model's image, before
	// they are resized: faster, and with other pixels, those after Pillow's
	// draft. A random crop is cut out of the smaller image. It needs a program
	// built with -tags turbojpeg.
	ScaledJPEG bool `yaml:"scaled_jpeg"`

	Augment Augment `yaml:"augment"`
}

// Augment is what training does to images beside; the zero value is nothing.
type Augment struct {
	// CropScale [least, most] is the part of the image's area that a random
	// crop keeps, and CropRatio [least, most] its width over its height. An
	// empty scale means no such crop, an empty ratio 3/4 to 4/3.
	CropScale []float64 `yaml:"crop_scale"`
	CropRatio []float64 `yaml:"crop_ratio"`

	// Pad adds so many black pixels at each side and takes a random square of
	// the model's size from the result.
	Pad int `yaml:"pad"`

	// Flip is the probability of mirroring left and right. Where captions
	// name them, it must be 0.
	Flip float64 `yaml:"flip"`

	// ColorJitter [brightness, contrast, saturation, hue] changes each by a
	// random factor of up to so much less or more than 1, and hue by up to so
	// much of a turn, at most 0.5; empty means none. ColorJitterProb is the
	// probability of doing so; 0 means 1. CLIP's own training used none.
	ColorJitter     []float64 `yaml:"color_jitter"`
	ColorJitterProb float64   `yaml:"color_jitter_prob"`

	// Gray is the probability of taking the colors away.
	Gray float64 `yaml:"gray"`
}

// CLIPMean and CLIPStd are the mean and the standard deviation of each channel of
// OpenAI's training data.
var (
	CLIPMean = []float64{0.48145466, 0.4578275, 0.40821073}
	CLIPStd  = []float64{0.26862954, 0.26130258, 0.27577711}
)

// normals are the mean and the standard deviation by name.
var normals = map[string][2][]float64{
	"":          {CLIPMean, CLIPStd},
	"clip":      {CLIPMean, CLIPStd},
	"imagenet":  {{0.485, 0.456, 0.406}, {0.229, 0.224, 0.225}},
	"inception": {{0.5, 0.5, 0.5}, {0.5, 0.5, 0.5}},
}

// SetDefaults fills in what is 0 or empty and means something else.
func (c *Config) SetDefaults() {
	if c.Normalize == "" && len(c.Mean) == 0 {
		c.Normalize = "clip"
	}
	if c.Resize == "" {
		c.Resize = "shortest"
	}
	if c.MaxPixels == 0 {
		c.MaxPixels = DefaultMaxPixels
	}
	a := &c.Augment
	if len(a.CropScale) > 0 && len(a.CropRatio) == 0 {
		a.CropRatio = []float64{3. / 4, 4. / 3}
	}
	if len(a.ColorJitter) > 0 && a.ColorJitterProb == 0 {
		a.ColorJitterProb = 1
	}
}

// Validate reports the first field that cannot work.
func (c Config) Validate() error {
	a := c.Augment
	switch {
	case len(c.Mean) != 0 && len(c.Mean) != 3 || len(c.Std) != len(c.Mean):
		return fmt.Errorf("preprocess: mean %v, std %v; want three numbers each, or none", c.Mean, c.Std)
	case len(normals[c.Normalize][0]) == 0:
		return fmt.Errorf("preprocess: normalize %q; want clip, imagenet or inception", c.Normalize)
	case c.Normalize != "" && len(c.Mean) > 0:
		return fmt.Errorf("preprocess: normalize %q and mean %v; want one of them", c.Normalize, c.Mean)
	case c.Resize != "" && c.Resize != "shortest" && c.Resize != "squash" && c.Resize != "longest":
		return fmt.Errorf("preprocess: resize %q; want shortest, squash or longest", c.Resize)
	case c.ScaledJPEG && !turboJPEG:
		return fmt.Errorf("preprocess: scaled_jpeg: this program has no libjpeg-turbo; want one built with -tags turbojpeg")
	case c.MaxPixels < 0:
		return fmt.Errorf("preprocess: max_pixels %d is negative", c.MaxPixels)
	case len(a.CropScale) != 0 && !(len(a.CropScale) == 2 && 0 < a.CropScale[0] &&
		a.CropScale[0] <= a.CropScale[1] && a.CropScale[1] <= 1):
		return fmt.Errorf("preprocess: augment.crop_scale %v; want [least, most] in (0, 1]", a.CropScale)
	case len(a.CropRatio) != 0 && !(len(a.CropRatio) == 2 && 0 < a.CropRatio[0] && a.CropRatio[0] <= a.CropRatio[1]):
		return fmt.Errorf("preprocess: augment.crop_ratio %v; want [least, most], positive", a.CropRatio)
	case a.Pad < 0 || a.Pad > 1024:
		return fmt.Errorf("preprocess: augment.pad %d; want 0 to 1024", a.Pad)
	case !(a.Flip >= 0 && a.Flip <= 1):
		return fmt.Errorf("preprocess: augment.flip %g is not a probability", a.Flip)
	}
	for _, p := range []float64{a.ColorJitterProb, a.Gray} {
		if !(p >= 0 && p <= 1) {
			return fmt.Errorf("preprocess: augment.color_jitter_prob %g, gray %g; want probabilities", a.ColorJitterProb, a.Gray)
		}
	}
	if n := len(a.ColorJitter); n != 0 && n != 4 {
		return fmt.Errorf("preprocess: augment.color_jitter %v; want [brightness, contrast, saturation, hue]", a.ColorJitter)
	}
	for i, v := range a.ColorJitter {
		if !(v >= 0 && (i < 3 || v <= 0.5)) {
			return fmt.Errorf("preprocess: augment.color_jitter %v; want 0 or more, hue at most 0.5", a.ColorJitter)
		}
	}
	for _, s := range c.Std {
		if !(s > 0) {
			return fmt.Errorf("preprocess: std %v; want positive numbers", c.Std)
		}
	}
	return nil
}

// A Processor prepares images for a model. It keeps memory from one to the
// next, so each goroutine needs its own.
type Processor struct {
	config  Config
	size    int
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
	if c.ScaledJPEG {
		p.decoder.short = size
	}
	mean, std := c.Mean, c.Std
	if len(mean) == 0 {
		mean, std = normals[c.Normalize][0], normals[c.Normalize][1]
	}
	for channel := range p.table {
		for v := range p.table[channel] {
			p.table[channel][v] = (float32(v)/255 - float32(mean[channel])) / float32(std[channel])
		}
	}
	return p
}

// Decode decodes an image file within the limit of the config, turned as its
// EXIF data say if the config wants that.
func (p *Processor) Decode(file []byte) (*Image, error) {
	m, err := p.decoder.decode(file, p.config.MaxPixels)
	if err == nil && p.config.Orient {
		m = oriented(m, orientation(file))
	}
	return m, err
}

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

// ShortSide returns m with its shorter side scaled to so many pixels, at least
// 1, and the longer one in proportion, bicubic as Pillow's.
func (m *Image) ShortSide(side int) *Image {
	w, h := shortest(m, side)
	out := newImage(image.Rect(0, 0, w, h))
	new(resizer).resize(out.Pix, m, rect{0, 0, m.W, m.H}, w, h, rect{0, 0, w, h})
	return out
}

// shortest is the size of m when its shorter side is s.
func shortest(m *Image, s int) (w, h int) {
	if m.W < m.H {
		return s, s * m.H / m.W
	}
	return s * m.W / m.H, s
}

// fit scales m into the square.
func (p *Processor) fit(m *Image) {
	s, all := p.size, rect{0, 0, m.W, m.H}
	switch p.config.Resize {
	case "squash":
		p.resizer.resize(p.square, m, all, s, s, rect{0, 0, s, s})
	case "longest":
		scale := float64(s) / float64(max(m.W, m.H))
		w, h := max(1, int(math.RoundToEven(float64(m.W)*scale))), max(1, int(math.RoundToEven(float64(m.H)*scale)))
		p.padded = grow(p.padded, 3*w*h)
		p.resizer.resize(p.padded, m, all, w, h, rect{0, 0, w, h})
		clear(p.square)
		left, top := (s-w)/2, (s-h)/2
		for y := range h {
			copy(p.square[3*((top+y)*s+left):][:3*w], p.padded[3*y*w:])
		}
	default:
		w, h := shortest(m, s)
		left, top := int(math.RoundToEven(float64(w-s)/2)), int(math.RoundToEven(float64(h-s)/2))
		p.resizer.resize(p.square, m, all, w, h, rect{left, top, s, s})
	}
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
