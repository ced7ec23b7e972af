package synth

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"

	"golang.org/x/image/vector"
)

// shape is a name and its closed outlines in the square from -1 to 1, x to the
// right and y down. An outline that runs the other way is a hole.
type shape struct {
	name     string
	outlines [][]point
}

type point struct{ x, y float64 }

// shapes differ at 32 pixels, unlike, say, a hexagon and a circle, and each is
// one word.
var shapes = []shape{
	{"circle", [][]point{arc(0, 0, 0.92, 0.92, 0, 2*math.Pi)}},
	{"square", [][]point{{{-0.85, -0.85}, {0.85, -0.85}, {0.85, 0.85}, {-0.85, 0.85}}}},
	{"triangle", [][]point{{{0, -0.95}, {1, 0.85}, {-1, 0.85}}}},
	{"star", [][]point{star()}},
	{"cross", [][]point{{{-0.3, -0.95}, {0.3, -0.95}, {0.3, -0.3}, {0.95, -0.3}, {0.95, 0.3}, {0.3, 0.3},
		{0.3, 0.95}, {-0.3, 0.95}, {-0.3, 0.3}, {-0.95, 0.3}, {-0.95, -0.3}, {-0.3, -0.3}}}},
	{"heart", [][]point{heart()}},
	{"ring", [][]point{arc(0, 0, 0.95, 0.95, 0, 2*math.Pi), arc(0, 0, 0.52, 0.52, 2*math.Pi, 0)}},
	{"moon", [][]point{append(arc(-0.05, 0, 0.95, 0.95, 0.2*math.Pi, 1.8*math.Pi),
		arc(0.45, 0, 0.63, 0.63, 1.66*math.Pi, 0.34*math.Pi)...)}},
	{"arrow", [][]point{{{-0.95, -0.28}, {0.1, -0.28}, {0.1, -0.85},
		{0.98, 0}, {0.1, 0.85}, {0.1, 0.28}, {-0.95, 0.28}}}},
	{"hourglass", [][]point{{{-0.85, -0.95}, {0.85, -0.95}, {0.14, 0}, {0.85, 0.95}, {-0.85, 0.95}, {-0.14, 0}}}},
	{"bolt", [][]point{{{0.62, -1}, {-0.85, 0.28}, {-0.12, 0.28}, {-0.62, 1}, {0.85, -0.3}, {0.12, -0.3}}}},
	{"fish", [][]point{arc(-0.25, 0, 0.73, 0.55, 0, 2*math.Pi), {{0.1, 0}, {0.98, -0.62}, {0.98, 0.62}}}},
}

// arc is part of an ellipse around (x, y), in steps short enough to look round.
func arc(x, y, width, height, from, to float64) []point {
	const steps = 28
	points := make([]point, steps)
	for i := range points {
		sin, cos := math.Sincos(from + (to-from)*float64(i)/(steps-1))
		points[i] = point{x + width*cos, y + height*sin}
	}
	return points
}

func star() []point {
	points := make([]point, 10)
	for i := range points {
		sin, cos := math.Sincos(float64(i)*math.Pi/5 - math.Pi/2)
		radius := 1.05 - 0.63*float64(i%2)
		points[i] = point{radius * cos, radius*sin + 0.05}
	}
	return points
}

func heart() []point {
	points := make([]point, 32)
	for i := range points {
		t := float64(i) * math.Pi / 16
		sin := math.Sin(t)
		y := 13*math.Cos(t) - 5*math.Cos(2*t) - 2*math.Cos(3*t) - math.Cos(4*t)
		points[i] = point{sin * sin * sin, -y/16 - 0.12}
	}
	return points
}

// textures are the patterns of a shape's inside.
var textures = []string{"plain", "striped", "dotted", "checkered"}

// An image has few colors: the ground, and the blends of levels degrees of
// cover with tones degrees of the pattern. So files are small and fast.
const (
	levels = 8
	tones  = 4
)

// A Painter draws scenes. It keeps memory from one to the next, so each
// goroutine needs its own.
type Painter struct {
	size    int
	raster  *vector.Rasterizer
	cover   *image.Alpha
	image   *image.Paletted
	palette color.Palette
	file    bytes.Buffer
	encoder png.Encoder
}

// NewPainter returns a painter of images of size x size pixels.
func NewPainter(size int) *Painter {
	square := image.Rect(0, 0, size, size)
	p := &Painter{size: size, raster: vector.NewRasterizer(size, size),
		cover: image.NewAlpha(square), image: image.NewPaletted(square, nil),
		palette: make(color.Palette, 1+levels*tones)}
	p.encoder.BufferPool = &oneBuffer{}
	return p
}

// oneBuffer keeps the encoder's memory for the next file.
type oneBuffer struct{ buffer *png.EncoderBuffer }

func (b *oneBuffer) Get() *png.EncoderBuffer       { return b.buffer }
func (b *oneBuffer) Put(buffer *png.EncoderBuffer) { b.buffer = buffer }

// Draw returns the PNG of a scene, which is valid until the next call.
func (p *Painter) Draw(s Scene) ([]byte, error) {
	p.outline(s)
	p.fill(s)
	p.file.Reset()
	err := p.encoder.Encode(&p.file, p.image)
	return p.file.Bytes(), err
}

// outline makes cover the part of each pixel that is inside the shape.
func (p *Painter) outline(s Scene) {
	sin, cos := math.Sincos(s.Turn)
	side := float64(p.size)
	at := func(q point) (float32, float32) {
		x, y := q.x*s.Radius*s.Stretch, q.y*s.Radius/s.Stretch
		return float32(side * (s.X + cos*x - sin*y)), float32(side * (s.Y + sin*x + cos*y))
	}
	p.raster.Reset(p.size, p.size)
	p.raster.DrawOp = draw.Src
	for _, outline := range shapes[s.Class%len(shapes)].outlines {
		p.raster.MoveTo(at(outline[0]))
		for _, q := range outline[1:] {
			p.raster.LineTo(at(q))
		}
		p.raster.ClosePath()
	}
	p.raster.Draw(p.cover, p.cover.Bounds(), image.Opaque, image.Point{})
}

// fill makes the image of cover, the texture and the colors.
func (p *Painter) fill(s Scene) {
	dark := shade(s.Color)
	p.palette[0] = opaque(s.Ground)
	used := 1
	for tone := range tones {
		for level := range levels {
			ink := blend(s.Color, dark, float64(tone)/(tones-1))
			p.palette[1+tone*levels+level] = opaque(blend(s.Ground, ink, float64(level+1)/levels))
		}
	}
	period := float64(p.size) / 6
	for y := range p.size {
		for x := range p.size {
			i := y*p.size + x
			level := (int(p.cover.Pix[i])*levels + 127) / 255
			if level == 0 {
				p.image.Pix[i] = 0
				continue
			}
			// Patterns start at the shape, so that one does not give away its place.
			tone := pattern(s.Texture, float64(x)+0.5-float64(p.size)*s.X, float64(y)+0.5-float64(p.size)*s.Y, period)
			entry := tone*levels + level
			p.image.Pix[i] = uint8(entry)
			used = max(used, entry+1)
		}
	}
	p.image.Palette = p.palette[:used]
}

// pattern is the tone of a texture at a point; period is in pixels.
func pattern(texture int, x, y, period float64) int {
	wave := func(t float64) float64 { return math.Abs(t - 2*math.Floor(t/2) - 1) } // 1 at even t, 0 at odd
	x, y = 2*x/period, 2*y/period
	var depth float64 // positive inside the pattern, in half periods
	switch texture {
	case 1:
		depth = wave(y) - 0.6
	case 2:
		u, v := 1-wave(x), 1-wave(y)
		depth = 0.62 - math.Sqrt(u*u+v*v)
	case 3:
		depth = 3*(wave(x/1.5)-0.5)*(wave(y/1.5)-0.5) - 0.1
	default:
		return 0
	}
	soft := depth*period/2 + 0.5 // a pixel wide
	return int(math.Round(min(max(soft, 0), 1) * (tones - 1)))
}

// shade is the second color of a texture: darker, or lighter than black.
func shade(c [3]uint8) [3]uint8 {
	if max(c[0], c[1], c[2]) < 60 {
		return blend(c, [3]uint8{255, 255, 255}, 0.3)
	}
	return blend(c, [3]uint8{}, 0.35)
}

func blend(a, b [3]uint8, t float64) (c [3]uint8) {
	for i := range c {
		c[i] = uint8(math.Round(float64(a[i]) + t*(float64(b[i])-float64(a[i]))))
	}
	return c
}

func opaque(c [3]uint8) color.RGBA { return color.RGBA{c[0], c[1], c[2], 255} }
