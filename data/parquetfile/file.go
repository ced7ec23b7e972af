// Package parquetfile reads Parquet files that come from anywhere. The reader of
// parquet-go takes memory for what a length in a file claims, before it looks for
// the bytes, and panics where pages contradict each other. Here the footer and the
// pages are walked first, each once, and refused where a length is a lie:
//
//	Open: footer -> lengths, columns, row groups
//	Values, Rows: pages of a column -> sizes, what their compression claims -> values
//
// What is wrong with a file is an error, never a panic, and takes memory in
// proportion to the file.
package parquetfile

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"sort"
	"strings"
	"sync"

	"github.com/parquet-go/parquet-go"

	"github.com/goclip/goclip/internal/guard"
)

// What a file may make its reader hold in memory. All are far above what writers
// of images make.
const (
	MaxGroupBytes = 4 << 30   // of a row group, not compressed
	MaxGroupRows  = 1 << 24   // of a row group, and values of a page
	MaxPageBytes  = 256 << 20 // of a page, not compressed

	maxFooterBytes = 128 << 20 // 30,000 row groups of one small image, which statistics repeat
	maxElements    = 5 << 20   // of all lists in a footer; parsed, a row group of 3 bytes takes 200
	maxColumns     = 10_000
	maxHeaderBytes = 1 << 20 // of a page
)

// A File is an open Parquet file whose footer has been checked. Several goroutines
// may read it.
type File struct {
	*parquet.File

	// FooterBytes is the length of the footer, with the eight bytes behind it.
	FooterBytes int64

	r      io.ReaderAt
	pages  *Pages
	chunks [][]chunk // by row group and column
	first  []int64   // row of each row group
}

// On is the same file, read by another reader. R may be nil while nothing is read.
func (f *File) On(r io.ReaderAt) *File {
	g := *f
	g.r = source{r}
	return &g
}

// FirstRow is the number of rows before a row group.
func (f *File) FirstRow(group int) int64 { return f.first[group] }

// GroupOf is the row group that has a row; past the last row it is the number of
// row groups.
func (f *File) GroupOf(row int64) int {
	if row >= f.NumRows() {
		return len(f.first)
	}
	return sort.Search(len(f.first), func(i int) bool { return f.first[i] > row }) - 1
}

// Pages keeps where the pages of a file begin once they have been checked, for
// those who open the same file again. The zero value has none. Several goroutines
// may use it.
type Pages struct {
	mu     sync.Mutex
	chunks map[[2]int]*chunkPages // by row group and column
}

// Open reads the footer of a file of size bytes. Pages, unless nil, has what an
// earlier Open of the same bytes found. Errors of r are returned as they are.
func Open(r io.ReaderAt, size int64, pages *Pages, options ...parquet.FileOption) (*File, error) {
	r = source{r}
	footer, codecs, err := checkFooter(r, size)
	if err != nil {
		return nil, err
	}
	if pages == nil {
		pages = &Pages{}
	}
	f := &File{FooterBytes: int64(len(footer)) + 8, r: r, pages: pages}
	options = append([]parquet.FileOption{parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true)}, options...)
	err = guard.Call(func() (err error) {
		tail := &overlay{r, size - f.FooterBytes, footer}
		f.File, err = parquet.OpenFile(tail, size, options...)
		*tail = overlay{} // which the parquet.File holds, and does not read any more
		return notEncrypted(err)
	})
	if err == nil {
		err = f.uniqueNames()
	}
	if err == nil {
		err = f.locate(codecs)
	}
	if err == nil {
		err = f.checkGroups()
	}
	if err != nil {
		return nil, err
	}
	return f, nil
}

// A source is a reader whose errors differ from damage of what it reads.
type source struct{ io.ReaderAt }

func (s source) ReadAt(p []byte, off int64) (int, error) {
	n, err := s.ReaderAt.ReadAt(p, off)
	if err != nil && !errors.Is(err, io.EOF) {
		err = &readError{err}
	}
	return n, err
}

// A readError is an error of the reader of a file.
type readError struct{ err error }

func (e *readError) Error() string { return e.err.Error() }
func (e *readError) Unwrap() error { return e.err }

var errEncrypted = errors.New("it is encrypted; decrypt it first")

// notEncrypted is err in plainer words where columns are encrypted.
func notEncrypted(err error) error {
	if err != nil && strings.Contains(err.Error(), "DecryptionConfig") { // which has no error to compare with
		return errEncrypted
	}
	return err
}

// checkGroups compares the sizes of row groups with what is allowed and with the
// footer, and sums up their rows.
func (f *File) checkGroups() error {
	var sum int64
	for i, g := range f.RowGroups() {
		n, size := g.NumRows(), f.Metadata().RowGroups[i].TotalByteSize
		if n > MaxGroupRows { // parquet-go refuses a negative number
			return fmt.Errorf("row group %d has %d rows; want at most %d", i, n, MaxGroupRows)
		}
		if size < 0 || size > MaxGroupBytes {
			return fmt.Errorf("row group %d has %d bytes; want at most %d", i, size, int64(MaxGroupBytes))
		}
		f.first = append(f.first, sum)
		sum += n
	}
	if sum != f.NumRows() {
		return fmt.Errorf("its row groups have %d rows; its footer says %d", sum, f.NumRows())
	}
	return nil
}

// uniqueNames refuses a file in which two columns have one name: which of them is meant?
func (f *File) uniqueNames() error {
	names := f.Columns()
	slices.Sort(names)
	for i := range names[:max(0, len(names)-1)] {
		if names[i] == names[i+1] {
			return fmt.Errorf("two columns have the name %s; want one, or another name for the other", names[i])
		}
	}
	return nil
}

// Columns names all leaf columns, nested ones with dots.
func (f *File) Columns() (names []string) {
	for _, path := range f.Schema().Columns() {
		names = append(names, strings.Join(path, "."))
	}
	return names
}

// Column finds a leaf column by its name, such as image.bytes, which may be the name
// of one column, or of bytes in a group image.
func (f *File) Column(name string) (parquet.LeafColumn, bool) {
	for _, path := range f.Schema().Columns() {
		if strings.Join(path, ".") == name {
			return f.leaf(path)
		}
	}
	return parquet.LeafColumn{}, false
}

// Elements finds the elements of a column of lists by its name, whatever their writer
// calls what lies between. Elements that are groups are not found.
func (f *File) Elements(name string) (parquet.LeafColumn, bool) {
	for _, path := range f.Schema().Columns() {
		for inner := 0; inner <= min(2, len(path)-1); inner++ { // name, name.array or name.list.element
			if strings.Join(path[:len(path)-inner], ".") != name {
				continue
			}
			if leaf, ok := f.leaf(path); leaf.MaxRepetitionLevel == 1 {
				return leaf, ok
			}
		}
	}
	return parquet.LeafColumn{}, false
}

// leaf finds a column by its path, of which parquet-go returns only the last name.
func (f *File) leaf(path []string) (parquet.LeafColumn, bool) {
	leaf, ok := f.Schema().Lookup(path...)
	leaf.Path = path
	return leaf, ok
}

// Bytes is the size of all row groups, not compressed.
func (f *File) Bytes() (bytes int64) {
	for i := range f.Metadata().RowGroups {
		bytes += f.Metadata().RowGroups[i].TotalByteSize
	}
	return bytes
}

// check walks the pages of a column of a row group, once.
func (f *File) check(group, column int) (*chunkPages, error) {
	at := [2]int{group, column}
	f.pages.mu.Lock()
	found := f.pages.chunks[at]
	f.pages.mu.Unlock()
	if found != nil {
		return found, nil
	}
	m := &f.Metadata().RowGroups[group].Columns[column].MetaData
	leaf, _ := f.Schema().Lookup(m.PathInSchema...)
	found, err := checkPages(f.r, f.Size(), f.chunks[group][column], leaf.MaxRepetitionLevel == 0)
	if err != nil {
		return nil, err
	}
	f.pages.mu.Lock()
	defer f.pages.mu.Unlock()
	if f.pages.chunks == nil {
		f.pages.chunks = map[[2]int]*chunkPages{}
	}
	f.pages.chunks[at] = found
	return found, nil
}

// Values calls set with each value that is not null of rows lo to hi of a row
// group, and the number of its row from lo. Of a list, each element is a value.
// Bytes are valid only during the call. It ends with the first error of set.
func (f *File) Values(group, column int, lo, hi int64, set func(row int, v parquet.Value) error) error {
	return guard.Call(func() error {
		found, err := f.check(group, column)
		if err != nil {
			return err
		}
		pages, skip := f.pagesOf(group, column, found, lo, hi)
		c := Cursor{pages: pages}
		defer c.Close()
		if err := pages.SeekToRow(skip); err != nil {
			return err
		}
		// A row may end in the page after the one that it begins in.
		for v, err := c.peek(); err == nil && v.RepetitionLevel() > 0; v, err = c.peek() {
			c.at++
		}
		for i := range int(hi - lo) {
			err := c.next(func(v parquet.Value) error { return set(i, v) })
			if errors.Is(err, errNoRow) {
				return fmt.Errorf("ends after %d rows; want %d", skip+int64(i), skip+hi-lo)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// Rows reads a column of a row group from its first row on. The Cursor must be
// closed.
func (f *File) Rows(group, column int) (c *Cursor, err error) {
	err = guard.Call(func() error {
		if _, err := f.check(group, column); err != nil {
			return err
		}
		c = &Cursor{pages: f.allPages(group, column)}
		return nil
	})
	return c, err
}

// Group is a row group whose rows may be read; no page is checked before it is its
// turn. Those of RowGroups have sizes and statistics alone.
func (f *File) Group(group int) parquet.RowGroup { return rowGroup{f.RowGroups()[group], f, group} }

// A rowGroup is one whose columns are read as [unpacked].
type rowGroup struct {
	parquet.RowGroup
	file  *File
	group int
}

func (g rowGroup) ColumnChunks() []parquet.ColumnChunk {
	chunks := slices.Clone(g.RowGroup.ColumnChunks())
	for i := range chunks {
		chunks[i] = columnChunk{chunks[i], g, i}
	}
	return chunks
}

func (g rowGroup) Rows() parquet.Rows { return parquet.NewRowGroupRowReader(g) }

type columnChunk struct {
	parquet.ColumnChunk
	group  rowGroup
	column int
}

func (c columnChunk) Pages() parquet.Pages { return c.group.file.allPages(c.group.group, c.column) }
