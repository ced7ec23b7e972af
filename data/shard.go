package data

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/parquet-go/parquet-go"

	"github.com/goclip/goclip/data/storage"
)

// A shard is one Parquet file: what its footer says.
type shard struct {
	path  string // or address, as it may be shown
	first int64  // its first row among those of all shards
	rows  int64
	bytes int64 // of its columns, not compressed

	// Numbers of leaf columns; -1 where there is none.
	image, caption, captions, label, status int

	layout string // for people: the columns as understood

	groups     int
	kept       *kept // the rows that are trained on; nil means all
	filterRead int   // row groups that were read to find them

	weighted []int // leaf columns of Config.Captions
	store    *storage.Store
	name     storage.Name
	version  storage.Version // of the file that was opened first
	mu       sync.Mutex
	checked  map[[2]int]*chunkPages // columns of row groups whose pages have been walked
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
func openFile(ctx context.Context, store *storage.Store, name storage.Name, first *storage.Version) (*storage.File, *parquet.File, error) {
	f, err := store.Open(ctx, name, first)
	if err != nil {
		return nil, nil, fmt.Errorf("data: %w", err)
	}
	footer, err := checkFooter(f, f.Version.Size)
	var p *parquet.File
	if err == nil {
		err = guard(func() (err error) {
			p, err = parquet.OpenFile(f, f.Version.Size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true),
				parquet.OptimisticRead(!name.Remote()), parquet.SkipMagicBytes(name.Remote()), parquet.ReadBufferSize(1<<18))
			return notEncrypted(err)
		})
	}
	if err == nil && first == nil && footer <= maxKeptFooter {
		err = f.Keep(footer)
	}
	if err != nil {
		_ = f.Close() // it was only read
		if errors.As(err, new(*storage.ReadError)) {
			return nil, nil, fmt.Errorf("data: %v: %w", name, err)
		}
		return nil, nil, fmt.Errorf("data: %v: not a whole Parquet file: %w", name, err)
	}
	return f, p, nil
}

// maxKeptFooter bounds the footers of remote shards that stay in memory, so that
// the next read of a shard begins with its rows.
const maxKeptFooter = 32 << 10

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

func openShard(ctx context.Context, store *storage.Store, name storage.Name, c Config, need Need) (*shard, error) {
	f, p, err := openFile(ctx, store, name, nil)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	path := name.String()
	s := &shard{path: path, store: store, name: name, version: f.Version, rows: p.NumRows(), groups: len(p.RowGroups()), checked: map[[2]int]*chunkPages{}}
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
func (s *shard) read(ctx context.Context, lo, hi int64, want columns) ([]row, error) {
	reading := want.reading
	if reading == nil {
		reading = func(string, int) {}
	}
	reading(s.path, -1)
	f, p, err := openFile(ctx, s.store, s.name, &s.version)
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
func (s *shard) readGroup(f io.ReaderAt, p *parquet.File, group int, lo int64, rows []row, want columns) error {
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
			pages, err := s.checkPages(f, p, group, c.column)
			if err != nil {
				return err
			}
			chunk := p.RowGroups()[group].ColumnChunks()[c.column].(*parquet.FileColumnChunk)
			data := p.Metadata().RowGroups[group].Columns[c.column].MetaData.DataPageOffset
			found, skip := pages.pagesOf(chunk, f, data, lo, lo+int64(len(rows)))
			return readColumn(found, skip, rows, func(i int, v parquet.Value) error {
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
func (s *shard) checkPages(f io.ReaderAt, p *parquet.File, group, column int) (*chunkPages, error) {
	at := [2]int{group, column}
	s.mu.Lock()
	found := s.checked[at]
	s.mu.Unlock()
	if found != nil {
		return found, nil
	}
	m := &p.Metadata().RowGroups[group].Columns[column].MetaData
	leaf, _ := p.Schema().Lookup(m.PathInSchema...)
	found, err := checkPages(f, p.Size(), m, leaf.MaxRepetitionLevel == 0)
	if err == nil {
		s.mu.Lock()
		s.checked[at] = found
		s.mu.Unlock()
	}
	return found, err
}

// readColumn calls set with each value, of those that are not null, of
// len(rows) rows from row lo of pages, and the number of its row among them.
// Bytes are valid only during the call.
func readColumn(pages parquet.Pages, lo int64, rows []row, set func(int, parquet.Value) error) error {
	c := cursor{pages: pages}
	defer c.close()
	if err := pages.SeekToRow(lo); err != nil {
		return err
	}
	// A row may end in the page after the one that it begins in.
	for v, err := c.peek(); err == nil && v.RepetitionLevel() > 0; v, err = c.peek() {
		c.at++
	}
	for i := range rows {
		err := c.row(func(v parquet.Value) error { return set(i, v) })
		if errors.Is(err, errNoRow) {
			return fmt.Errorf("ends after %d rows; want %d", lo+int64(i), lo+int64(len(rows)))
		}
		if err != nil {
			return err
		}
	}
	return nil
}
