package data

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/parquet-go/parquet-go"
)

// A shard is one Parquet file: what its footer says.
type shard struct {
	path  string
	first int64 // its first row among those of all shards
	rows  int64
	bytes int64 // of its columns, not compressed

	// Numbers of leaf columns; -1 where there is none.
	image, caption, captions, label, status int

	layout string // for people: the columns as understood

	groups     int
	kept       *kept // the rows that are trained on; nil means all
	filterRead int   // row groups that were read to find them

	weighted []int       // leaf columns of Config.Captions
	info     os.FileInfo // of the file that was opened first
	mu       sync.Mutex
	checked  map[[2]int]bool // columns of row groups whose pages have been walked
}

// columns says which parts of rows to read.
type columns struct {
	image, caption, label bool

	// reading, unless it is nil, is told which row group is being read, -1 for
	// the footer.
	reading func(shard string, group int)
}

// openFile opens a shard. Unless first is nil, it must be the file that it was
// then: what was checked of that one, and its place among the rows, hold for it
// alone.
func openFile(path string, first os.FileInfo) (*os.File, *parquet.File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, fmt.Errorf("data: %w", err)
	}
	if !info.Mode().IsRegular() { // to open a pipe would wait for its writer
		return nil, nil, fmt.Errorf("data: %s: is not a regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, fmt.Errorf("data: %w", err)
	}
	info, err = f.Stat()
	if err == nil && first != nil && (!os.SameFile(info, first) || info.Size() != first.Size() || !info.ModTime().Equal(first.ModTime())) {
		f.Close()
		return nil, nil, fmt.Errorf("data: %s: has changed while it was in use: had %d bytes of %s, has %d of %s",
			path, first.Size(), first.ModTime().Format(time.DateTime), info.Size(), info.ModTime().Format(time.DateTime))
	}
	var p *parquet.File
	if err == nil {
		err = checkFooter(f, info.Size())
	}
	if err == nil {
		err = guard(func() (err error) {
			p, err = parquet.OpenFile(f, info.Size(), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true),
				parquet.OptimisticRead(true), parquet.ReadBufferSize(1<<18))
			return notEncrypted(err)
		})
	}
	if err != nil {
		f.Close()
		return nil, nil, fmt.Errorf("data: %s: not a whole Parquet file: %w", path, err)
	}
	return f, p, nil
}

// guard turns a panic of the Parquet reader, which damaged files can cause,
// into an error.
func guard(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("damaged: %v", r)
		}
	}()
	return f()
}

func openShard(path string, c Config, need Need) (*shard, error) {
	f, p, err := openFile(path, nil)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	s := &shard{path: path, rows: p.NumRows(), groups: len(p.RowGroups()), info: info, checked: map[[2]int]bool{}}
	if err := s.recognize(p, c, need); err != nil {
		return nil, fmt.Errorf("data: %s: %w", path, err)
	}
	var sum int64
	for i, g := range p.RowGroups() {
		n := g.NumRows()
		if n < 0 || n > maxGroupRows {
			return nil, fmt.Errorf("data: %s: row group %d has %d rows; want at most %d", path, i, n, maxGroupRows)
		}
		sum += n
		s.bytes += p.Metadata().RowGroups[i].TotalByteSize
		if size := p.Metadata().RowGroups[i].TotalByteSize; size > maxGroupBytes || size < 0 {
			return nil, fmt.Errorf("data: %s: row group %d has %d bytes; want at most %d", path, i, size, int64(maxGroupBytes))
		}
	}
	if sum != s.rows {
		return nil, fmt.Errorf("data: %s: its row groups have %d rows; its footer says %d", path, sum, s.rows)
	}
	return s, nil
}

// recognize finds the columns, those that c names or those of a known layout.
func (s *shard) recognize(p *parquet.File, c Config, need Need) error {
	find := func(names ...string) (int, string) {
		for _, name := range names {
			if leaf, ok := p.Schema().Lookup(strings.Split(name, ".")...); ok {
				return leaf.ColumnIndex, name
			}
		}
		return -1, ""
	}
	named := func(name string, known ...string) ([]string, bool) {
		if name != "" {
			return []string{name}, true
		}
		return known, false
	}
	var names []string
	column := func(what string, wanted bool, name string, known ...string) (int, error) {
		choices, explicit := named(name, known...)
		i, found := find(choices...)
		if i < 0 && (wanted || explicit) {
			return -1, fmt.Errorf("no %s column: have %s; want %s", what, strings.Join(leaves(p), ", "), strings.Join(choices, " or "))
		}
		if i >= 0 {
			names = append(names, what+" = "+found)
		}
		return i, nil
	}
	var err error
	if s.image, err = column("image", true, c.Image, "image.bytes", "jpg", "png", "webp", "image"); err != nil {
		return err
	}
	if t := p.Schema().Columns()[s.image]; !holdsBytes(p, t) {
		return fmt.Errorf("image column %s: holds no bytes; want those of image files", strings.Join(t, "."))
	}
	list := []string{"captions.list.element", "captions.list.item", "captions.array", "captions"}
	s.captions, _ = column("captions", false, "", list...)
	if c.Caption != "" || len(c.Captions) > 0 { // only those
		s.captions = -1
	}
	if len(c.Captions) > 0 {
		s.caption = -1
		if err := s.findCaptions(p, c.Captions); err != nil && need.Caption {
			return err
		}
	} else if s.caption, err = column("caption", need.Caption && s.captions < 0, c.Caption, "caption", "txt", "text"); err != nil {
		return err
	}
	if s.label, err = column("label", need.Label, c.Label, "label", "cls"); err != nil {
		return err
	}
	s.status, _ = column("status", false, "", "status")
	s.layout = strings.Join(names, ", ")
	return nil
}

// holdsBytes says whether a column can have the bytes of files.
func holdsBytes(p *parquet.File, path []string) bool {
	leaf, _ := p.Schema().Lookup(path...)
	kind := leaf.Node.Type().Kind()
	return kind == parquet.ByteArray || kind == parquet.FixedLenByteArray
}

// leaves names all columns.
func leaves(p *parquet.File) (names []string) {
	for _, path := range p.Schema().Columns() {
		names = append(names, strings.Join(path, "."))
	}
	return names
}

// read returns rows lo to hi of the shard.
func (s *shard) read(lo, hi int64, want columns) ([]row, error) {
	reading := want.reading
	if reading == nil {
		reading = func(string, int) {}
	}
	reading(s.path, -1)
	f, p, err := openFile(s.path, s.info)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	rows := make([]row, hi-lo)
	for i := range rows {
		rows[i] = row{ref: RowRef{s.path, lo + int64(i)}, label: -1, dropped: s.kept != nil && !s.kept.has(lo+int64(i))}
	}
	base := int64(0)
	for i := range p.RowGroups() {
		n := p.RowGroups()[i].NumRows()
		from, to := max(lo, base), min(hi, base+n)
		if from < to {
			reading(s.path, i)
			if err := s.readGroup(f, p, i, from-base, rows[from-lo:to-lo], want); err != nil {
				return nil, fmt.Errorf("data: %s: row group %d: %w", s.path, i, err)
			}
		}
		base += n
	}
	return rows, nil
}

// readGroup fills rows from row lo of a group.
func (s *shard) readGroup(f *os.File, p *parquet.File, group int, lo int64, rows []row, want columns) error {
	var total int64
	for i := range rows {
		rows[i].group = group
	}
	type use struct {
		name   string
		column int
		wanted bool
		set    func(r *row, v parquet.Value)
	}
	uses := []use{
		{"image", s.image, want.image, (*row).setImage},
		{"caption", s.caption, want.caption, (*row).addCaption},
		{"captions", s.captions, want.caption, (*row).addCaption},
		{"label", s.label, want.label, func(r *row, v parquet.Value) { r.label = integer(v) }},
		{"status", s.status, true, func(r *row, v parquet.Value) { r.status = brief(text(v)) }},
	}
	for i, column := range s.weighted {
		uses = append(uses, use{"captions", column, want.caption, func(r *row, v parquet.Value) { r.addWeighted(i, v) }})
	}
	for _, c := range uses {
		if c.column < 0 || !c.wanted {
			continue
		}
		row := 0 // that is being read
		err := guard(func() error {
			if err := s.checkPages(f, p, group, c.column); err != nil {
				return err
			}
			return readColumn(p.RowGroups()[group].ColumnChunks()[c.column], lo, rows, func(i int, v parquet.Value) error {
				row = i
				if total += int64(len(text(v))); total > maxGroupBytes {
					return fmt.Errorf("%d rows hold more than %d bytes", len(rows), int64(maxGroupBytes))
				}
				c.set(&rows[i], v)
				return nil
			})
		})
		if err != nil {
			return fmt.Errorf("column %s: row %d: %w", c.name, rows[row].ref.Row, err)
		}
	}
	return nil
}

// checkPages walks the pages of a column once.
func (s *shard) checkPages(f *os.File, p *parquet.File, group, column int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := [2]int{group, column}
	if s.checked[at] {
		return nil
	}
	err := checkPages(f, p.Size(), &p.Metadata().RowGroups[group].Columns[column].MetaData)
	s.checked[at] = err == nil
	return err
}

// readColumn calls set with each value, of those that are not null, of
// len(rows) rows from row lo, and the number of its row among them. Bytes are
// valid only during the call.
func readColumn(chunk parquet.ColumnChunk, lo int64, rows []row, set func(int, parquet.Value) error) error {
	pages := chunk.Pages()
	defer pages.Close()
	if err := pages.SeekToRow(lo); err != nil {
		return err
	}
	at := -1
	var values [64]parquet.Value
	for {
		page, err := pages.ReadPage()
		if errors.Is(err, io.EOF) {
			if at+1 < len(rows) {
				return fmt.Errorf("ends after %d rows; want %d", lo+int64(at)+1, lo+int64(len(rows)))
			}
			return nil
		}
		if err != nil {
			return err
		}
		reader := page.Values()
		for err = nil; err == nil; {
			var n int
			n, err = reader.ReadValues(values[:])
			for _, v := range values[:n] {
				if v.RepetitionLevel() == 0 {
					if at++; at == len(rows) {
						parquet.Release(page)
						return nil
					}
				}
				if v.IsNull() || at < 0 {
					continue
				}
				if err := set(at, v); err != nil {
					parquet.Release(page)
					return err
				}
			}
		}
		parquet.Release(page)
		if !errors.Is(err, io.EOF) {
			return err
		}
	}
}
