package preprocess

import (
	"image"
	"image/color"
)

// onScreen puts a first frame that is smaller than its screen, which is w x h,
// where it belongs. Around it is the transparent color, if there is one, else
// the first one of the palette, as in Pillow, and not the background.
func onScreen(frame image.Image, w, h int) image.Image {
	m, ok := frame.(*image.Paletted)
	screen := image.Rect(0, 0, w, h)
	if !ok || m.Rect == screen {
		return frame
	}
	out := image.NewPaletted(screen, m.Palette)
	if around := transparentIndex(m.Palette); around != 0 {
		for i := range out.Pix {
			out.Pix[i] = around
		}
	}
	for y := m.Rect.Min.Y; y < m.Rect.Max.Y; y++ {
		copy(out.Pix[out.PixOffset(m.Rect.Min.X, y):][:m.Rect.Dx()], m.Pix[m.PixOffset(m.Rect.Min.X, y):])
	}
	return out
}

// transparentIndex is the first color that cannot be seen, or 0.
func transparentIndex(palette []color.Color) uint8 {
	for i, c := range palette {
		if _, _, _, a := c.RGBA(); a == 0 {
			return uint8(i)
		}
	}
	return 0
}

// gifPalette returns the colors of the first frame of a GIF file that has
// been decoded without an error, or nil. The decoder itself forgets the color
// of a transparent pixel, which Pillow shows.
func gifPalette(file []byte) (palette [][3]uint8) {
	table := func(at int, flags byte) (end int) {
		end = at + 3<<(1+flags&7)
		if flags&0x80 == 0 || end > len(file) {
			return at
		}
		palette = nil
		for ; at < end; at += 3 {
			palette = append(palette, [3]uint8(file[at:]))
		}
		return end
	}
	const header, descriptor = 13, 10
	if len(file) < header {
		return nil
	}
	at := table(header, file[10])
	for at < len(file) && file[at] == 0x21 { // an extension: its label, then blocks with their lengths
		at += 2
		for at < len(file) && file[at] != 0 {
			at += 1 + int(file[at])
		}
		at++
	}
	if at+descriptor <= len(file) && file[at] == 0x2c {
		table(at+descriptor, file[at+descriptor-1])
	}
	return palette
}
