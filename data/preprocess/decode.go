// Package preprocess turns the bytes of an image file into the numbers that a
// model sees: decoding, resizing as Pillow does, cropping, normalizing.
package preprocess

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	_ "image/gif" // the first frame
	_ "image/jpeg"
	_ "image/png"

	_ "golang.org/x/image/bmp"
	_ "golang.org/x/image/tiff"
	_ "golang.org/x/image/webp"
)

// An Image has 8 bits for each of red, green and blue, pixel after pixel, in
// rows from the top.
type Image struct {
	W, H int
	Pix  []uint8

	form  form
	quads []uint8 // of some forms, four bytes a pixel
}

// DefaultMaxPixels is the limit of open_clip.
const DefaultMaxPixels = 128_000_000

// maxSide is as wide as a JPEG can be. The weights of a resize need memory in
// proportion to it.
const maxSide = 1 << 16

// Decode decodes a JPEG, PNG, GIF, BMP, TIFF or WebP of at most maxPixels, and
// of at most 65,536 a side. Both are checked in the header, before memory is
// taken. Of an animation, it is the first frame. Other formats are errors, which name
// AVIF, HEIC, JPEG XL and JPEG 2000.
//
// Colors become what Pillow's convert("RGB") makes of them: transparency is
// dropped, not blended, and 16 bits lose their lower half. JPEG files of the usual
// kinds, see jpegDecoder, have Pillow's pixels to the bit; those that image/jpeg
// decodes differ by up to 4 of 255, and by more where RGB is stored with fewer
// samples of green and blue. As in Pillow, too, a GIF frame smaller than its screen
// has the transparent color around it, else the first one; FillOrder 2 of TIFF is
// read; and a PNG may lack its last chunk, IEND, but nothing before.
//
// Pillow is not followed in 16-bit gray, PNG or TIFF: it turns all but the darkest
// 256th to white, where Decode keeps the upper half, as of 16-bit RGB.
//
// An orientation in the EXIF data of a JPEG, PNG or WebP is not applied, as in
// open_clip, see Config.Orient. That of a TIFF always is, since Pillow turns it as
// it reads it.
func Decode(file []byte, maxPixels int) (*Image, error) {
	return new(decoder).decode(file, maxPixels)
}

// A decoder keeps memory from one image to the next.
type decoder struct {
	jpeg  jpegDecoder
	turbo turbo // in place of jpeg, with the build tag turbojpeg
	short int   // of scaled decoding, see Config.ScaledJPEG

	white  bool // lays transparency on white
	stored bool // keeps the form of a file, see Config.Convert
}

func (d *decoder) decode(file []byte, maxPixels int) (*Image, error) {
	if len(file) == 0 {
		return nil, fmt.Errorf("preprocess: image of 0 bytes")
	}
	if turboJPEG && bytes.HasPrefix(file, []byte{0xff, 0xd8, 0xff}) {
		if m, err := d.turbo.decode(file, maxPixels, d.short, d.stored); !errors.Is(err, errNotSimple) {
			return m, err
		}
	}
	if m, err := d.jpeg.decode(file, maxPixels); err == nil {
		return d.image(m, "jpeg", file), nil
	}
	file = readable(file)
	format, w, h, err := Size(file)
	if err != nil {
		return nil, err
	}
	if err := checkSize(format, w, h, maxPixels); err != nil {
		return nil, err
	}
	if format == "jpeg" {
		if err := checkScans(file, w, h); err != nil {
			return nil, err
		}
	}
	decoded, _, err := image.Decode(reader{bytes.NewReader(file)})
	if err != nil {
		return nil, fmt.Errorf("preprocess: %w", err)
	}
	if b := decoded.Bounds(); b.Dx() < 1 || b.Dy() < 1 {
		return nil, fmt.Errorf("preprocess: %s of %d x %d pixels; want at least one", format, b.Dx(), b.Dy())
	}
	switch format {
	case "gif":
		decoded = onScreen(decoded, w, h)
	case "tiff":
		t := readTIFF(file)
		t.invertFax(decoded)
		return oriented(d.image(decoded, format, file), t.orientation()), nil
	}
	return d.image(decoded, format, file), nil
}

// readable makes a file of those that the decoders do not know whole: the first
// frame of a WebP animation, TIFF bytes whose lowest bit is first, a PNG without an end.
func readable(file []byte) []byte {
	if frame := webpFrame(file); frame != nil {
		return frame
	}
	return withEnd(readTIFF(file).highFirst())
}

// Size reads the header of an image file that Decode may know: its format, such
// as jpeg, and its size in pixels before any orientation.
func Size(file []byte) (format string, w, h int, err error) {
	if frame := webpFrame(file); frame != nil {
		file = frame
	}
	header, format, err := image.DecodeConfig(reader{bytes.NewReader(file)})
	if err != nil {
		if name := foreign(file); name != "" {
			return "", 0, 0, fmt.Errorf("preprocess: have %s image; want JPEG, PNG, GIF, BMP, TIFF or WebP", name)
		}
		if what := notImage(file); what != "" {
			return "", 0, 0, fmt.Errorf("preprocess: %w: looks like %s", err, what)
		}
		return "", 0, 0, fmt.Errorf("preprocess: %w", err)
	}
	return format, header.Width, header.Height, nil
}

// checkSize refuses the size that a header claims.
func checkSize(format string, w, h, maxPixels int) error {
	switch {
	case w < 1 || h < 1:
		return fmt.Errorf("preprocess: %s of %d x %d pixels; want at least one", format, w, h)
	case max(w, h) > maxSide:
		return fmt.Errorf("preprocess: %s of %d x %d pixels; want at most %d a side", format, w, h, maxSide)
	case int64(w)*int64(h) > int64(maxPixels):
		return fmt.Errorf("preprocess: %s of %d x %d pixels; want at most %d in all", format, w, h, maxPixels)
	}
	return nil
}

// A reader is a file in memory as the decoders want it. Without Peek, package
// image would put a buffer before it, and the TIFF decoder could not read at an
// offset without memory for all before it, up to 4 GiB for a file of 11 bytes.
type reader struct{ *bytes.Reader }

// Peek returns the next n bytes and leaves them.
func (r reader) Peek(n int) ([]byte, error) {
	b := make([]byte, n)
	k, err := r.ReadAt(b, r.Size()-int64(r.Len()))
	return b[:k], err
}

// newImage returns a black image of the size of r.
func newImage(r image.Rectangle) *Image {
	return &Image{W: r.Dx(), H: r.Dy(), Pix: make([]uint8, 3*r.Dx()*r.Dy())}
}

// formatRGB is toRGB for what package image tells too little about.
func formatRGB(decoded image.Image, format string, file []byte) *Image {
	switch m := decoded.(type) {
	case *image.YCbCr:
		if format == "webp" {
			return webpRGB(m)
		}
	case *image.NYCbCrA:
		if format == "webp" {
			return webpRGB(&m.YCbCr)
		}
	case *image.Paletted:
		if format == "gif" {
			return palettedRGB(m, gifPalette(file))
		}
	}
	return toRGB(decoded)
}

// toRGB copies the colors of m, whatever their form.
func toRGB(m image.Image) *Image {
	b := m.Bounds()
	out := newImage(b)
	switch m := m.(type) {
	case *image.Gray:
		out.rows(func(y int, dst []uint8) {
			for x, v := range m.Pix[m.PixOffset(b.Min.X, b.Min.Y+y):][:out.W] {
				dst[3*x], dst[3*x+1], dst[3*x+2] = v, v, v
			}
		})
	case *image.NRGBA:
		out.rows(func(y int, dst []uint8) { copyRGB(dst, m.Pix[m.PixOffset(b.Min.X, b.Min.Y+y):]) })
	case *image.RGBA:
		if !m.Opaque() { // its colors are multiplied by alpha
			out.each(m)
			break
		}
		out.rows(func(y int, dst []uint8) { copyRGB(dst, m.Pix[m.PixOffset(b.Min.X, b.Min.Y+y):]) })
	case *image.Paletted:
		return palettedRGB(m, nil)
	case *image.CMYK:
		out.rows(func(y int, dst []uint8) {
			row := m.Pix[m.PixOffset(b.Min.X, b.Min.Y+y):]
			for x := range out.W {
				for c := range 3 {
					dst[3*x+c] = unink(row[4*x+c], row[4*x+3])
				}
			}
		})
	case *image.YCbCr:
		return jpegRGB(m, jpegRow)
	case rgbJPEG:
		return jpegRGB(m.YCbCr, interleave)
	default:
		out.each(m)
	}
	return out
}

// palettedRGB copies the colors of m, known before m's own.
func palettedRGB(m *image.Paletted, known [][3]uint8) *Image {
	var palette [256][3]uint8
	for i, c := range m.Palette {
		palette[i] = plain(c)
	}
	copy(palette[:], known)
	out := newImage(m.Rect)
	out.rows(func(y int, dst []uint8) {
		for x, i := range m.Pix[m.PixOffset(m.Rect.Min.X, m.Rect.Min.Y+y):][:out.W] {
			copy(dst[3*x:], palette[i][:])
		}
	})
	return out
}

// rows calls f with each row of m.
func (m *Image) rows(f func(y int, dst []uint8)) {
	for y := range m.H {
		f(y, m.Pix[3*y*m.W:][:3*m.W])
	}
}

// each copies a form of image that is rare.
func (m *Image) each(from image.Image) {
	b := from.Bounds()
	m.rows(func(y int, dst []uint8) {
		for x := range m.W {
			c := plain(from.At(b.Min.X+x, b.Min.Y+y))
			copy(dst[3*x:], c[:])
		}
	})
}

// plain is a color without its transparency.
func plain(c color.Color) [3]uint8 {
	if n, ok := c.(color.NRGBA); ok { // a way through 64 bits would round
		return [3]uint8{n.R, n.G, n.B}
	}
	n := color.NRGBA64Model.Convert(c).(color.NRGBA64)
	return [3]uint8{uint8(n.R >> 8), uint8(n.G >> 8), uint8(n.B >> 8)}
}

// copyRGB drops every fourth byte.
func copyRGB(dst, rgba []uint8) {
	for i, j := 0, 0; i < len(dst); i, j = i+3, j+4 {
		dst[i], dst[i+1], dst[i+2] = rgba[j], rgba[j+1], rgba[j+2]
	}
}

// unink is what is left of white under an ink and black, as Pillow rounds it.
func unink(ink, black uint8) uint8 {
	white := 255 - int(black)
	product := int(ink)*white + 128
	return uint8(white - (product>>8+product)>>8)
}
