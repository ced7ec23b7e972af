package preprocess

import (
	"image"
	"image/color"
)

// A form is what a file holds that is not RGB, kept for Config.Convert: after.
type form int

const (
	rgb       form = iota
	indexed        // a palette or 1 bit, scaled by the nearest pixel
	withAlpha      // quads are red, green and blue, multiplied by alpha, and alpha
	cmyk           // quads are cyan, magenta, yellow and black
)

// stored returns the pixels that are resized, and how many bytes each has.
func (m *Image) stored() (pix []uint8, size int) {
	if m.quads != nil {
		return m.quads, pixelBytes
	}
	return m.Pix, 3
}

// finish makes RGB of a resized line of pixels with four bytes each.
//
// Source: Pillow's Convert.c, rgba2rgbA and cmyk2rgb.
func (m *Image) finish(dst, line []uint8) {
	switch m.form {
	case withAlpha:
		for ; len(dst) > 0; dst, line = dst[3:], line[pixelBytes:] {
			copy(dst[:3], line)
			if alpha := int(line[3]); alpha != 0 && alpha != 255 {
				for c := range 3 {
					dst[c] = uint8(min(255*int(line[c])/alpha, 255))
				}
			}
		}
	case cmyk:
		for ; len(dst) > 0; dst, line = dst[3:], line[pixelBytes:] {
			for c := range 3 {
				dst[c] = unink(line[c], line[3])
			}
		}
	default:
		dropFourth(dst, line)
	}
}

// image makes RGB of a decoded file, and keeps what the config needs beside.
func (d *decoder) image(decoded image.Image, format string, file []byte) *Image {
	m := formatRGB(decoded, format, file)
	switch {
	case d.white:
		onWhite(m, decoded)
	case d.stored:
		d.keep(m, decoded, format, file)
	}
	return m
}

// keep stores the form of a decoded file, as Pillow's modes are.
func (d *decoder) keep(m *Image, decoded image.Image, format string, file []byte) {
	if oneBit(format, file) {
		m.form = indexed
		return
	}
	switch decoded := decoded.(type) {
	case *image.CMYK:
		m.form, m.quads = cmyk, make([]uint8, pixelBytes*m.W*m.H)
		for y := range m.H {
			copy(m.quads[pixelBytes*m.W*y:][:pixelBytes*m.W], decoded.Pix[y*decoded.Stride:])
		}
	case *image.Paletted:
		if (format == "gif" || format == "bmp") && grayRamp(decoded.Palette) {
			return
		}
		m.form = indexed
	default:
		// A color of PNG that means transparency is none to Pillow before it converts.
		const colorType, alphaBit = 25, 4
		if alpha := alphaOf(decoded); alpha != nil && (format != "png" || file[colorType]&alphaBit != 0) {
			m.form, m.quads = withAlpha, make([]uint8, 0, pixelBytes*m.W*m.H)
			for i := range m.W * m.H {
				a := alpha(i%m.W, i/m.W)
				for c := range 3 {
					m.quads = append(m.quads, by255(int(m.Pix[3*i+c])*int(a)))
				}
				m.quads = append(m.quads, a)
			}
		}
	}
}

// by255 divides by 255 as Pillow rounds it.
func by255(v int) uint8 { return uint8(((v+128)>>8 + v + 128) >> 8) }

// onWhite lays what is transparent on white.
//
// Source: Pillow's AlphaComposite.c, whose background is opaque.
func onWhite(m *Image, decoded image.Image) {
	alpha := alphaOf(decoded)
	if alpha == nil {
		return
	}
	for i := range m.W * m.H {
		a := int(alpha(i%m.W, i/m.W))
		for c := range 3 {
			m.Pix[3*i+c] = by255(int(m.Pix[3*i+c])*a + 255*(255-a))
		}
	}
}

// alphaOf returns how opaque each pixel is, from the corner, or nil where all are.
func alphaOf(m image.Image) func(x, y int) uint8 {
	if o, ok := m.(interface{ Opaque() bool }); ok && o.Opaque() {
		return nil
	}
	corner := m.Bounds().Min
	switch m := m.(type) {
	case *image.Gray, *image.Gray16, *image.CMYK, *image.YCbCr, rgbJPEG:
		return nil
	case *image.NYCbCrA: // the colors take long
		return func(x, y int) uint8 { return m.A[m.AOffset(corner.X+x, corner.Y+y)] }
	}
	return func(x, y int) uint8 {
		switch c := m.At(corner.X+x, corner.Y+y).(type) {
		case color.NRGBA:
			return c.A
		default:
			_, _, _, a := c.RGBA()
			return uint8(a >> 8)
		}
	}
}

// grayRamp says whether color i is gray i, which Pillow takes for no palette.
func grayRamp(palette color.Palette) bool {
	for i, c := range palette {
		if plain(c) != [3]uint8{uint8(i), uint8(i), uint8(i)} {
			return false
		}
	}
	return true
}

// oneBit says whether a gray file has one bit a pixel.
func oneBit(format string, file []byte) bool {
	switch format {
	case "png":
		const bitDepth = 24 // the type of colors is behind it, 0 for gray
		return file[bitDepth] == 1 && file[bitDepth+1] == 0
	case "tiff":
		t := readTIFF(file)
		bits, ok := t.short(tiffBits)
		color, _ := t.short(tiffPhotometric)
		return (!ok || bits == 1) && color <= tiffBlackIsZero
	}
	return false
}
