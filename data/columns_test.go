package data

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"
)

// TestValues checks columns of each kind over row groups and shards, with rows left out.
func TestValues(t *testing.T) {
	type row struct {
		Image []byte   `parquet:"image"`
		Key   *string  `parquet:"key,optional"`
		W     int32    `parquet:"w"`
		Score float32  `parquet:"score"`
		Good  bool     `parquet:"good"`
		Hot   []int64  `parquet:"hot,list"`
		Bytes []byte   `parquet:"bytes"`
		Tags  []string `parquet:"tags"`
	}
	dir := t.TempDir()
	text := func(s string) *string { return &s }
	for name, rows := range map[string][]row{
		"a": {{Key: text("k0"), W: 1, Score: 0.5, Good: true, Hot: []int64{1, 0}}, {}, {Key: text("k2"), W: 3,
			Hot: []int64{7}, Tags: []string{"x", "y"}}},
		"b": {{Key: text("k3")}, {Key: text("k4"), W: -5, Bytes: []byte("\xff")}},
	} {
		for i := range rows {
			rows[i].Image = []byte("x")
		}
		if err := parquet.WriteFile(filepath.Join(dir, name+".parquet"), rows, parquet.MaxRowsPerRowGroup(2)); err != nil {
			t.Fatal(err)
		}
	}
	d, err := Open(t.Context(), filepath.Join(dir, "*.parquet"), Config{}, Need{})
	if err != nil {
		t.Fatal(err)
	}
	a, b := filepath.Join(dir, "a.parquet"), filepath.Join(dir, "b.parquet")
	got, err := d.Values(t.Context(), []string{"key", "w", "score", "good", "hot", "tags"},
		[]RowRef{{a, 0}, {a, 2}, {b, 0}})
	want := [][]any{
		{"k0", "k2", "k3"}, {int64(1), int64(3), int64(0)}, {0.5, 0.0, 0.0}, {true, false, false},
		{[]any{int64(1), int64(0)}, []any{int64(7)}, []any{}}, {[]any{}, []any{"x", "y"}, []any{}},
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("Values: %v, (-want +got):\n%s", err, diff)
	}
	if got, err := d.Values(t.Context(), []string{"key"}, []RowRef{{a, 1}}); err != nil || got[0][0] != nil {
		t.Errorf("a null: %v, %v", got, err)
	}
	for column, want := range map[string]string{"none": "column none: not there; have image, key, w", "bytes": "no UTF-8"} {
		if _, err := d.Values(t.Context(), []string{column}, []RowRef{{b, 1}}); err == nil ||
			!strings.Contains(err.Error(), want) {
			t.Errorf("column %s: %v; want %q", column, err, want)
		}
	}
}

// TestPictures checks which files of a folder are pictures, and that a bad one is named
// and ends nothing.
func TestPictures(t *testing.T) {
	dir := t.TempDir()
	good, err := os.ReadFile("preprocess/testdata/" + firstPNG(t))
	if err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string]string{
		"b/2.PNG": string(good), "b/1.png": string(good), "a.jpg": "no picture", ".hidden/x.png": "", "notes.txt": "",
		"c/.x.png": "", "c/d/e.png": string(good),
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(file), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Join(dir, "gone"), filepath.Join(dir, "z.png")); err != nil {
		t.Skip(err)
	}
	p, err := OpenPictures([]string{dir, filepath.Join(dir, "b")}, Config{})
	if err != nil {
		t.Fatal(err)
	}
	var found, used, next []string
	for _, f := range p.Files {
		found = append(found, strings.TrimPrefix(f.Path, dir+"/"))
	}
	if d := cmp.Diff([]string{"a.jpg", "b/1.png", "b/2.PNG", "c/d/e.png", "z.png"}, found); d != "" {
		t.Errorf("pictures (-want +got):\n%s", d)
	}
	var bad strings.Builder
	err = p.From(0).Scan(t.Context(), 8, 2, NewLedger(&bad, Config{}), func(e Examples) error {
		for _, r := range e.Rows {
			used = append(used, strings.TrimPrefix(r.Shard, dir+"/"))
		}
		next = append(next, string(rune('0'+e.Next)))
		return nil
	})
	if d := cmp.Diff([]string{"b/1.png", "b/2.PNG", "c/d/e.png"}, used); err != nil || d != "" {
		t.Errorf("%v, used (-want +got):\n%s", err, d)
	}
	if d := cmp.Diff([]string{"2", "4"}, next); d != "" {
		t.Errorf("Next (-want +got):\n%s", d)
	}
	if strings.Count(bad.String(), "\n") != 2 || !strings.Contains(bad.String(), "a.jpg") ||
		!strings.Contains(bad.String(), "z.png") {
		t.Errorf("bad pictures: %s", bad.String())
	}
	if file, _, err := ReadImage(t.Context(), RowRef{Shard: filepath.Join(dir, "b", "1.png")}, Config{}); err != nil ||
		string(file) != string(good) {
		t.Errorf("ReadImage: %d bytes, %v", len(file), err)
	}
	if _, err := OpenPictures([]string{filepath.Join(dir, "c", "d", "none")}, Config{}); err == nil {
		t.Error("a folder that is not there: no error")
	}
	if err := os.Symlink(dir, filepath.Join(dir, "b", "up")); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenPictures([]string{dir}, Config{}); err == nil || !strings.Contains(err.Error(), "want no loop") {
		t.Errorf("a loop: %v", err)
	}
}

// firstPNG is the name of a PNG among the test data of preprocess.
func firstPNG(t *testing.T) string {
	t.Helper()
	found, err := filepath.Glob("preprocess/testdata/*.png")
	if err != nil || len(found) == 0 {
		t.Fatalf("no PNG in preprocess/testdata, %v", err)
	}
	return filepath.Base(found[0])
}
