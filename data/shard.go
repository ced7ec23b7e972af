package data

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/parquet-go/parquet-go"
)

// maxGroupBytes refuses row groups whose columns would not fit in memory.
const maxGroupBytes = 4 << 30

// A shard is one Parquet file: what its footer says.
type shard struct {
	path  string
	first int64 // its first row among those of all shards
	rows  int64

	// Numbers of leaf columns; -1 where there is none.
	image, caption, captions, label, status int

	layout string // for people: the columns as understood

	groups     int
	kept       *kept // the rows that are trained on; nil means all
	filterRead int   // row groups that were read to find them

	weighted []int // leaf columns of Config.Captions
}

// A row is one pair before it is decoded.
type row struct {
	ref      RowRef
	image    []byte
	captions []string
	label    int64 // -1 without one
	status   string
	weighted [][]string // captions of each column of Config.Captions
	dropped  bool       // by a condition, so that its image is not read
}

// columns says which parts of rows to read.
type columns struct{ image, caption, label bool }

func openFile(path string) (*os.File, *parquet.File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, fmt.Errorf("data: %w", err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("is not a regular file")
	}
	var p *parquet.File
	if err == nil {
		err = guard(func() (err error) {
			p, err = parquet.OpenFile(f, info.Size(), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true),
				parquet.OptimisticRead(true), parquet.ReadBufferSize(1<<18))
			return err
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
	f, p, err := openFile(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	s := &shard{path: path, rows: p.NumRows(), groups: len(p.RowGroups())}
	if err := s.recognize(p, c, need); err != nil {
		return nil, fmt.Errorf("data: %s: %w", path, err)
	}
	var sum int64
	for i, g := range p.RowGroups() {
		sum += g.NumRows()
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

// leaves names all columns.
func leaves(p *parquet.File) (names []string) {
	for _, path := range p.Schema().Columns() {
		names = append(names, strings.Join(path, "."))
	}
	return names
}

// read returns rows lo to hi of the shard.
func (s *shard) read(lo, hi int64, want columns) ([]row, error) {
	f, p, err := openFile(s.path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if p.NumRows() != s.rows {
		return nil, fmt.Errorf("data: %s: has %d rows now, and had %d", s.path, p.NumRows(), s.rows)
	}
	rows := make([]row, hi-lo)
	for i := range rows {
		rows[i] = row{ref: RowRef{s.path, lo + int64(i)}, label: -1, dropped: s.kept != nil && !s.kept.has(lo+int64(i))}
	}
	base := int64(0)
	for i, g := range p.RowGroups() {
		from, to := max(lo, base), min(hi, base+g.NumRows())
		if from < to {
			if err := s.readGroup(g, from-base, rows[from-lo:to-lo], want); err != nil {
				return nil, fmt.Errorf("data: %s: row group %d: %w", s.path, i, err)
			}
		}
		base += g.NumRows()
	}
	return rows, nil
}

// readGroup fills rows from row lo of a group.
func (s *shard) readGroup(g parquet.RowGroup, lo int64, rows []row, want columns) error {
	type use struct {
		name   string
		column int
		wanted bool
		set    func(r *row, v parquet.Value)
	}
	uses := []use{
		{"image", s.image, want.image, func(r *row, v parquet.Value) {
			if !r.dropped {
				r.image = append([]byte(nil), v.ByteArray()...)
			}
		}},
		{"caption", s.caption, want.caption, func(r *row, v parquet.Value) { r.captions = append(r.captions, string(v.ByteArray())) }},
		{"captions", s.captions, want.caption, func(r *row, v parquet.Value) { r.addCaption(string(v.ByteArray())) }},
		{"label", s.label, want.label, func(r *row, v parquet.Value) { r.label = integer(v) }},
		{"status", s.status, true, func(r *row, v parquet.Value) { r.status = string(v.ByteArray()) }},
	}
	for i, column := range s.weighted {
		uses = append(uses, use{"captions", column, want.caption, func(r *row, v parquet.Value) {
			for len(r.weighted) <= i {
				r.weighted = append(r.weighted, nil)
			}
			r.weighted[i] = append(r.weighted[i], string(v.ByteArray()))
		}})
	}
	for _, c := range uses {
		if c.column < 0 || !c.wanted {
			continue
		}
		err := guard(func() error { return readColumn(g.ColumnChunks()[c.column], lo, rows, c.set) })
		if err != nil {
			return fmt.Errorf("column %s: %w", c.name, err)
		}
	}
	return nil
}

// addCaption adds one of a list, which often repeats the caption column.
func (r *row) addCaption(caption string) {
	for _, c := range r.captions {
		if c == caption {
			return
		}
	}
	r.captions = append(r.captions, caption)
}

func integer(v parquet.Value) int64 {
	switch v.Kind() {
	case parquet.Int32:
		return int64(v.Int32())
	case parquet.Int64:
		return v.Int64()
	}
	return -1
}

// readColumn calls set with each value, of those that are not null, of
// len(rows) rows from row lo. Bytes are valid only during the call.
func readColumn(chunk parquet.ColumnChunk, lo int64, rows []row, set func(*row, parquet.Value)) error {
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
				if !v.IsNull() && at >= 0 {
					set(&rows[at], v)
				}
			}
		}
		parquet.Release(page)
		if !errors.Is(err, io.EOF) {
			return err
		}
	}
}
