package preprocess

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func sum(pix []uint8) string { return fmt.Sprintf("%x", sha256.Sum256(pix))[:16] }

// colors is an image with every 17th value of each channel, half of them moved a bit.
func colors() []uint8 {
	pix := make([]uint8, 0, 3*64*64)
	for v := range 4096 {
		moved := uint8(0)
		if v/64%3 == 0 && v%2 == 0 {
			moved = 5
		}
		pix = append(pix, uint8(v>>8*17)^moved, uint8(v>>4&15*17)^moved, uint8(v&15*17)^moved)
	}
	return pix
}

// TestColors compares with Pillow and torchvision, to the bit.
func TestColors(t *testing.T) {
	n := 0
	for line := range strings.Lines(string(read(t, "testdata/colors.txt"))) {
		var name, want string
		var factor float64
		if _, err := fmt.Sscan(line, &name, &factor, &want); err != nil {
			t.Fatal(err)
		}
		pix := colors()
		map[string]func([]uint8, float64){
			"brightness": brightness, "contrast": contrast, "saturation": saturation, "hue": hue,
			"gray": func(pix []uint8, _ float64) { grayscale(pix) },
		}[name](pix, factor)
		if got := sum(pix); got != want {
			t.Errorf("%s %g has the sum %s, want %s", name, factor, got, want)
		}
		n++
	}
	if n != 21 {
		t.Errorf("%d golden values, want 21", n)
	}
}

// TestJitter draws within bounds, and nothing where nothing is asked for.
func TestJitter(t *testing.T) {
	gray := slices.Repeat([]uint8{100, 100, 100}, 64)
	var least, most uint8 = 255, 0
	for seed := range uint64(300) {
		pix := slices.Clone(gray)
		jitter(pix, []float64{0.4, 0, 0, 0}, rand.New(rand.NewPCG(seed, 1)))
		least, most = min(least, pix[0]), max(most, pix[0])
	}
	if least < 60 || least > 63 || most > 140 || most < 137 {
		t.Errorf("brightness 0.4 of 100 gives %d to %d; want nearly 60 to 140", least, most)
	}
	pix := colors()
	jitter(pix, make([]float64, 4), rand.New(rand.NewPCG(1, 1)))
	if !slices.Equal(pix, colors()) {
		t.Error("a jitter of nothing changes colors")
	}
	m := &Image{W: 8, H: 8, Pix: colors()[:192]}
	train := func(a Augment, seed uint64) []float32 {
		dst := make([]float32, 192)
		NewProcessor(Config{Augment: a}, 8).Train(dst, m, rand.New(rand.NewPCG(seed, 0)))
		return dst
	}
	plain := train(Augment{}, 1)
	changed := 0
	for seed := range uint64(200) {
		if !slices.Equal(train(Augment{ColorJitter: []float64{0.3, 0.3, 0.3, 0.1}, ColorJitterProb: 0.25}, seed), plain) {
			changed++
		}
	}
	if changed < 30 || changed > 70 {
		t.Errorf("a jitter with probability 0.25 changes %d of 200 images", changed)
	}
	grayed := train(Augment{Gray: 1}, 1)
	for i := range 64 {
		r := float64(grayed[i])*CLIPStd[0] + CLIPMean[0]
		b := float64(grayed[128+i])*CLIPStd[2] + CLIPMean[2]
		if math.Abs(r-b) > 1e-6 {
			t.Fatalf("pixel %d has red %g and blue %g; want gray", i, r, b)
		}
	}
}

// TestOrientation compares each with Pillow, and reads it from three formats.
func TestOrientation(t *testing.T) {
	m := &Image{W: 5, H: 3, Pix: make([]uint8, 45)}
	for i := range 15 {
		m.Pix[3*i], m.Pix[3*i+1] = uint8(i%5*50), uint8(i/5*80)
	}
	m.Pix[0], m.Pix[1], m.Pix[2] = 255, 255, 255
	want := map[int]string{}
	for line := range strings.Lines(string(read(t, "testdata/orientations.txt"))) {
		var o, w, h int
		var s string
		if _, err := fmt.Sscan(line, &o, &w, &h, &s); err != nil {
			t.Fatal(err)
		}
		want[o] = s
		if got := oriented(m, o); got.W != w || got.H != h || sum(got.Pix) != s {
			t.Errorf("orientation %d: %d x %d with %s; want %d x %d with %s", o, got.W, got.H, sum(got.Pix), w, h, s)
		}
	}
	p := NewProcessor(Config{Orient: true}, 2)
	for name, o := range map[string]int{"orient_6.jpg": 6, "orient_8.png": 8, "orient_3.webp": 3, "gray.jpg": 1} {
		file := read(t, "testdata/inputs/"+name)
		if got := Orientation(file); got != o {
			t.Errorf("%s: orientation %d, want %d", name, got, o)
		}
		got, err := p.Decode(file)
		if err != nil {
			t.Fatal(err)
		}
		if exact := strings.HasPrefix(name, "orient") && !strings.HasSuffix(name, "jpg"); exact && sum(got.Pix) != want[o] {
			t.Errorf("%s: sum %s, want %s", name, sum(got.Pix), want[o])
		}
		for cut := range min(len(file), 400) { // no part of a file makes it panic
			Orientation(file[:cut])
		}
	}
	if m, err := NewProcessor(Config{}, 2).Decode(read(t, "testdata/inputs/orient_6.jpg")); err != nil || m.W != 5 {
		t.Errorf("without orient: %v, width %d; want 5, as stored", err, m.W)
	}
	plain := read(t, "testdata/inputs/gray.jpg")
	for o := 1; o <= 8; o++ {
		turned := WithOrientation(plain, o)
		a, err := Decode(turned, 1<<20)
		b, err2 := Decode(plain, 1<<20)
		if got := Orientation(turned); got != o || err != nil || err2 != nil || !slices.Equal(a.Pix, b.Pix) {
			t.Errorf("WithOrientation %d: orientation %d, %v, %v; want the same pixels", o, got, err, err2)
		}
	}
	odd := append([]byte{0xff, 0xd8, 0xff, 0xe1, 0, 22}, "Exif\x00\x00MM\x00*\xff\xff\xff\xff\x00\x00\x00\x00"...)
	if got := Orientation(odd); got != 1 {
		t.Errorf("an offset beyond the data: orientation %d, want 1", got)
	}
	binary.BigEndian.PutUint32(odd[len(odd)-8:], 8)
	if got := Orientation(odd); got != 1 {
		t.Errorf("no entries: orientation %d, want 1", got)
	}
}

// TestCMYK compares a JPEG of inverted inks, as Adobe writes them, with Pillow.
func TestCMYK(t *testing.T) {
	got, err := Decode(read(t, "testdata/inputs/cmyk_adobe.jpg"), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	want, err := Decode(read(t, "testdata/cmyk_adobe.png"), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got.Pix, want.Pix) {
		t.Error("differs from Pillow's")
	}
}
