package preprocess

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"image"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const shared = "../../../shared"

// TestGolden compares with what Pillow makes of a file, to the bit. It runs on
// testdata, and on all golden values when they are there.
func TestGolden(t *testing.T) {
	folders := []string{"testdata"}
	if _, err := os.Stat(filepath.Join(shared, "parity/preprocess")); err == nil {
		folders = append(folders, filepath.Join(shared, "parity/preprocess"))
	}
	for _, folder := range folders {
		files, err := filepath.Glob(filepath.Join(folder, "expected", "*.png"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: no golden values, %v", folder, err)
		}
		for _, file := range files {
			parts := strings.Split(filepath.Base(file), ".")
			name, mode := strings.Join(parts[:2], "."), parts[3]
			var size int
			if _, err := fmt.Sscan(parts[2], &size); err != nil {
				t.Fatal(err)
			}
			p := NewProcessor(Config{Resize: mode}, size)
			m, err := Decode(read(t, filepath.Join(folder, "inputs", name)), 1<<30)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			p.fit(m)
			want, err := Decode(read(t, file), 1<<30)
			if err != nil {
				t.Fatal(err)
			}
			for i, v := range want.Pix {
				if p.square[i] != v {
					t.Errorf("%s: value %d is %d; want %d", filepath.Base(file), i, p.square[i], v)
					break
				}
			}
		}
	}
}

// TestPixels compares with the colors of Pillow's convert("RGB"): palettes,
// transparency, 1 and 16 bits, and the chroma of WebP.
func TestPixels(t *testing.T) {
	compared := 0
	for line := range strings.Lines(string(read(t, "testdata/pixels.txt"))) {
		var name, want string
		var w, h int
		if _, err := fmt.Sscan(line, &name, &w, &h, &want); err != nil {
			t.Fatal(err)
		}
		file, err := os.ReadFile(filepath.Join("testdata/inputs", name))
		if err != nil {
			if file, err = os.ReadFile(filepath.Join(shared, "data/tricky-images/files", name)); err != nil {
				continue // needs the shared data
			}
		}
		compared++
		m, err := Decode(file, 1<<24)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := fmt.Sprintf("%x", sha256.Sum256(m.Pix))[:16]; m.W != w || m.H != h || got != want {
			t.Errorf("%s: %d x %d pixels with sum %s; want %d x %d with %s", name, m.W, m.H, got, w, h, want)
		}
		if _, gotW, gotH, err := Size(file); gotW != w || gotH != h || err != nil {
			t.Errorf("Size of %s = %d x %d, %v; want %d x %d", name, gotW, gotH, err, w, h)
		}
	}
	if compared < 6 {
		t.Errorf("compared %d images; want at least those of testdata", compared)
	}
}

// TestOdd decodes files that break image pipelines, which testdata/make_odd.py
// makes: the pixels are Pillow's, or the error says what is wrong.
func TestOdd(t *testing.T) {
	n := 0
	for line := range strings.Lines(string(read(t, "testdata/odd.txt"))) {
		name, want, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		file := read(t, filepath.Join("testdata/odd", name))
		n++
		m, err := Decode(file, 1<<20)
		if text, bad := strings.CutPrefix(want, "error: "); bad {
			if err == nil || !strings.Contains(err.Error(), text) {
				t.Errorf("%s: %v; want error with %q", name, err, text)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := fmt.Sprintf("%d %d %s", m.W, m.H, sum(m.Pix)); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
		NewProcessor(Config{}, 32).Eval(make([]float32, 3*32*32), m)
	}
	if n != 72 {
		t.Errorf("%d files, want 72", n)
	}
}

// TestTricky decodes 97 odd files: 69 decode, the others are errors. Libjpeg
// passes over the damage of one more.
func TestTricky(t *testing.T) {
	folder := filepath.Join(shared, "data/tricky-images/files")
	files, err := os.ReadDir(folder)
	if err != nil {
		t.Skipf("needs the odd images: %v", err)
	}
	decoded := 0
	for _, f := range files {
		m, err := Decode(read(t, filepath.Join(folder, f.Name())), 64<<20)
		if err != nil {
			continue
		}
		decoded++
		dst := make([]float32, 3*32*32)
		NewProcessor(Config{}, 32).Eval(dst, m)
	}
	want := 69
	if turboJPEG {
		want = 70
	}
	if len(files) != 97 || decoded != want {
		t.Errorf("%d of %d files decode; want %d of 97", decoded, len(files), want)
	}
}

func TestDecodeErrors(t *testing.T) {
	encode := func(w, h int) *bytes.Buffer {
		var b bytes.Buffer
		if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, w, h))); err != nil {
			t.Fatal(err)
		}
		return &b
	}
	large := encode(100, 30)
	for _, test := range []struct {
		file []byte
		most int
		want string
	}{
		{nil, 1, "0 bytes"},
		{[]byte("no image"), 1, "unknown format"},
		{large.Bytes(), 2999, "png of 100 x 30 pixels; want at most 2999 in all"},
		{large.Bytes()[:40], 3000, "EOF"},
		{encode(70_000, 1).Bytes(), 1 << 20, "want at most 65536 a side"},
	} {
		if _, err := Decode(test.file, test.most); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("Decode(%d bytes): %v; want error with %q", len(test.file), err, test.want)
		}
	}
}

func TestNormalize(t *testing.T) {
	p := NewProcessor(Config{}, 2)
	m := &Image{W: 2, H: 2, Pix: []uint8{255, 0, 51, 1, 2, 3, 4, 5, 6, 7, 8, 9}}
	dst := make([]float32, 12)
	p.Eval(dst, m)
	for c, v := range []float64{1, 0, 0.2} { // the first pixel, in each plane
		if want := (v - CLIPMean[c]) / CLIPStd[c]; math.Abs(float64(dst[4*c])-want) > 1e-6 {
			t.Errorf("channel %d = %g, want %g", c, dst[4*c], want)
		}
	}
	back := func(v float32, c int) int { return int(math.Round((float64(v)*CLIPStd[c] + CLIPMean[c]) * 255)) }
	if got := []int{back(dst[1], 0), back(dst[2], 0), back(dst[3], 0)}; !slices.Equal(got, []int{1, 4, 7}) {
		t.Errorf("reds %v, want 1 4 7 in reading order", got)
	}
}

// An image that has the wanted size in one direction is not changed in it.
func TestSameSize(t *testing.T) {
	for _, size := range [][2]int{{8, 8}, {8, 13}, {13, 8}} {
		m := &Image{W: size[0], H: size[1], Pix: make([]uint8, 3*size[0]*size[1])}
		rng := rand.New(rand.NewPCG(1, 1))
		for i := range m.Pix {
			m.Pix[i] = uint8(rng.Uint32())
		}
		p := NewProcessor(Config{}, 8)
		p.fit(m)
		left, top := (m.W-8)/2, (m.H-8)/2 // 2.5 rounds to 2
		for y := range 8 {
			got, want := p.square[24*y:][:24], m.Pix[3*((top+y)*m.W+left):][:24]
			if !slices.Equal(got, want) {
				t.Errorf("%v: row %d = %v, want %v", size, y, got, want)
			}
		}
	}
}

// TestAugment checks each augmentation on an image whose pixels hold their place.
func TestAugment(t *testing.T) {
	const s = 8
	m := &Image{W: s, H: s, Pix: make([]uint8, 3*s*s)}
	for i := range s * s {
		m.Pix[3*i], m.Pix[3*i+1], m.Pix[3*i+2] = uint8(1+i%s), uint8(1+i/s), 200
	}
	identity := Config{Mean: []float64{0, 0, 0}, Std: []float64{1. / 255, 1. / 255, 1. / 255}}
	run := func(a Augment, seed uint64) []float32 {
		c := identity
		c.Augment = a
		dst := make([]float32, 3*s*s)
		NewProcessor(c, s).Train(dst, m, rand.New(rand.NewPCG(seed, 0)))
		for i := range dst {
			dst[i] = float32(math.Round(float64(dst[i])))
		}
		return dst
	}
	plain := run(Augment{}, 1)
	flipped := run(Augment{Flip: 1}, 1)
	for i := range s * s {
		if want := plain[i/s*s+s-1-i%s]; flipped[i] != want {
			t.Fatalf("flipped pixel %d = %g, want %g", i, flipped[i], want)
		}
	}
	seen := map[[2]int]bool{}
	for seed := range uint64(200) {
		got := run(Augment{Pad: 2}, seed)
		dx, dy := 99, 99
		for i, v := range got[:s*s] { // every pixel that is not black has moved alike
			if v > 0 {
				x, y := int(v)-1-i%s, int(got[s*s+i])-1-i/s
				if dx == 99 {
					dx, dy = x, y
				}
				if x != dx || y != dy {
					t.Fatalf("seed %d: pixel %d moved by %d, %d, others by %d, %d", seed, i, x, y, dx, dy)
				}
			}
		}
		seen[[2]int{dx, dy}] = true
	}
	if len(seen) != 25 {
		t.Errorf("%d different shifts by a padding of 2, want 25", len(seen))
	}
	if !slices.Equal(run(Augment{CropScale: []float64{0.5, 1}, Pad: 1, Flip: 0.5}, 5),
		run(Augment{CropScale: []float64{0.5, 1}, Pad: 1, Flip: 0.5}, 5)) {
		t.Error("one seed gives two images")
	}
}

// TestCrop draws crops of the areas and ratios that are wanted: the area is
// uniform, the ratio log-uniform, as torchvision's, so that half of the crops are
// wide. An image in which no such crop fits gives the largest around its middle.
func TestCrop(t *testing.T) {
	const n = 4000
	m := &Image{W: 1000, H: 1000}
	a := Augment{CropScale: []float64{0.02, 0.2}, CropRatio: []float64{1. / 4, 4}}
	var areas, ratios []float64
	for seed := range uint64(n) {
		r := randomCrop(m, a, rand.New(rand.NewPCG(seed, 0)))
		area, ratio := float64(r.w*r.h)/1e6, float64(r.w)/float64(r.h)
		if r.x < 0 || r.y < 0 || r.x+r.w > m.W || r.y+r.h > m.H || area < 0.019 || area > 0.201 ||
			ratio < 0.248 || ratio > 4.04 {
			t.Fatalf("seed %d: crop %+v of area %.3f and ratio %.3f", seed, r, area, ratio)
		}
		areas, ratios = append(areas, area), append(ratios, ratio)
	}
	slices.Sort(areas)
	slices.Sort(ratios)
	for i, share := range []float64{0.25, 0.5, 0.75} {
		// Quartiles of 4000 draws: four standard deviations are 0.03 of the range.
		if got, want := areas[n*(i+1)/4], 0.02+0.18*share; math.Abs(got-want) > 0.03*0.18 {
			t.Errorf("area: %g of the crops are below %.4f, want %.4f", share, got, want)
		}
		if got, want := math.Log(ratios[n*(i+1)/4]), math.Log(16)*(share-0.5); math.Abs(got-want) > 0.03*math.Log(16) {
			t.Errorf("ratio: %g of the crops are below exp(%.3f), want exp(%.3f)", share, got, want)
		}
	}
	for _, test := range []struct {
		m    *Image
		want rect
	}{{&Image{W: 20, H: 10}, rect{3, 0, 13, 10}}, {&Image{W: 10, H: 20}, rect{0, 3, 10, 13}}} {
		whole := Augment{CropScale: []float64{1, 1}, CropRatio: []float64{3. / 4, 4. / 3}}
		if got := randomCrop(test.m, whole, rand.New(rand.NewPCG(1, 0))); got != test.want {
			t.Errorf("the whole of %d x %d: %+v, want %+v", test.m.W, test.m.H, got, test.want)
		}
	}
}

// TestDefaults states every default, and that they are the same when set twice.
func TestDefaults(t *testing.T) {
	for _, test := range []struct{ c, want Config }{
		{Config{}, Config{
			Normalize: "clip", Rescale: 1. / 255, Resize: "shortest", Interpolation: "bicubic", CropOffset: "round",
			Alpha: "drop", Convert: "before", PillowVersion: 12, MaxPixels: 128_000_000,
		}},
		{
			Config{Mean: []float64{0, 0, 0}, Std: []float64{1, 1, 1},
				Augment: Augment{CropScale: []float64{0.5, 1}, ColorJitter: []float64{1, 1, 1, 0}}},
			Config{
				Mean: []float64{0, 0, 0}, Std: []float64{1, 1, 1}, Rescale: 1. / 255, Resize: "shortest",
				Interpolation: "bicubic", CropOffset: "round", Alpha: "drop", Convert: "before", PillowVersion: 12,
				MaxPixels: 128_000_000,
				Augment: Augment{
					CropScale: []float64{0.5, 1}, CropRatio: []float64{0.75, 1.3333333333333333},
					ColorJitter: []float64{1, 1, 1, 0}, ColorJitterProb: 1,
				},
			},
		},
	} {
		for range 2 {
			if test.c.SetDefaults(); !cmp.Equal(test.c, test.want) {
				t.Errorf("defaults (-want +got):\n%s", cmp.Diff(test.want, test.c))
			}
		}
		if err := test.c.Validate(); err != nil {
			t.Errorf("Validate of the defaults: %v", err)
		}
	}
}

func TestConfigErrors(t *testing.T) {
	for want, c := range map[string]Config{
		"mean [1]":           {Mean: []float64{1}, Std: []float64{1}},
		"std [1 0 1]":        {Mean: []float64{1, 1, 1}, Std: []float64{1, 0, 1}},
		`resize "stretch"`:   {Resize: "stretch"},
		"max_pixels -1":      {MaxPixels: -1},
		"crop_scale [0 1]":   {Augment: Augment{CropScale: []float64{0, 1}}},
		"crop_ratio [2 1]":   {Augment: Augment{CropRatio: []float64{2, 1}}},
		"augment.pad -1":     {Augment: Augment{Pad: -1}},
		"augment.flip 1.5 i": {Augment: Augment{Flip: 1.5}},
		`normalize "siglip"`: {Normalize: "siglip"},
		"and mean [1 1 1]":   {Normalize: "clip", Mean: []float64{1, 1, 1}, Std: []float64{1, 1, 1}},
		"color_jitter [1]":   {Augment: Augment{ColorJitter: []float64{1}}},
		"hue at most 0.5":    {Augment: Augment{ColorJitter: []float64{1, 1, 1, 1}}},
		"no libjpeg-turbo":   {ScaledJPEG: true},
		"gray 2":             {Augment: Augment{Gray: 2}},
		"rescale -1":         {Rescale: -1},
		"resize_size -1":     {ResizeSize: -1},
		"longest and":        {Resize: "longest", ResizeSize: 9},
		`"lanczos"; want bi`: {Interpolation: "lanczos"},
		`"ceil"; want round`: {CropOffset: "ceil"},
		`alpha "black"`:      {Alpha: "black"},
		`convert "never"`:    {Convert: "never"},
		"white and convert":  {Alpha: "white", Convert: "after"},
		"pillow_version 11":  {PillowVersion: 11},
		"fill [1 2]":         {Fill: []int{1, 2}},
		"fill [0 0 256]":     {Fill: []int{0, 0, 256}},
	} {
		if c.ScaledJPEG && turboJPEG {
			continue
		}
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Validate(%+v) = %v; want error with %q", c, err, want)
		}
	}
	if err := (Config{}).Validate(); err != nil {
		t.Errorf("the zero value: %v", err)
	}
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func BenchmarkEval(b *testing.B) {
	for _, size := range [][3]int{{500, 375, 224}, {32, 32, 32}} {
		m := &Image{W: size[0], H: size[1], Pix: make([]uint8, 3*size[0]*size[1])}
		p, dst := NewProcessor(Config{}, size[2]), make([]float32, 3*size[2]*size[2])
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			for b.Loop() {
				p.Eval(dst, m)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "images/s")
		})
	}
}
