package parquetfile

import (
	"io"
	"sort"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// A pageStart is where a page of a column begins, and the first row in it.
type pageStart struct{ at, row int64 }

// A chunkPages are the pages of a column of a row group, as checkPages found
// them. Starts is empty where the pages do not say which rows they hold.
type chunkPages struct {
	starts []pageStart
	end    int64 // of the last page
}

// pagesOf returns the pages of a column that hold rows lo to hi of its row group,
// and those it must skip to come to lo. Without starts, or if something comes
// between, it returns all, from the first row on.
//
// The Parquet reader finds a row by an index that many writers leave out, or else
// by reading all pages before it.
func (f *File) pagesOf(group, column int, found *chunkPages, lo, hi int64) (pages *parquet.FilePages, skip int64) {
	data := f.chunks[group][column].data
	if len(found.starts) == 0 || found.starts[0].at != data {
		return f.allPages(group, column), lo
	}
	first := sort.Search(len(found.starts), func(i int) bool { return found.starts[i].row > lo }) - 1
	after := sort.Search(len(found.starts), func(i int) bool { return found.starts[i].row >= hi })
	until := found.end
	if after < len(found.starts) {
		until = found.starts[after].at
	}
	return f.somePages(group, column, found.starts[first].at, until), lo - found.starts[first].row
}

// allPages returns the pages of a column of a row group.
func (f *File) allPages(group, column int) *parquet.FilePages {
	c := f.chunks[group][column]
	return f.somePages(group, column, c.data, c.end)
}

// somePages returns the pages from one byte of the file to another, and the
// dictionary.
func (f *File) somePages(group, column int, from, until int64) *parquet.FilePages {
	chunk := f.RowGroups()[group].ColumnChunks()[column].(*parquet.FileColumnChunk)
	c := f.chunks[group][column]
	if c.codec == format.Uncompressed {
		return chunk.PagesFrom(&without{f.r, c.data, from, until})
	}
	pages := chunk.PagesFrom(&unpacked{r: f.r, chunk: c, from: from, until: until})
	_ = pages.SeekToRow(0) // over the gap behind the dictionary; without an index it cannot fail
	return pages
}

// without is a file from which the bytes between two offsets are left out, and
// all from an end on.
type without struct {
	r               io.ReaderAt
	from, to, until int64
}

func (w *without) ReadAt(p []byte, off int64) (n int, err error) {
	if off < w.from {
		n = int(min(int64(len(p)), w.from-off))
		if n, err = w.r.ReadAt(p[:n], off); err != nil || n == len(p) {
			return n, err
		}
		off, p = w.from, p[n:]
	}
	off += w.to - w.from
	rest := p[:max(0, min(int64(len(p)), w.until-off))]
	m, err := w.r.ReadAt(rest, off)
	if err == nil && m < len(p) {
		err = io.EOF
	}
	return n + m, err
}
