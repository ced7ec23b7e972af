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
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range paths {
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
	p := NewProcessor(Config{}, 8)
	dst := make([]float32, 3*8*8)
	f.Fuzz(func(t *testing.T, file []byte) {
		bounded.Run(t, decodeBytes(maxPixels, len(file)), func() {
			m, err := Decode(file, maxPixels)
			if err != nil {
				return
			}
			if m.W < 1 || m.H < 1 || m.W*m.H > maxPixels || len(m.Pix) != 3*m.W*m.H {
				t.Fatalf("decoded %d bytes of %d x %d", len(m.Pix), m.W, m.H)
			}
			p.Eval(dst, m)
		})
	})
}

// decodeBytes is what decoding may allocate: 32 bytes a pixel, twice the pixels
// of 16 bits and the coefficients of a progressive JPEG, and some for the file.
func decodeBytes(pixels, file int) uint64 {
	return 4<<20 + 32*uint64(pixels) + 64*uint64(file)
}
