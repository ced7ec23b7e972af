package data

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/parquet-go/parquet-go"

	"github.com/goclip/goclip/data/parquetfile"
	"github.com/goclip/goclip/data/storage"
	"github.com/goclip/goclip/data/where"
)

// A shard is one Parquet file: what its footer says.
type shard struct {
	path  string // or address, as it may be shown
	first int64  // its first row among the rows of all shards
	rows  int64
	bytes int64 // of its columns, not compressed

	// Numbers of leaf columns; -1 where there is none.
	image, caption, captions, label, status int

	noCaption, noLabel error // why there is none

	classes map[string]int64 // the label of each name, where labels are text

	layout string // for people: the columns as understood

	groups int
	kept   *where.Kept // the rows that are trained on; nil means all

	weighted []int // leaf columns of Config.Captions
	store    *storage.Store
	name     storage.Name
	version  storage.Version // of the file that was opened first
	pages    *parquetfile.Pages
	footers  *footers
}

// columns says which parts of rows to read.
type columns struct {
	image, caption, label bool

	// reading, unless it is nil, is called with the row group that is going to be
	// read, -1 for the footer.
	reading func(shard string, group int)
}

// openFile opens a shard. Unless first is nil, it must be the file that it was
// then: what was checked of that one, and its place among the rows, hold for it
// alone. Pages are those that were checked then.
func openFile(ctx context.Context, store *storage.Store, name storage.Name, first *storage.Version,
	pages *parquetfile.Pages) (*storage.File, *parquetfile.File, error) {
	f, err := store.Open(ctx, name, first)
	if err != nil {
		return nil, nil, fmt.Errorf("data: %w", err)
	}
	p, err := parquetfile.Open(f, f.Version.Size, pages,
		parquet.OptimisticRead(!name.Remote()), parquet.SkipMagicBytes(name.Remote()), parquet.ReadBufferSize(1<<18))
	if err == nil && first == nil && p.FooterBytes <= maxKeptFooter {
		err = f.Keep(p.FooterBytes)
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

func openShard(ctx context.Context, store *storage.Store, kept *footers, name storage.Name, c Config,
	need Need) (*shard, error) {
	s := &shard{path: name.String(), store: store, name: name, pages: &parquetfile.Pages{}, footers: kept}
	f, p, err := openFile(ctx, store, name, nil, s.pages)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	s.version, s.rows, s.groups, s.bytes = f.Version, p.NumRows(), len(p.RowGroups()), p.Bytes()
	if err := s.recognize(p, c, need); err != nil {
		return nil, fmt.Errorf("data: %s: %w", s.path, err)
	}
	return s, nil
}

// open opens the shard again.
func (s *shard) open(ctx context.Context) (*storage.File, *parquetfile.File, error) {
	if known := s.footers.of(s); known != nil {
		f, err := s.store.Open(ctx, s.name, &s.version)
		if err != nil {
			return nil, nil, fmt.Errorf("data: %w", err)
		}
		return f, known.On(f), nil
	}
	f, p, err := openFile(ctx, s.store, s.name, &s.version, s.pages)
	if err == nil {
		s.footers.keep(s, p)
	}
	return f, p, err
}

// read returns rows lo to hi of the shard.
func (s *shard) read(ctx context.Context, lo, hi int64, want columns) ([]row, error) {
	reading := want.reading
	if reading == nil {
		reading = func(string, int) {}
	}
	reading(s.path, -1)
	f, p, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	rows := make([]row, hi-lo)
	for i := range rows {
		rows[i] = row{ref: RowRef{s.path, lo + int64(i)}, label: -1, dropped: s.kept != nil && !s.kept.Has(lo+int64(i))}
	}
	for i := p.GroupOf(lo); i < len(p.RowGroups()) && p.FirstRow(i) < hi; i++ {
		base := p.FirstRow(i)
		from, to := max(lo, base), min(hi, base+p.RowGroups()[i].NumRows())
		if from >= to {
			continue
		}
		reading(s.path, i)
		if err := s.readGroup(p, i, from-base, rows[from-lo:to-lo], want); err != nil {
			return nil, fmt.Errorf("data: %s: row group %d: %w", s.path, i, err)
		}
	}
	return rows, nil
}

// readGroup fills rows from row lo of a group.
func (s *shard) readGroup(p *parquetfile.File, group int, lo int64, rows []row, want columns) error {
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
		{"label", s.label, want.label, func(r *row, v parquet.Value) { r.setLabel(v, s.classes) }},
		{"status", s.status, true, func(r *row, v parquet.Value) { r.status = brief(text(v)) }},
	}
	for i, column := range s.weighted {
		uses = append(uses, use{"captions", column, want.caption,
			func(r *row, v parquet.Value) { r.addWeighted(i, v) }})
	}
	for _, c := range uses {
		if c.column < 0 || !c.wanted {
			continue
		}
		row := 0 // that is being read
		err := p.Values(group, c.column, lo, lo+int64(len(rows)), func(i int, v parquet.Value) error {
			row = i
			if total += int64(len(text(v))); total > parquetfile.MaxGroupBytes {
				return fmt.Errorf("%d rows hold more than %d bytes", len(rows), int64(parquetfile.MaxGroupBytes))
			}
			c.set(&rows[i], v)
			return nil
		})
		if err != nil {
			return fmt.Errorf("column %s: row %d: %w", c.name, rows[row].ref.Row, err)
		}
	}
	return nil
}

// filter finds the rows of the shard that a condition keeps.
func (s *shard) filter(ctx context.Context, c *where.Condition) error {
	f, p, err := s.open(ctx)
	if err != nil {
		return err
	}
	defer f.Close()
	if s.kept, err = c.Keep(p, s.path); err != nil {
		return fmt.Errorf("data: %w", err)
	}
	return nil
}

// length is the number of rows that are trained on.
func (s *shard) length() int64 {
	if s.kept != nil {
		return s.kept.Len()
	}
	return s.rows
}

// readKept returns those rows from place lo to hi among the ones kept.
func (s *shard) readKept(ctx context.Context, lo, hi int64, want columns) ([]row, error) {
	if s.kept == nil {
		return s.read(ctx, lo, hi, want)
	}
	rows, err := s.read(ctx, s.kept.Row(lo), s.kept.Row(hi-1)+1, want)
	return slices.DeleteFunc(rows, func(r row) bool { return r.dropped }), err
}
