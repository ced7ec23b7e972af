//go:build turbojpeg

package preprocess

import (
	"bytes"
	"image"
	"image/jpeg"
	"strings"
	"testing"
)

// TestScaledJPEG decodes at the sizes that Pillow's draft takes, and keeps the
// picture.
func TestScaledJPEG(t *testing.T) {
	m := image.NewGray(image.Rect(0, 0, 101, 83))
	for i := range m.Pix {
		m.Pix[i] = uint8(i % 101)
	}
	var file bytes.Buffer
	if err := jpeg.Encode(&file, m, nil); err != nil {
		t.Fatal(err)
	}
	for _, test := range [][3]int{{84, 101, 83}, {42, 101, 83}, {41, 51, 42}, {21, 51, 42}, {20, 26, 21},
		{10, 13, 11}, {1, 13, 11}} {
		p := NewProcessor(Config{ScaledJPEG: true}, test[0])
		got, err := p.Decode(file.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if got.W != test[1] || got.H != test[2] {
			t.Errorf("for %d pixels: %d x %d; want %d x %d", test[0], got.W, got.H, test[1], test[2])
		}
		middle := got.Pix[3*(got.H/2*got.W+got.W/2)]
		if middle < 44 || middle > 56 {
			t.Errorf("for %d pixels: the middle is %d; want about 50", test[0], middle)
		}
	}
	if err := (Config{ScaledJPEG: true}).Validate(); err != nil {
		t.Error(err)
	}
}

// TestTurboDamage: a file that ends early is an error, as Pillow's; another
// byte in the middle is not.
func TestTurboDamage(t *testing.T) {
	file := read(t, "testdata/inputs/portrait_upright.jpg")
	for _, n := range []int{len(file) / 2, len(file) * 9 / 10, len(file) - 30} {
		if _, err := Decode(file[:n], 1<<20); err == nil || !strings.Contains(err.Error(), "Premature end of JPEG file") {
			t.Errorf("cut after %d of %d bytes: %v; want an error", n, len(file), err)
		}
	}
	damaged := bytes.Clone(file)
	damaged[len(file)/2] ^= 0x55
	if _, err := Decode(damaged, 1<<20); err != nil {
		t.Errorf("another byte in the middle: %v", err)
	}
	if _, err := Decode(file, 128*128-1); err == nil ||
		!strings.Contains(err.Error(), "jpeg of 128 x 128 pixels; want at most 16383 in all") {
		t.Errorf("past the limit: %v", err)
	}
	m, err := Decode(read(t, "testdata/inputs/cmyk_adobe.jpg"), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	want, err := Decode(read(t, "testdata/cmyk_adobe.png"), 1<<20)
	if err != nil || !bytes.Equal(m.Pix, want.Pix) {
		t.Errorf("CMYK differs from Pillow's, %v", err)
	}
}
