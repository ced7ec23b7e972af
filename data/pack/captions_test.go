package pack

import (
	"archive/tar"
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goclip/goclip/data"
)

// allCaptions packs a source and returns the captions of each row.
func allCaptions(t *testing.T, c Config) (captions [][]string, r Result, err error) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out")
	if r, err = Run(t.Context(), out, c); err != nil {
		return nil, r, err
	}
	for _, row := range readShards(t, out) {
		all := append(row.Captions, row.Caption)
		captions = append(captions, slices.DeleteFunc(all, func(c string) bool { return c == "" }))
	}
	return captions, r, nil
}

// TestFolderCaptions packs folders whose captions are in several places.
func TestFolderCaptions(t *testing.T) {
	img := func(i int) []byte { return picture(t, i, 4, 4) }
	beside := map[string][]byte{"2020/may/a.png": img(0), "2020/may/a.txt": []byte("\ufeffa cat \r\n\n a kitten\n"),
		"b.png": img(1), "b.txt": []byte("a dog")}
	for _, test := range []struct {
		name  string
		files map[string][]byte
		c     Config
		want  [][]string
		from  string // part of Result.Captions, or of the error
	}{
		{"beside", beside, Config{}, [][]string{{"a cat", "a kitten"}, {"a dog"}}, "the .txt beside each image; each line"},
		{"one is missing", map[string][]byte{"a.png": img(0), "b.png": img(1), "b.txt": []byte("a dog")}, Config{}, nil,
			"a.png: no caption: no a.txt beside it"},
		{"left out", map[string][]byte{"a.png": img(0), "b.png": img(1), "b.txt": []byte("a dog")}, Config{SkipBad: true},
			[][]string{{"a dog"}}, "the .txt beside"},
		{"empty", map[string][]byte{"a.png": img(0), "a.txt": []byte("\n")}, Config{}, nil, "a.txt is empty"},
		{"not UTF-8", map[string][]byte{"a.png": img(0), "a.txt": []byte("a\ncaf\xe9")}, Config{}, nil, "want UTF-8"},
		{"table", map[string][]byte{"x/a.png": img(0), "b.png": img(1), "metadata.csv": []byte("file_name,text\nx/a.png,a cat\n")},
			Config{}, [][]string{{"a cat"}}, "the table metadata.csv"},
		{"bad table", map[string][]byte{"cat/a.png": img(0), "costs.csv": []byte("day,cost\n1,2\n")}, Config{}, nil,
			"captions from txt, classes or names are read without it"},
		{"without the table", map[string][]byte{"cat/a.png": img(0), "costs.csv": []byte("day,cost\n1,2\n")},
			Config{CaptionsFrom: "classes", Template: "one %s"}, [][]string{{"one cat"}}, "names of the folders"},
		{"two tables", map[string][]byte{"a.png": img(0), "a.csv": nil, "b.tsv": nil}, Config{}, nil, `["a.csv" "b.tsv"]`},
		{"names", map[string][]byte{"a_red-car.png": img(0), "犬.png": img(1)}, Config{}, [][]string{{"a red car"}, {"犬"}},
			"the names of the files"},
		{"camera", map[string][]byte{"IMG_0001.png": img(0)}, Config{}, nil, "its name describes nothing"},
		{"mixed", map[string][]byte{"a red car.png": img(0), "cat/b.png": img(1)}, Config{}, nil, "is in no folder of a class"},
		{"mixed names", map[string][]byte{"a red car.png": img(0), "x/blue van.png": img(1)}, Config{CaptionsFrom: "names"},
			[][]string{{"a red car"}, {"blue van"}}, "the names of the files"},
		{"unknown", map[string][]byte{"a.png": img(0)}, Config{CaptionsFrom: "exif"}, nil, `captions from "exif"`},
		{"no place", map[string][]byte{"cat/a.png": img(0)}, Config{Template: "a photo"}, nil, "want {} once"},
	} {
		dir := t.TempDir()
		for name, text := range test.files {
			write(t, filepath.Join(dir, name), text)
		}
		test.c.Source = dir
		got, r, err := allCaptions(t, test.c)
		said := r.Captions
		if err != nil {
			said = err.Error()
		}
		if d := cmp.Diff(test.want, got); d != "" || (err == nil) != (test.want != nil) || !strings.Contains(said, test.from) {
			t.Errorf("%s: %v, captions from %q; want %q; captions (-want +got):\n%s", test.name, err, said, test.from, d)
		}
	}
}

// TestTarLines packs a retrieval set as WebDataset has it: five captions stay five, which
// recall counts, and names of classes come with a list.
func TestTarLines(t *testing.T) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	add := func(name string, text []byte) {
		must(t, w.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(text))}))
		_, err := w.Write(text)
		must(t, err)
	}
	five := []string{"one", "two", "three", "four", "five"}
	for i, text := range []string{strings.Join(five, "\n"), "alone\n"} {
		add(fmt.Sprintf("%d.png", i), picture(t, i, 4, 4))
		add(fmt.Sprintf("%d.txt", i), []byte(text))
		add(fmt.Sprintf("%d.cls", i), []byte([]string{"1", "cat"}[i]))
		add(fmt.Sprintf("%d.json", i), []byte(`{"caption": "other", "id": 7}`))
	}
	must(t, w.Close())
	dir := t.TempDir()
	source := write(t, filepath.Join(dir, "x.tar"), b.Bytes())
	out := filepath.Join(dir, "out")
	r, err := Run(t.Context(), out, Config{Source: source, Classes: []string{"cat", "dog"}})
	must(t, err)
	if !strings.Contains(r.Captions, "each line of a .txt is a caption") {
		t.Errorf("captions from %q", r.Captions)
	}
	rows := readShards(t, out)
	if d := cmp.Diff([][]string{five, {"alone"}}, [][]string{rows[0].Captions, rows[1].Captions}); d != "" ||
		*rows[0].Label != 1 || *rows[1].Label != 0 || rows[0].Caption != "" {
		t.Errorf("labels %d, %d, captions (-want +got):\n%s", *rows[0].Label, *rows[1].Label, d)
	}
	names, err := data.ClassNames(t.Context(), filepath.Join(out, "*.parquet"), data.Config{})
	if err != nil || strings.Join(names, ",") != "cat,dog" {
		t.Errorf("classes %q, %v", names, err)
	}
	_, err = Run(t.Context(), filepath.Join(dir, "few"), Config{Source: source, Classes: []string{"cat"}})
	if err == nil || !strings.Contains(err.Error(), `label "1" is none of the 1 classes`) {
		t.Errorf("a label without a name: %v", err)
	}
}

// TestCaptionsEncoding: a .txt beside an image may be in another encoding than UTF-8.
func TestCaptionsEncoding(t *testing.T) {
	dir := t.TempDir()
	pictures(t, dir)
	images, err := filepath.Glob(filepath.Join(dir, "img", "*.png"))
	if err != nil || len(images) == 0 {
		t.Fatal(images, err)
	}
	for _, name := range images {
		write(t, strings.TrimSuffix(name, ".png")+".txt", []byte("it\x92s caf\xe9\n"))
	}
	got, _, err := captionsOf(t, Config{Source: filepath.Join(dir, "img"), Encoding: "windows-1252"})
	if err != nil || len(got) != len(images) || got[0] != "it’s café" {
		t.Errorf("%q, %v; want it’s café", got, err)
	}
}
