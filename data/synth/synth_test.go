package synth

import (
	"bytes"
	"context"
	"errors"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"
)

// Each color and each shape is equally frequent in training, and so is what
// is held out.
func TestHeldOut(t *testing.T) {
	byColor, byShape := make([]int, len(colors)), make([]int, len(shapes))
	for class := range Classes() {
		if HeldOut(class) {
			byColor[class/len(shapes)]++
			byShape[class%len(shapes)]++
		}
	}
	for i := range colors {
		if byColor[i] != 2 || byShape[i] != 2 {
			t.Errorf("%s misses %d shapes, %s misses %d colors; want 2",
				colors[i].name, byColor[i], shapes[i].name, byShape[i])
		}
	}
}

// The words of every caption name its class, whatever the grammar made of it.
func TestCaptionsNameTheirClass(t *testing.T) {
	for split := Train; split <= Unseen; split++ {
		perClass := make([]int, len(Classes()))
		n := 20 * len(classesOf(split))
		for i := range n {
			s := Config{Seed: 3}.Scene(split, i)
			if class, err := classOf(s.Caption); err != nil || class != s.Class {
				t.Fatalf("%v %d: caption %q is of class %d, %v; want %d", split, i, s.Caption, class, err, s.Class)
			}
			perClass[s.Class]++
		}
		for class, got := range perClass {
			want := 20
			if HeldOut(class) != (split == Unseen) {
				want = 0
			}
			if got != want {
				t.Errorf("%v: class %s occurs %d times; want %d", split, Classes()[class], got, want)
			}
		}
	}
}

func TestScanCaptions(t *testing.T) {
	seq := func(captions ...string) func(func(string, error) bool) {
		return func(yield func(string, error) bool) {
			for _, c := range captions {
				if !yield(c, nil) {
					return
				}
			}
		}
	}
	scan, err := ScanCaptions(seq("A red circle!", "circle, RED", "the star is blue"))
	if err != nil || scan.Captions != 3 || scan.PerClass[0] != 2 {
		t.Errorf("ScanCaptions = %v, %v; want 3 captions, 2 of class 0", scan, err)
	}
	if got, want := scan.String(),
		"3 training captions name 2 of 144 combinations of color and shape, and none of the 24 held out"; got != want {
		t.Errorf("String = %q, want %q", got, want)
	}
	heldOut := Classes()[slices.IndexFunc(Classes(), func(name string) bool {
		return HeldOut(slices.Index(Classes(), name))
	})]
	for caption, want := range map[string]string{
		"one " + heldOut:             "training must not show",
		"a circle":                   "want a color and a shape",
		"reddish circle":             "want a color and a shape",
		"a red circle and a star":    "several",
		"a red circle on blue paper": "several",
	} {
		if _, err := ScanCaptions(seq(caption)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ScanCaptions(%q) = %v; want error with %q", caption, err, want)
		}
	}
	broken := errors.New("broken")
	_, err = ScanCaptions(func(yield func(string, error) bool) { yield("", broken) })
	if !errors.Is(err, broken) {
		t.Errorf("ScanCaptions = %v; want the error of the captions", err)
	}
}

// Every shape leaves ground around it, fills a good part of its circle, and has
// mostly the color of its name.
func TestDraw(t *testing.T) {
	for _, size := range []int{32, 64} {
		painter := NewPainter(size)
		for i := range 240 {
			s := Config{Seed: 5, Size: size}.Scene(Train, i)
			file, err := painter.Draw(s)
			if err != nil {
				t.Fatal(err)
			}
			m, err := png.Decode(bytes.NewReader(file))
			if err != nil || m.Bounds().Dx() != size || m.Bounds().Dy() != size {
				t.Fatalf("scene %d: %v, %v; want %d pixels square", i, m, err, size)
			}
			count := make(map[[3]uint8]int)
			for y := range size {
				for x := range size {
					r, g, b, _ := m.At(x, y).RGBA()
					count[[3]uint8{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8)}]++
				}
			}
			ground := count[s.Ground]
			inside := size*size - ground
			delete(count, s.Ground)
			most := s.Ground
			for c, n := range count {
				if n > count[most] || n == count[most] && c == s.Color {
					most = c
				}
			}
			square := 4 * s.Radius * s.Radius * float64(size*size)
			if float64(inside) < 0.2*square || ground < size*size/10 || nearest(most) != s.Class/len(shapes) {
				t.Errorf("size %d, %s: %d pixels of ground, %d inside a square of %.0f, most of them %v",
					size, s.Caption, ground, inside, square, most)
			}
		}
	}
}

// nearest is the color that looks most like c.
func nearest(c [3]uint8) int {
	distance := func(a paint) (sum int) {
		for i := range c {
			d := int(a.rgb[i]) - int(c[i])
			sum += d * d
		}
		return sum
	}
	best := slices.MinFunc(colors, func(a, b paint) int { return distance(a) - distance(b) })
	return slices.IndexFunc(colors, func(a paint) bool { return a == best })
}

// readShards returns the rows of the shards that a pattern matches.
func readShards[R any](t *testing.T, pattern string) (rows []R) {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s: %v, %v; want shards", pattern, paths, err)
	}
	for _, path := range paths {
		part, err := parquet.ReadFile[R](path)
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, part...)
	}
	return rows
}

func TestWrite(t *testing.T) {
	small := Config{Seed: 1, Train: 250, ValSeen: 20, ValUnseen: 30, ShardRows: 100}
	hf, i2d := t.TempDir(), filepath.Join(t.TempDir(), "new", "folder")
	if err := Write(t.Context(), hf, small); err != nil {
		t.Fatal(err)
	}
	other := small
	other.Layout = "img2dataset"
	if err := Write(t.Context(), i2d, other); err != nil {
		t.Fatal(err)
	}
	for split, want := range []int{250, 20, 30} {
		pattern := Split(split).String() + "-*.parquet"
		a := readShards[huggingFaceRow](t, filepath.Join(hf, pattern))
		b := readShards[img2datasetRow](t, filepath.Join(i2d, pattern))
		if len(a) != want || len(b) != want {
			t.Fatalf("%s: %d and %d rows; want %d", pattern, len(a), len(b), want)
		}
		for i := range a {
			if !bytes.Equal(a[i].Image.Bytes, b[i].PNG) || a[i].Caption != b[i].Caption || a[i].Label != b[i].Label {
				t.Fatalf("%s: row %d differs between layouts", pattern, i)
			}
			if HeldOut(int(a[i].Label)) != (Split(split) == Unseen) {
				t.Errorf("%s: row %d is %q", pattern, i, a[i].Caption)
			}
		}
	}
	entries, err := os.ReadDir(hf)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if diff := cmp.Diff([]string{"classes.txt", "templates.txt", "train-00000-of-00003.parquet",
		"train-00001-of-00003.parquet",
		"train-00002-of-00003.parquet", "val-seen-00000-of-00001.parquet",
		"val-unseen-00000-of-00001.parquet", record}, names); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

// The same config gives the same bytes; a folder keeps its world.
func TestWriteAgain(t *testing.T) {
	c := Config{Train: 30, ValSeen: 5, ValUnseen: 5}
	a, b := t.TempDir(), t.TempDir()
	for _, folder := range []string{a, b} {
		if err := Write(t.Context(), folder, c); err != nil {
			t.Fatal(err)
		}
	}
	const shard = "train-00000-of-00001.parquet"
	first, err := os.ReadFile(filepath.Join(a, shard))
	if err != nil {
		t.Fatal(err)
	}
	second, err := os.ReadFile(filepath.Join(b, shard))
	if err != nil || !bytes.Equal(first, second) {
		t.Errorf("two worlds of one config differ; %v", err)
	}

	if err := os.Remove(filepath.Join(a, shard)); err != nil {
		t.Fatal(err)
	}
	if err := Write(t.Context(), a, c); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(a, shard)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a finished world was written again: %v", err)
	}
	c.Seed = 9
	if err := Write(t.Context(), a, c); err == nil || !strings.Contains(err.Error(), "another folder") {
		t.Errorf("Write of another world = %v; want a refusal", err)
	}
}

func TestWriteStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	folder := t.TempDir()
	if err := Write(ctx, folder, Config{Train: 30, ValSeen: 5, ValUnseen: 5}); !errors.Is(err, context.Canceled) {
		t.Errorf("Write = %v; want %v", err, context.Canceled)
	}
	if entries, err := os.ReadDir(folder); err != nil || len(entries) != 0 {
		t.Errorf("it left %v, %v; want nothing", entries, err)
	}
}

// TestDefaults states every default, and that they are the same when set twice.
func TestDefaults(t *testing.T) {
	var c Config
	for range 2 {
		c.SetDefaults()
		want := Config{Size: 32, Train: 24_000, ValSeen: 1000, ValUnseen: 1000, ShardRows: 6000, Layout: "huggingface"}
		if c != want {
			t.Errorf("defaults %+v, want %+v", c, want)
		}
	}
}

func TestValidate(t *testing.T) {
	if err := (Config{}).Validate(); err != nil {
		t.Error(err)
	}
	for want, c := range map[string]Config{
		"size 8":       {Size: 8},
		"train -1":     {Train: -1},
		"shard_rows":   {ShardRows: -5},
		`layout "csv"`: {Layout: "csv"},
	} {
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v; want error with %q", c, err, want)
		}
		if err := Write(t.Context(), t.TempDir(), c); err == nil {
			t.Errorf("Write(%+v) = nil; want an error", c)
		}
	}
}

func BenchmarkPair(b *testing.B) {
	painter := NewPainter(32)
	for i := 0; b.Loop(); i++ {
		if _, err := painter.Draw(Config{}.Scene(Train, i)); err != nil {
			b.Fatal(err)
		}
	}
}
