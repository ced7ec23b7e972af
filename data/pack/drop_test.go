package pack

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
)

// TestDrop leaves rows out of Parquet; what is left keeps all its columns.
func TestDrop(t *testing.T) {
	type row struct {
		JPG  []byte   `parquet:"jpg,optional"`
		Txt  string   `parquet:"txt"`
		Tags []string `parquet:"tags,list"`
	}
	dir := t.TempDir()
	var all []row
	for i := range 150 {
		r := row{JPG: picture(t, i, 2, 2), Txt: strings.Repeat("x", i), Tags: []string{"a", "b"}[:i%3]}
		if i == 7 {
			r.JPG = nil // would be an error
		}
		all = append(all, r)
	}
	paths := []string{filepath.Join(dir, "0.parquet"), filepath.Join(dir, "1.parquet")}
	must(t, parquet.WriteFile(paths[0], all[:100]))
	must(t, parquet.WriteFile(paths[1], all[100:]))
	c := Config{Source: filepath.Join(dir, "*.parquet") + "," + paths[1], ShardRows: 40,
		Drop: map[string][]int64{paths[0]: {0, 7, 99}, paths[1]: {0, 30, 49}}}
	out := filepath.Join(dir, "out")
	r, err := Run(t.Context(), out, c)
	must(t, err)
	if r.Rows != 144 || r.Dropped != 6 || r.Shards != 4 {
		t.Errorf("Run = %+v; want 144 rows, 6 dropped, 4 shards", r)
	}
	var want, got []row
	for i, r := range all {
		if i != 0 && i != 7 && i != 99 && i != 100 && i != 130 && i != 149 {
			want = append(want, r)
		}
	}
	files, _ := filepath.Glob(filepath.Join(out, "*.parquet"))
	for _, path := range files {
		part, err := parquet.ReadFile[row](path)
		must(t, err)
		got = append(got, part...)
	}
	if len(got) != len(want) {
		t.Fatalf("%d rows, want %d", len(got), len(want))
	}
	for i := range want {
		if got[i].Txt != want[i].Txt || string(got[i].JPG) != string(want[i].JPG) ||
			strings.Join(got[i].Tags, ",") != strings.Join(want[i].Tags, ",") {
			t.Errorf("row %d: %q, want %q", i, got[i].Txt, want[i].Txt)
		}
	}
	c.Drop[paths[0]] = []int64{7}
	if _, err := Run(t.Context(), out, c); err == nil || !strings.Contains(err.Error(), "another folder") {
		t.Errorf("other rows dropped into the same folder: %v", err)
	}
	c.Format = "csv"
	if _, err := Run(t.Context(), filepath.Join(dir, "csv"), c); err == nil ||
		!strings.Contains(err.Error(), "want Parquet") {
		t.Errorf("rows of CSV dropped: %v", err)
	}
}
