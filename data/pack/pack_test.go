package pack

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/parquet-go/parquet-go"

	"github.com/goclip/goclip/data"
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

// TestSources packs the same three images from every kind of list.
func TestSources(t *testing.T) {
	dir := t.TempDir()
	files := pictures(t, dir)
	for i, class := range []string{"tree_frog", "ant", "ant"} {
		write(t, filepath.Join(dir, "classes", class, string(rune('a'+i))+".png"), files[i])
	}
	write(t, filepath.Join(dir, "classes", "ant", "notes.txt"), []byte("not an image"))
	write(t, filepath.Join(dir, "list.csv"), []byte("\ufefffilepath,title,score,key,width,label\nimg/a.png,\"one, \"\"two\"\"\",0.5,007,12,frog\nimg/b.png,,,008,,ant\nimg/c.png,three,2,009,7,ant\n"))
	write(t, filepath.Join(dir, "list.tsv"), []byte("image\tcaption\tlabel\nimg/a.png\tan \"odd\" quote\t5\nimg/b.png\tb\t\nimg/c.png\tc\t0\n"))
	write(t, filepath.Join(dir, "list.jsonl"), []byte(`{"image": "img/a.png", "caption": "one", "captions": ["one", "uno"], "score": 1, "clean": true}

{"image": "img/b.png", "caption": null, "captions": [], "score": 0.25, "key": {"a": 1}}
{"image": "img/c.png", "caption": "three", "clean": false, "width": 9007199254740993}
`))
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, m := range []struct {
		name string
		text []byte
	}{
		{"x/a.png", files[0]}, {"x/a.txt", []byte("first\n")}, {"x/a.cls", []byte("4\n")}, {"x/a.json", []byte(`{"score": 0.5, "caption": "other"}`)},
		{"x/b.json", []byte(`{"caption": "second", "width": 3}`)}, {"x/b.png", files[1]},
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
		if err != nil || r != (Result{Shards: 2, Rows: 3}) {
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
		if d, err := data.Open(t.Context(), filepath.Join(out, "*.parquet"), data.Config{}, data.Need{Caption: true}); err != nil || d.Len() != 3 {
			t.Errorf("%s: package data does not read it: %v", test.source, err)
		}
	}
}

// TestParquet packs shards with other columns, nested ones and nulls, and gets
// every value again, in pages that a reader can hold.
func TestParquet(t *testing.T) {
	type box struct {
		X, Y float32
		Tag  *string `parquet:"tag,optional"`
	}
	type row struct {
		Zone  string         `parquet:"zone,dict"`
		JPG   []byte         `parquet:"jpg,optional"`
		Txt   string         `parquet:"txt"`
		Boxes []box          `parquet:"boxes,list"`
		Map   map[string]int `parquet:"map"`
		Label int32          `parquet:"label"`
	}
	rng := rand.New(rand.NewPCG(1, 2))
	header := picture(t, 0, 2, 2)
	dir, payload := t.TempDir(), 0
	var rows []row
	for i := range 1300 {
		file := slices.Clone(header)
		for range 1000 + rng.IntN(6000) { // what follows a PNG's end is of no interest
			file = append(file, byte(rng.Uint32()))
		}
		payload += len(file)
		r := row{Zone: fmt.Sprint(i % 3), JPG: file, Txt: fmt.Sprintf("caption %d", i), Label: int32(i), Map: map[string]int{}}
		for j := range i % 3 {
			b := box{X: float32(j), Y: 1}
			if j == 1 {
				b.Tag = to("tagged")
			}
			r.Boxes, r.Map["k"] = append(r.Boxes, b), i
		}
		rows = append(rows, r)
	}
	for i, part := range [][]row{rows[:500], {}, rows[500:]} {
		var b bytes.Buffer
		w := parquet.NewGenericWriter[row](&b, parquet.MaxRowsPerRowGroup(90), parquet.KeyValueMetadata("huggingface", "{}"))
		_, err := w.Write(part)
		must(t, err)
		must(t, w.Close())
		write(t, filepath.Join(dir, fmt.Sprintf("%d.parquet", i)), b.Bytes())
	}
	out := filepath.Join(dir, "out")
	_, err := Run(t.Context(), out, Config{Source: filepath.Join(dir, "*.parquet"), ShardRows: 1200})
	must(t, err)
	var got []row
	var size int64
	for i := range 2 {
		path := filepath.Join(out, fmt.Sprintf("train-%05d-of-00002.parquet", i))
		part, err := parquet.ReadFile[row](path)
		must(t, err)
		got = append(got, part...)
		file, err := os.ReadFile(path)
		must(t, err)
		size += int64(len(file))
		f, err := parquet.OpenFile(bytes.NewReader(file), int64(len(file)))
		must(t, err)
		if v, _ := f.Lookup("huggingface"); v != "{}" {
			t.Errorf("%s: metadata %q, want what the source has", path, v)
		}
		if n := len(f.RowGroups()); n != 2-i {
			t.Errorf("%s: %d row groups, want %d", path, n, 2-i)
		}
		leaf, _ := f.Schema().Lookup("jpg")
		for _, pages := range f.OffsetIndexes()[leaf.ColumnIndex : leaf.ColumnIndex+1] {
			for _, page := range pages.PageLocations {
				if page.CompressedPageSize > 1<<20+1<<17 {
					t.Errorf("%s: a page of %d bytes; want about 1 MiB", path, page.CompressedPageSize)
				}
			}
		}
		// A flipped bit of an image is seen.
		file[5000] ^= 1
		bad := write(t, filepath.Join(dir, "bad"), file)
		if _, err := parquet.ReadFile[row](bad); !errors.Is(err, parquet.ErrCorrupted) {
			t.Errorf("a flipped bit: %v; want that it is corrupted", err)
		}
	}
	for i := range rows {
		if i >= len(got) || !bytes.Equal(rows[i].JPG, got[i].JPG) {
			t.Fatalf("%d rows; the image of row %d differs, want %d equal ones", len(got), i, len(rows))
		}
		rows[i].JPG, got[i].JPG = nil, nil
		if d := cmp.Diff(rows[i], got[i], cmpopts.EquateEmpty()); d != "" {
			t.Fatalf("row %d (-want +got):\n%s", i, d)
		}
	}
	if most := int64(payload) * 102 / 100; size > most+20_000 { // the captions and labels
		t.Errorf("%d bytes of shards for %d of images; want at most 2 %% more", size, payload)
	}
}

// TestResume holds that shards are the same bytes with any number of workers,
// and after a Run that was stopped anywhere.
func TestResume(t *testing.T) {
	dir := t.TempDir()
	for i := range 200 {
		write(t, filepath.Join(dir, "in", fmt.Sprint("class ", i%3), fmt.Sprintf("%03d.png", i)), picture(t, i, 40, 30+i%5))
	}
	c := Config{Source: filepath.Join(dir, "in"), ShardRows: 70, ShortSide: 10, Workers: 1}
	whole := filepath.Join(dir, "whole")
	_, err := Run(t.Context(), whole, c)
	must(t, err)
	for stop := range int64(4) {
		c.Workers = 3
		part := filepath.Join(dir, fmt.Sprint("part", stop))
		ctx, cancel := context.WithCancel(t.Context())
		c.Progress = func(done, all int64) {
			if done >= 60*stop {
				cancel()
			}
		}
		if _, err := Run(ctx, part, c); !errors.Is(err, context.Canceled) && done(part) < 3 {
			t.Errorf("stopped after %d rows: %v; want that it was cancelled", 60*stop, err)
		}
		before := done(part)
		c.Progress = nil
		r, err := Run(t.Context(), part, c)
		if err != nil || r.Kept != before || r.Shards != 3 {
			t.Errorf("going on with %d shards: %+v, %v; want them kept", before, r, err)
		}
		files, err := os.ReadDir(whole)
		must(t, err)
		for _, f := range files {
			a, err := os.ReadFile(filepath.Join(whole, f.Name()))
			must(t, err)
			if b, err := os.ReadFile(filepath.Join(part, f.Name())); err != nil || !bytes.Equal(a, b) {
				t.Errorf("stopped after %d rows: %s differs, %v", 60*stop, f.Name(), err)
			}
		}
		if left, _ := filepath.Glob(filepath.Join(part, ".*")); len(left) > 0 {
			t.Errorf("left over: %v", left)
		}
	}
	c.ShortSide = 12
	if _, err := Run(t.Context(), whole, c); err == nil || !strings.Contains(err.Error(), "holds the split train of") {
		t.Errorf("another size into the same folder: %v", err)
	}
	for _, r := range readShards(t, whole) {
		m, format, err := image.DecodeConfig(bytes.NewReader(r.Image.Bytes))
		if err != nil || format != "jpeg" || m.Height != 10 || m.Width < 11 || m.Width > 13 {
			t.Fatalf("%s of %d x %d, %v; want a JPEG of height 10", format, m.Width, m.Height, err)
		}
	}
}

func done(folder string) int {
	paths, _ := filepath.Glob(filepath.Join(folder, "*.parquet"))
	return len(paths)
}

func TestErrors(t *testing.T) {
	dir := t.TempDir()
	pictures(t, dir)
	write(t, filepath.Join(dir, "img/text.png"), []byte("<html>"))
	write(t, filepath.Join(dir, "img/empty.png"), nil)
	write(t, filepath.Join(dir, "img/cut.png"), picture(t, 0, 400, 400)[:600])
	write(t, filepath.Join(dir, "loose/a.png"), picture(t, 0, 2, 2))
	write(t, filepath.Join(dir, "none/class/a.txt"), nil)
	for _, test := range []struct {
		name, content, want string
		c                   Config
	}{
		{"missing.csv", "image,caption\nimg/a.png,a\nimg/z.png,z\n", "missing.csv:3: open ", Config{}},
		{"html.csv", "image,caption\n\"img/a.png\",\"a\nb\"\nimg/text.png,z\n", "html.csv:4: preprocess: image: unknown format", Config{}},
		{"empty.csv", "image,caption\nimg/empty.png,a\n", "empty.csv:2: no image", Config{}},
		{"folder.csv", "image,caption\nimg,a\n", "is not a regular file", Config{}},
		{"cut.csv", "image,caption\nimg/cut.png,a\n", "cut.csv:2: ", Config{ShortSide: 8}},
		{"fields.csv", "image,caption\nimg/a.png\n", "line 2: wrong number of fields", Config{}},
		{"quote.csv", "image,caption\nimg/a.png,a\"b\n", "line 2, column 12", Config{}},
		{"names.csv", "image,words\nimg/a.png,a\n", "names.csv:1: no column of captions: have image, words", Config{}},
		{"given.csv", "image,caption\nimg/a.png,a\n", "no column of captions", Config{Caption: "blip"}},
		{"noimage.csv", "url,caption\nimg/a.png,a\n", "no column of images: have url, caption", Config{}},
		{"twice.csv", "image,caption,caption\nimg/a.png,a,b\n", `column 3 is "caption"`, Config{}},
		{"header.csv", "", "is empty", Config{}},
		{"rows.csv", "image,caption\n", "no row has a caption", Config{}},
		{"clash.csv", "path,image,caption\nimg/a.png,x,y\n", "a column path", Config{Image: "image"}},
		{"bad.jsonl", "{\"image\": \"img/a.png\", \"caption\": \"a\"}\n{\"image\": \n", "bad.jsonl:2: unexpected EOF", Config{}},
		{"list.jsonl", "[1]\n", "list.jsonl:1: json: cannot unmarshal array", Config{}},
		{"key.jsonl", "{\"caption\": \"a\"}\n", "key.jsonl:1: no path of an image", Config{}},
		{"type.jsonl", "{\"image\": \"img/a.png\", \"caption\": 3}\n", "type.jsonl:1: caption: have 3; want text", Config{}},
		{"bad.tar", strings.Repeat("x", 600), "bad.tar: after : archive/tar: invalid tar header", Config{}},
		{"bad.parquet", "PAR1", "bad.parquet: not a whole Parquet file", Config{}},
		{"a.tar.gz", "", "is compressed", Config{}},
		{"a.txt", "", "its name does not tell its format", Config{}},
		{"loose", "", "is in no folder of a class", Config{}},
		{"none", "", "no image in a folder of a class", Config{}},
		{"nothing.csv", "", "matches no file", Config{Source: "nothing-*.csv"}},
		{"absent", "", "no such file", Config{Source: "absent"}},
		{"a.csv", "", `format "zip"`, Config{Format: "zip"}},
		{"b.csv", "", "quality 101", Config{Quality: 101, ShortSide: 1}},
		{"c.csv", "", "quality 50 without a short side", Config{Quality: 50}},
	} {
		c, out := test.c, filepath.Join(t.TempDir(), "out")
		if c.Source == "" {
			c.Source = filepath.Join(dir, test.name)
			if _, err := os.Stat(c.Source); err != nil {
				write(t, c.Source, []byte(test.content))
			}
		}
		if test.name == "clash.csv" {
			test.want = "no such file" // of the column image, x
		}
		_, err := Run(t.Context(), out, c)
		if err == nil || !strings.HasPrefix(err.Error(), "pack: ") || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v; want one line with %q", test.name, err, test.want)
		}
		if left, _ := filepath.Glob(filepath.Join(out, "*.parquet")); len(left) > 0 {
			t.Errorf("%s: left %v", test.name, left)
		}
	}
}

// TestSkipBad leaves out what cannot be read and tells each.
func TestSkipBad(t *testing.T) {
	dir := t.TempDir()
	files := pictures(t, dir)
	write(t, filepath.Join(dir, "img/text.png"), []byte("<html>"))
	list := write(t, filepath.Join(dir, "x.csv"), []byte("image,caption\nimg/a.png,a\nimg/text.png,t\nimg/z.png,z\nimg/c.png,c\n"))
	var told []string
	r, err := Run(t.Context(), filepath.Join(dir, "out"), Config{Source: list, SkipBad: true, Skipped: func(err error) { told = append(told, err.Error()) }})
	if err != nil || r.Rows != 2 || r.Skipped != 2 || len(told) != 2 || !strings.Contains(told[0], "x.csv:3: ") || !strings.Contains(told[1], "x.csv:4: ") {
		t.Errorf("%+v, %v, told %q; want rows 3 and 4 skipped", r, err, told)
	}
	if rows := readShards(t, filepath.Join(dir, "out")); len(rows) != 2 || !bytes.Equal(rows[1].Image.Bytes, files[2]) {
		t.Errorf("%d rows; want the first and the last", len(rows))
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
		"image": {"_type": "Image"}, "caption": {"_type": "Value", "dtype": "string"}, "label": {"_type": "ClassLabel", "names": []any{"cat"}},
	}
	if d := cmp.Diff(want, have["info"]["features"]); d != "" {
		t.Errorf("features (-want +got):\n%s", d)
	}
}
