package parquetfile

import (
	"io"
	"sort"

	"github.com/parquet-go/parquet-go"
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
func (c *chunkPages) pagesOf(chunk *parquet.FileColumnChunk, r io.ReaderAt, data, lo,
	hi int64) (pages *parquet.FilePages, skip int64) {
	if len(c.starts) == 0 || c.starts[0].at != data {
		return chunk.PagesFrom(r), lo
	}
	first := sort.Search(len(c.starts), func(i int) bool { return c.starts[i].row > lo }) - 1
	after := sort.Search(len(c.starts), func(i int) bool { return c.starts[i].row >= hi })
	end := c.end
	if after < len(c.starts) {
		end = c.starts[after].at
	}
	return chunk.PagesFrom(&without{r, data, c.starts[first].at, end}), lo - c.starts[first].row
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
