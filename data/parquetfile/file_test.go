package parquetfile

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

type pair struct {
	JPG      []byte   `parquet:"jpg,optional"`
	Captions []string `parquet:"captions,list"`
}

// pairs are n rows: each fourth has no image, and row i has i%4 captions.
func pairs(n int) (rows []pair) {
	for i := range n {
		r := pair{JPG: fmt.Appendf(nil, "image %d", i)}
		if i%4 == 3 {
			r.JPG = nil
		}
		for j := range i % 4 {
			r.Captions = append(r.Captions, fmt.Sprintf("%d of %d", j, i))
		}
		rows = append(rows, r)
	}
	return rows
}

// file has n rows in row groups of some.
func file(t testing.TB, n int, group int64, options ...parquet.WriterOption) []byte {
	t.Helper()
	var b bytes.Buffer
	options = append(options, parquet.MaxRowsPerRowGroup(group), parquet.PageBufferSize(200))
	w := parquet.NewGenericWriter[pair](&b, options...)
	_, err := w.Write(pairs(n))
	must(t, err)
	must(t, w.Close())
	return b.Bytes()
}

// TestValues reads parts of row groups in every version of pages, twice, and
// compares them with what was written; Rows gives all of a row group.
func TestValues(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	rows := pairs(200)
	for version := 1; version <= 2; version++ {
		text := file(t, len(rows), 77, parquet.DataPageVersion(version))
		var pages Pages
		for range 2 {
			f, err := Open(bytes.NewReader(text), int64(len(text)), &pages)
			must(t, err)
			for group, first := range []int{0, 77, 154} {
				n := int(f.RowGroups()[group].NumRows())
				lo := rng.IntN(n)
				hi := lo + 1 + rng.IntN(n-lo)
				checkPart(t, f, group, lo, hi, rows[first+lo:first+hi])
				checkRows(t, f, group, rows[first:first+n])
			}
		}
		if len(pages.chunks) != 6 {
			t.Errorf("pages of %d columns are known; want 2 in each of 3 row groups", len(pages.chunks))
		}
	}
}

// checkPart compares rows lo to hi of a row group with what was written.
func checkPart(t *testing.T, f *File, group, lo, hi int, want []pair) {
	t.Helper()
	got := make([]pair, hi-lo)
	must(t, f.Values(group, column(t, f, "jpg"), int64(lo), int64(hi), func(row int, v parquet.Value) error {
		got[row].JPG = slices.Clone(v.ByteArray())
		return nil
	}))
	must(t, f.Values(group, column(t, f, "captions.list.element"), int64(lo), int64(hi),
		func(row int, v parquet.Value) error {
			got[row].Captions = append(got[row].Captions, string(v.ByteArray()))
			return nil
		}))
	for i := range got {
		if !bytes.Equal(got[i].JPG, want[i].JPG) || !slices.Equal(got[i].Captions, want[i].Captions) {
			t.Fatalf("rows %d to %d of row group %d: row %d is %q, want %q", lo, hi, group, i, got[i], want[i])
		}
	}
}

// checkRows reads the captions of a row group one row after the other.
func checkRows(t *testing.T, f *File, group int, want []pair) {
	t.Helper()
	c, err := f.Rows(group, column(t, f, "captions.list.element"))
	must(t, err)
	defer c.Close()
	for i := range want {
		var got []string
		must(t, c.Next(func(v parquet.Value) error { got = append(got, string(v.ByteArray())); return nil }))
		if !slices.Equal(got, want[i].Captions) {
			t.Fatalf("row %d of row group %d has captions %q, want %q", i, group, got, want[i].Captions)
		}
	}
	if err := c.Next(func(parquet.Value) error { return nil }); err == nil || err.Error() != "has no such row" {
		t.Errorf("after the last row: %v", err)
	}
}

func column(t *testing.T, f *File, name string) int {
	t.Helper()
	leaf, ok := f.Column(name)
	if !ok {
		t.Fatalf("no column %s: have %s", name, strings.Join(f.Columns(), ", "))
	}
	return leaf.ColumnIndex
}

// TestErrors: more rows than there are, and what set or the reader returns.
func TestErrors(t *testing.T) {
	text := file(t, 10, 10)
	f, err := Open(bytes.NewReader(text), int64(len(text)), nil)
	must(t, err)
	none := func(int, parquet.Value) error { return nil }
	if err := f.Values(0, 0, 5, 12, none); err == nil || err.Error() != "ends after 10 rows; want 12" {
		t.Errorf("12 rows of 10: %v", err)
	}
	broken := errors.New("broken")
	if err := f.Values(0, 0, 0, 10, func(row int, _ parquet.Value) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("set returns an error: %v", err)
	}
	f, err = Open(failing{bytes.NewReader(text), int64(len(text) / 2), broken}, int64(len(text)), nil,
		parquet.SkipMagicBytes(true))
	must(t, err)
	if err := f.Values(0, 0, 0, 10, none); !errors.Is(err, broken) || err.Error() != "broken" {
		t.Errorf("the reader returns an error: %v; want it as it is", err)
	}
	if _, err = Open(failing{bytes.NewReader(text), 1 << 30, broken}, int64(len(text)), nil); !errors.Is(err, broken) {
		t.Errorf("the reader returns an error on opening: %v", err)
	}
}

// failing is a reader that returns an error before a place.
type failing struct {
	*bytes.Reader
	from int64
	err  error
}

func (f failing) ReadAt(p []byte, off int64) (int, error) {
	if off < f.from {
		return 0, f.err
	}
	return f.Reader.ReadAt(p, off)
}

// TestOnce: the pages of a column are walked once, whoever opens the file.
func TestOnce(t *testing.T) {
	text := file(t, 1000, 1000)
	var pages Pages
	var read []int64
	for range 2 {
		r := &counting{Reader: bytes.NewReader(text)}
		f, err := Open(r, int64(len(text)), &pages)
		must(t, err)
		before := r.bytes
		must(t, f.Values(0, column(t, f, "jpg"), 500, 501, func(int, parquet.Value) error { return nil }))
		read = append(read, r.bytes-before)
	}
	if read[0] < 2*read[1] {
		t.Errorf("a row takes %d bytes, and %d when the file is opened again; want less than half", read[0], read[1])
	}
}

// counting counts the bytes that are read.
type counting struct {
	*bytes.Reader
	bytes int64
}

func (c *counting) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.Reader.ReadAt(p, off)
	c.bytes += int64(n)
	return n, err
}
