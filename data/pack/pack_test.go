package pack

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/parquet-go/parquet-go"

	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/data/preprocess"
)

// picture is a PNG of w x h pixels whose colors follow from i.
func picture(t testing.TB, i, w, h int) []byte {
	t.Helper()
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.Set(x, y, color.NRGBA{uint8(40 * i), uint8(x), uint8(3 * y), 255})
		}
	}
	var b bytes.Buffer
	must(t, png.Encode(&b, m))
	return b.Bytes()
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func write(t testing.TB, path string, content []byte) string {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(path), 0o777))
	must(t, os.WriteFile(path, content, 0o666))
	return path
}

// packed is a row of a shard as these tests write them.
type packed struct {
	Image struct {
		Bytes []byte `parquet:"bytes,optional"`
		Path  string `parquet:"path,optional"`
	} `parquet:"image,optional"`
	Caption  string   `parquet:"caption,optional"`
	Captions []string `parquet:"captions,list"`
	Label    *int64   `parquet:"label,optional"`
	Score    *float64 `parquet:"score,optional"`
	Key      string   `parquet:"key,optional"`
	Width    *int64   `parquet:"width,optional"`
	Clean    *bool    `parquet:"clean,optional"`
}

func readShards(t testing.TB, folder string) (rows []packed) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(folder, "*.parquet"))
	must(t, err)
	for _, path := range paths {
		part, err := parquet.ReadFile[packed](path)
		must(t, err)
		rows = append(rows, part...)
	}
	return rows
}

func to[T any](v T) *T { return &v }

// pictures writes three images of names a.png, b.png, c.png below dir.
func pictures(t *testing.T, dir string) (files [3][]byte) {
	for i := range files {
		files[i] = picture(t, i, 12, 8)
		write(t, filepath.Join(dir, "img", string(rune('a'+i))+".png"), files[i])
	}
	return files
}

func want(files [3][]byte, change func(i int, r *packed)) (rows []packed) {
	for i, file := range files {
		var r packed
		r.Image.Bytes, r.Image.Path = file, string(rune('a'+i))+".png"
		change(i, &r)
		rows = append(rows, r)
	}
	return rows
}

// TestSources packs the same three images from every kind of list, some with a byte
// order mark.
func TestSources(t *testing.T) {
	dir := t.TempDir()
	files := pictures(t, dir)
	for i, class := range []string{"tree_frog", "ant", "ant"} {
		write(t, filepath.Join(dir, "classes", class, string(rune('a'+i))+".png"), files[i])
	}
	write(t, filepath.Join(dir, "classes", "ant", "notes.txt"), []byte("not an image"))
	write(t, filepath.Join(dir, "list.csv"),
		[]byte("\ufeff\"filepath\",title,score,key,width,label\nimg/a.png,\"one, \"\"two\"\"\",0.5,007,12,frog\nimg/b.png,,,008,,ant\nimg/c.png,three,2,009,7,ant\n"))
	write(t, filepath.Join(dir, "list.tsv"),
		[]byte("\ufeffimage\tcaption\tlabel\nimg/a.png\tan \"odd\" quote\t5\nimg/b.png\tb\t\nimg/c.png\tc\t0\n"))
	write(t, filepath.Join(dir, "list.jsonl"), []byte("\ufeff"+`{"image": "img/a.png", "caption": "one", "captions": ["one", "uno"], "score": 1, "clean": true}

{"image": "img/b.png", "caption": null, "captions": [], "score": 0.25, "key": {"a": 1}}
{"image": "img/c.png", "caption": "three", "clean": false, "width": 9007199254740993}
`))
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, m := range []struct {
		name string
		text []byte
	}{
		{"x/a.png", files[0]}, {"x/a.txt", []byte("\ufefffirst\n")}, {"x/a.cls", []byte("\ufeff4\n")},
		{"x/a.json", []byte(`{"score": 0.5, "caption": "other"}`)},
		{"x/b.json", []byte("\ufeff" + `{"caption": "second", "width": 3}`)}, {"x/b.png", files[1]},
		{"x/c.seg.npy", []byte("?")}, {"x/c.txt", []byte("third")}, {"x/c.png", files[2]},
	} {
		must(t, w.WriteHeader(&tar.Header{Name: m.name, Mode: 0o600, Size: int64(len(m.text))}))
		_, err := w.Write(m.text)
		must(t, err)
	}
	must(t, w.Close())
	write(t, filepath.Join(dir, "set-0.tar"), b.Bytes())

	text := []string{"one", "", "three"}
	for _, test := range []struct {
		source, classes string
		want            []packed
	}{
		{"list.csv", "ant\nfrog\n", want(files, func(i int, r *packed) {
			r.Caption, r.Key, r.Label = text[i], fmt.Sprintf("%03d", 7+i), to([]int64{1, 0, 0}[i])
			r.Score, r.Width = []*float64{to(0.5), nil, to(2.0)}[i], []*int64{to(int64(12)), nil, to(int64(7))}[i]
			if i == 0 {
				r.Caption = `one, "two"`
			}
		})},
		{"list.tsv", "", want(files, func(i int, r *packed) {
			r.Caption, r.Label = []string{`an "odd" quote`, "b", "c"}[i], []*int64{to(int64(5)), nil, to(int64(0))}[i]
		})},
		{"list.jsonl", "", want(files, func(i int, r *packed) {
			r.Caption, r.Score = text[i], []*float64{to(1.0), to(0.25), nil}[i]
			r.Clean = []*bool{to(true), nil, to(false)}[i]
			switch i {
			case 0:
				r.Captions = []string{"one", "uno"}
			case 1:
				r.Key = `{"a":1}`
			case 2:
				r.Width = to(int64(9007199254740993))
			}
		})},
		{"set-*.tar", "", want(files, func(i int, r *packed) {
			r.Caption = []string{"first", "second", "third"}[i]
			switch i {
			case 0:
				r.Label, r.Score = to(int64(4)), to(0.5)
			case 1:
				r.Width = to(int64(3))
			}
		})},
		{"classes", "ant\ntree frog\n", func() []packed {
			rows := want(files, func(i int, r *packed) {
				r.Label, r.Caption = to(int64(0)), "a photo of a ant"
				if i == 0 {
					r.Label, r.Caption = to(int64(1)), "a photo of a tree frog"
				}
			})
			return []packed{rows[1], rows[2], rows[0]}
		}()},
	} {
		out := filepath.Join(t.TempDir(), "out")
		c := Config{Source: filepath.Join(dir, test.source), ShardRows: 2}
		if strings.Contains(test.source, "*") {
			c.Format = "tar"
		}
		r, err := Run(t.Context(), out, c)
		ignored := map[string]map[string]int64{"classes": {".txt": 1}}[test.source]
		if err == nil && test.source == "classes" && !strings.Contains(r.Captions, "names of the folders") {
			t.Errorf("captions from %q", r.Captions)
		}
		r.Captions = ""
		if err != nil || !cmp.Equal(r, Result{Shards: 2, Rows: 3, Ignored: ignored}) {
			t.Errorf("%s: %+v, %v; want 3 rows in 2 shards", test.source, r, err)
			continue
		}
		got := readShards(t, out)
		for i := range got {
			if slices.Equal(got[i].Captions, []string{""}) { // there is no such column
				got[i].Captions = nil
			}
		}
		if d := cmp.Diff(test.want, got, cmpopts.EquateEmpty()); d != "" {
			t.Errorf("%s (-want +got):\n%s", test.source, d)
		}
		classes, _ := os.ReadFile(filepath.Join(out, "classes.txt"))
		if string(classes) != test.classes {
			t.Errorf("%s: classes %q, want %q", test.source, classes, test.classes)
		}
		if d, err := data.Open(t.Context(), filepath.Join(out, "*.parquet"), data.Config{},
			data.Need{Caption: true}); err != nil || d.Len() != 3 {
			t.Errorf("%s: package data does not read it: %v", test.source, err)
		}
	}
}

// TestFeatures checks what the datasets library of Hugging Face reads.
func TestFeatures(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "in/cat/a.png"), picture(t, 0, 2, 2))
	_, err := Run(t.Context(), filepath.Join(dir, "out"), Config{Source: filepath.Join(dir, "in"), Split: "val"})
	must(t, err)
	file, err := os.ReadFile(filepath.Join(dir, "out/val-00000-of-00001.parquet"))
	must(t, err)
	f, err := parquet.OpenFile(bytes.NewReader(file), int64(len(file)))
	must(t, err)
	text, _ := f.Lookup("huggingface")
	var have map[string]map[string]map[string]map[string]any
	must(t, json.Unmarshal([]byte(text), &have))
	want := map[string]map[string]any{
		"image": {"_type": "Image"}, "caption": {"_type": "Value", "dtype": "string"},
		"label": {"_type": "ClassLabel", "names": []any{"cat"}},
	}
	if d := cmp.Diff(want, have["info"]["features"]); d != "" {
		t.Errorf("features (-want +got):\n%s", d)
	}
}

// TestDefaults states every default, and that they are the same when set twice.
func TestDefaults(t *testing.T) {
	workers := runtime.GOMAXPROCS(0)
	for _, test := range []struct{ c, want Config }{
		{Config{}, Config{Split: "train", Template: "a photo of a {}", ShardRows: 10_000, Workers: workers}},
		{Config{ShortSide: 9}, Config{Split: "train", Template: "a photo of a {}", ShortSide: 9, Quality: 90,
			ShardRows: 10_000, Workers: workers}},
	} {
		for range 2 {
			if test.c.SetDefaults(); !cmp.Equal(test.c, test.want) {
				t.Errorf("defaults (-want +got):\n%s", cmp.Diff(test.want, test.c))
			}
		}
	}
}

// TestShortSide scales images whose shorter side is longer, and keeps the file of
// any other.
func TestShortSide(t *testing.T) {
	dir := t.TempDir()
	long, large := picture(t, 1, 40, 10), picture(t, 2, 40, 11)
	write(t, filepath.Join(dir, "in/cat/a.png"), long)
	write(t, filepath.Join(dir, "in/cat/b.png"), large)
	_, err := Run(t.Context(), filepath.Join(dir, "out"), Config{Source: filepath.Join(dir, "in"), ShortSide: 10})
	must(t, err)
	rows := readShards(t, filepath.Join(dir, "out"))
	if len(rows) != 2 || !bytes.Equal(rows[0].Image.Bytes, long) || bytes.Equal(rows[1].Image.Bytes, large) {
		t.Errorf("%d rows; want the first file as it is, and the second scaled", len(rows))
	}
}

// TestShortSideOrientation scales an image that is stored on its side: its pixels
// stay so, and its EXIF data still say how it is turned.
func TestShortSideOrientation(t *testing.T) {
	for orientation := 1; orientation <= 8; orientation++ {
		file, err := encode(&preprocess.Image{W: 30, H: 20, Pix: make([]uint8, 3*30*20)}, 90)
		must(t, err)
		file = preprocess.WithOrientation(file, orientation)
		p := &packer{Config: Config{ShortSide: 10, Quality: 90}}
		got, err := p.image(&record{load: func() ([]byte, error) { return file, nil }}, 0)
		must(t, err)
		m, err := preprocess.Decode(got, 1<<20)
		must(t, err)
		if o := preprocess.Orientation(got); o != orientation || m.W != 15 || m.H != 10 {
			t.Errorf("orientation %d of 30 x 20: have %d of %d x %d; want the same of 15 x 10", orientation, o, m.W, m.H)
		}
	}
}

// TestLabelsNFC packs one class whose name is written in two ways, as by a Mac and
// by others, in folders and in a list.
func TestLabelsNFC(t *testing.T) {
	const composed, decomposed = "caf\u00e9", "cafe\u0301"
	dir := t.TempDir()
	write(t, filepath.Join(dir, "in", composed, "a.png"), picture(t, 1, 8, 8))
	write(t, filepath.Join(dir, "in", decomposed, "b.png"), picture(t, 2, 8, 8))
	write(t, filepath.Join(dir, "in", "zoo", "c.png"), picture(t, 3, 8, 8))
	write(t, filepath.Join(dir, "list.csv"), fmt.Appendf(nil, "image,label\nin/%s/a.png,%[1]s\nin/%s/b.png,%[2]s\nin/zoo/c.png,zoo\n",
		composed, decomposed))
	for _, source := range []string{"in", "list.csv"} {
		out := filepath.Join(dir, "out-"+source)
		_, err := Run(t.Context(), out, Config{Source: filepath.Join(dir, source)})
		must(t, err)
		var labels []int64
		for _, r := range readShards(t, out) {
			labels = append(labels, *r.Label)
			if source == "in" && *r.Label == 0 && r.Caption != "a photo of a "+composed {
				t.Errorf("caption %q; want the class in NFC", r.Caption)
			}
		}
		slices.Sort(labels)
		if !slices.Equal(labels, []int64{0, 0, 1}) {
			t.Errorf("%s: labels %d; want two of one class", source, labels)
		}
	}
}
