package pack

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"github.com/goclip/goclip/data/parquetfile"
)

// TestKinds: half floats, nulls, dictionaries and unsigned numbers of pyarrow, flat,
// in lists and in groups, keep their types and values, and Arrow's schema fits: its
// dictionaries are read from plain values. bench/readers.py opens what is written
// with pyarrow, polars, DuckDB and datasets.
func TestKinds(t *testing.T) {
	dir := t.TempDir()
	source := filepath.Join("testdata", "kinds.parquet")
	if _, err := Run(t.Context(), dir, Config{Source: source, ShardRows: 3}); err != nil {
		t.Fatal(err)
	}
	want, wantRows := open3(t, source)
	got, gotRows := open3(t, filepath.Join(dir, "train-00000-of-00001.parquet"))
	for i, w := range want.Metadata().Schema[1:] {
		g := got.Metadata().Schema[1+i]
		if g.Name != w.Name || g.Type != w.Type || w.TypeLength.Valid && g.TypeLength != w.TypeLength ||
			g.RepetitionType != w.RepetitionType || !cmp.Equal(g.LogicalType, w.LogicalType) {
			t.Errorf("column %s is %+v; want %+v", w.Name, g, w)
		}
	}
	for i := range wantRows {
		if diff := cmp.Diff(wantRows[i], gotRows[i]); diff != "" {
			t.Errorf("row %d (-want +got): %s", i, diff)
		}
	}
	arrow := func(f *parquetfile.File) string { v, _ := f.Lookup("ARROW:schema"); return v }
	if arrow(want) == "" || arrow(got) != arrow(want) {
		t.Errorf("Arrow's schema is %q; want %q", arrow(got), arrow(want))
	}
	for _, c := range got.Metadata().RowGroups[0].Columns {
		for _, e := range c.MetaData.Encoding {
			if e != format.Plain && e != format.RLE {
				t.Errorf("column %s has encoding %v; want plain, which all readers know",
					strings.Join(c.MetaData.PathInSchema, "."), e)
			}
		}
		if c.MetaData.Type < 0 {
			t.Errorf("column %v has the type %d; want one of Parquet's", c.MetaData.PathInSchema, c.MetaData.Type)
		}
	}
}

// open3 reads a file of three rows: their values, as text.
func open3(t *testing.T, path string) (*parquetfile.File, [][]string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := parquetfile.Open(bytes.NewReader(text), int64(len(text)), nil)
	if err != nil {
		t.Fatal(err)
	}
	r := f.Group(0).Rows()
	defer r.Close()
	rows := make([]parquet.Row, 3)
	if n, err := r.ReadRows(rows); n != 3 {
		t.Fatalf("%s: %d rows, %v; want 3", path, n, err)
	}
	values := make([][]string, 3)
	for i, row := range rows {
		for _, v := range row {
			values[i] = append(values[i], strings.Join([]string{f.Columns()[v.Column()], v.String()}, "="))
		}
	}
	return f, values
}
