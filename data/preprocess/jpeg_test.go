package preprocess

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/jpeg"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goclip/goclip/internal/bounded"
)

// jpegs are those of testdata that the decoder of this package is for.
func jpegs(t testing.TB) (paths []string) {
	paths, err := filepath.Glob("testdata/inputs/jpeg_*.jpg")
	if err != nil || len(paths) < 10 {
		t.Fatalf("%d files, %v", len(paths), err)
	}
	return paths
}

// TestJPEGPlanes compares samples with those of image/jpeg, whose transform
// rounds otherwise; TestPixels compares with libjpeg's.
func TestJPEGPlanes(t *testing.T) {
	var d jpegDecoder
	for _, path := range jpegs(t) {
		file := read(t, path)
		got, err := d.decode(file, 1<<20)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		want, err := jpeg.Decode(bytes.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		if d := planesDifference(t, got, want); d > 2 {
			t.Errorf("%s: a sample differs by %d; want 2 at most", path, d)
		}
	}
}

// planesDifference is the largest difference of two samples at one place.
func planesDifference(t *testing.T, got, want image.Image) (most int) {
	t.Helper()
	if got.Bounds() != want.Bounds() {
		t.Fatalf("bounds %v; want %v", got.Bounds(), want.Bounds())
	}
	compare := func(got, want uint8) { most = max(most, int(got)-int(want), int(want)-int(got)) }
	for y := range want.Bounds().Dy() {
		for x := range want.Bounds().Dx() {
			switch want := want.(type) {
			case *image.Gray:
				compare(got.(*image.Gray).GrayAt(x, y).Y, want.GrayAt(x, y).Y)
			case *image.CMYK:
				a, b := got.(*image.CMYK).CMYKAt(x, y), want.CMYKAt(x, y)
				compare(a.C, b.C)
				compare(a.M, b.M)
				compare(a.Y, b.Y)
				compare(a.K, b.K)
			case *image.YCbCr:
				a, b := got.(*image.YCbCr).YCbCrAt(x, y), want.YCbCrAt(x, y)
				compare(a.Y, b.Y)
				compare(a.Cb, b.Cb)
				compare(a.Cr, b.Cr)
			}
		}
	}
	return most
}

// TestJPEGScans refuses a large picture whose scans come again and again, which
// would take minutes.
func TestJPEGScans(t *testing.T) {
	file := read(t, "testdata/inputs/jpeg_progressive_gray.jpg")
	frame, scan := bytes.Index(file, []byte{0xff, 0xc2}), bytes.LastIndex(file, []byte{0xff, 0xda})
	large := bytes.Clone(file[:len(file)-2])
	binary.BigEndian.PutUint16(large[frame+5:], 11_000)
	binary.BigEndian.PutUint16(large[frame+7:], 11_000)
	for range 20 {
		large = append(large, large[scan:len(file)-2]...)
	}
	bounded.Run(t, 1<<20, func() {
		want := "jpeg of 11000 x 11000 pixels in 26 scans; want at most 21"
		if _, err := Decode(large, DefaultMaxPixels); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Decode = %v; want %q", err, want)
		}
	})
	if err := checkScans(file, 11_000, 11_000); err != nil {
		t.Errorf("the scans of a usual file: %v", err)
	}
}

// TestJPEGDamage holds that a file which image/jpeg refuses is refused, so that
// it is the one to say what is wrong: cut anywhere, and with bytes that are others.
func TestJPEGDamage(t *testing.T) {
	var d jpegDecoder
	rng := rand.New(rand.NewPCG(9, 9))
	accepted, refused := 0, 0
	try := func(path string, file []byte) {
		if _, err := d.decode(file, 1<<16); err != nil {
			refused++
			return
		}
		accepted++
		if _, err := jpeg.Decode(bytes.NewReader(file)); err != nil {
			t.Errorf("%s, damaged: accepts what image/jpeg refuses: %v", path, err)
		}
	}
	for _, path := range jpegs(t) {
		file := read(t, path)
		for n := 0; n < len(file); n += 1 + rng.IntN(5) {
			try(path, file[:n])
		}
		for range 400 {
			damaged := bytes.Clone(file)
			for range 1 + rng.IntN(2) {
				damaged[rng.IntN(len(damaged))] = byte(rng.Uint32())
			}
			try(path, damaged)
		}
	}
	if accepted < 100 || refused < 100 {
		t.Errorf("%d damaged files accepted, %d refused; want many of both", accepted, refused)
	}
}
