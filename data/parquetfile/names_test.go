package parquetfile

import (
	"bytes"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// TestNames: a dot may be part of a name, or stand between a group and its column.
func TestNames(t *testing.T) {
	type row struct {
		Flat  []byte `parquet:"image.bytes"`
		Group struct {
			Bytes []byte `parquet:"bytes"`
		} `parquet:"picture"`
	}
	var b bytes.Buffer
	w := parquet.NewGenericWriter[row](&b)
	_, err := w.Write(make([]row, 1))
	must(t, err)
	must(t, w.Close())
	f, err := Open(bytes.NewReader(b.Bytes()), int64(b.Len()), nil)
	must(t, err)
	for i, name := range []string{"image.bytes", "picture.bytes"} {
		if leaf, ok := f.Column(name); !ok || leaf.ColumnIndex != i {
			t.Errorf("Column(%q) = %d, %v; want %d", name, leaf.ColumnIndex, ok, i)
		}
	}
	if _, ok := f.Column("image"); ok {
		t.Error("there is a column image; want none")
	}
	same := footer(t, b.Bytes(), func(m *format.FileMetaData) { m.Schema[2].Name = "image" })
	const want = "two columns have the name image.bytes"
	if _, err := Open(bytes.NewReader(same), int64(len(same)), nil); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("two columns of one name: %v; want error with %q", err, want)
	}
}
