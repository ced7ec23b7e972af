package preprocess

import (
	"bytes"
	"image"
	"image/color/palette"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"path/filepath"
	"testing"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"

	"github.com/goclip/goclip/internal/bounded"
)

// FuzzDecode: whatever a file holds, it is an image within the limit or an
// error, in memory in proportion to the limit and the file.
func FuzzDecode(f *testing.F) {
	paths, err := filepath.Glob("testdata/inputs/*")
	odd, err2 := filepath.Glob("testdata/odd/*")
	if err != nil || err2 != nil {
		f.Fatal(err, err2)
	}
	for _, path := range append(paths, odd...) {
		if file := read(f, path); len(file) < 4000 {
			f.Add(file)
		}
	}
	m := image.NewPaletted(image.Rect(0, 0, 9, 7), palette.Plan9)
	for i := range m.Pix {
		m.Pix[i] = uint8(37 * i)
	}
	for _, encode := range []func(io.Writer) error{
		func(w io.Writer) error { return png.Encode(w, m) },
		func(w io.Writer) error { return gif.Encode(w, m, nil) },
		func(w io.Writer) error { return jpeg.Encode(w, m, nil) },
		func(w io.Writer) error { return bmp.Encode(w, m) },
		func(w io.Writer) error { return tiff.Encode(w, m, nil) },
		func(w io.Writer) error { return tiff.Encode(w, m, &tiff.Options{Compression: tiff.Deflate}) },
	} {
		var file bytes.Buffer
		if err := encode(&file); err != nil {
			f.Fatal(err)
		}
		f.Add(file.Bytes())
	}
	const maxPixels = 1 << 16
	var processors []*Processor
	for _, c := range []Config{
		{}, {Alpha: "white", PillowVersion: 13}, {Convert: "after", Orient: true}, {Convert: "after", PillowVersion: 13},
	} {
		c.MaxPixels = maxPixels
		processors = append(processors, NewProcessor(c, 8))
	}
	dst := make([]float32, 3*8*8)
	f.Fuzz(func(t *testing.T, file []byte) {
		bounded.Run(t, uint64(1+len(processors))*decodeBytes(maxPixels, len(file)), func() {
			m, err := Decode(file, maxPixels)
			if err != nil {
				return
			}
			if m.W < 1 || m.H < 1 || m.W*m.H > maxPixels || len(m.Pix) != 3*m.W*m.H {
				t.Fatalf("decoded %d bytes of %d x %d", len(m.Pix), m.W, m.H)
			}
			for _, p := range processors {
				if m, err = p.Decode(file); err != nil {
					t.Fatalf("decoded once, and then: %v", err)
				}
				p.Eval(dst, m)
			}
		})
	})
}

// decodeBytes is what decoding may allocate: 32 bytes a pixel, twice the pixels
// of 16 bits and the coefficients of a progressive JPEG, and some for the file.
func decodeBytes(pixels, file int) uint64 {
	return 4<<20 + 32*uint64(pixels) + 64*uint64(file)
}
