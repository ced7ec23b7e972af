package pack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"

	"github.com/goclip/goclip/data/parquetfile"
	"github.com/goclip/goclip/data/storage"
	"github.com/goclip/goclip/internal/guard"
)

// shards is a source of Parquet files. Its rows keep all their columns.
type shards struct {
	files  []*parquetfile.File
	open   []io.Closer
	paths  []string
	first  []int64 // row of each file
	total  int64
	image  []string
	leaves *parquet.Schema
	drop   map[string][]int64 // rows by path

	// Where reading goes on.
	file   int
	next   int64 // row of all files
	rowsOf parquet.Rows
}

// imageColumns are the names in the layouts of Hugging Face and img2dataset.
var imageColumns = []string{"image.bytes", "jpg", "png", "webp", "image"}

func openParquet(ctx context.Context, c Config) (source, error) {
	store, err := storage.New(storage.Config{})
	if err != nil {
		return nil, fmt.Errorf("pack: %w", err)
	}
	store.LogFrom(ctx)
	names, err := store.List(ctx, c.Source)
	if err != nil {
		return nil, fmt.Errorf("pack: %w", err)
	}
	s := &shards{drop: c.Drop}
	for _, name := range names {
		s.paths = append(s.paths, name.String())
		f, err := store.Open(ctx, name, nil)
		if err != nil {
			s.close()
			return nil, fmt.Errorf("pack: %w", err)
		}
		s.open = append(s.open, f)
		if err := s.add(f, name); err != nil {
			s.close()
			return nil, fmt.Errorf("pack: %v: %w", name, err)
		}
	}
	paths := s.paths
	has := func(name string) bool { _, ok := s.files[0].Column(name); return ok }
	name := named(has, c.Image, imageColumns...)
	if !has(name) {
		s.close()
		return nil, fmt.Errorf("pack: %s: no image column; want one of %s, or the name of another", paths[0],
			strings.Join(imageColumns, ", "))
	}
	leaf, _ := s.files[0].Column(name)
	s.image = leaf.Path
	if leaf.MaxRepetitionLevel > 0 || leaf.Node.Type().Kind() != parquet.ByteArray {
		s.close()
		return nil, fmt.Errorf("pack: %s: column %s: have %v; want one of bytes", paths[0], name, leaf.Node)
	}
	s.leaves = packedSchema(s.files[0], s.image)
	return s, nil
}

func (s *shards) add(f *storage.File, name storage.Name) error {
	buffer := 1 << 18
	if name.Remote() {
		buffer = storage.FileBytes // a request each
	}
	p, err := parquetfile.Open(f, f.Version.Size, nil, parquet.ReadBufferSize(buffer))
	if err != nil {
		return fmt.Errorf("not a whole Parquet file: %w", err)
	}
	if len(s.files) > 0 && !parquet.EqualNodes(p.Schema(), s.files[0].Schema()) {
		return fmt.Errorf("its columns are %s; want the columns of %s, %s", columnsOf(p), s.paths[0], columnsOf(s.files[0]))
	}
	s.files, s.first = append(s.files, p), append(s.first, s.total)
	s.total += p.NumRows()
	return nil
}

// columnsOf names the columns of a file, with their types.
func columnsOf(f *parquetfile.File) string {
	var names []string
	for _, path := range f.Schema().Columns() {
		leaf, _ := f.Schema().Lookup(path...)
		kind := "required "
		switch {
		case leaf.MaxRepetitionLevel > 0:
			kind = "list of "
		case leaf.MaxDefinitionLevel > 0:
			kind = ""
		}
		names = append(names, fmt.Sprintf("%s (%s%v)", strings.Join(path, "."), kind, leaf.Node.Type()))
	}
	return strings.Join(names, ", ")
}

func (s *shards) rows() int64             { return s.total }
func (s *shards) schema() *parquet.Schema { return s.leaves }
func (s *shards) imageColumn() []string   { return s.image }

func (s *shards) identity() string {
	var text strings.Builder
	for i, f := range s.files {
		fmt.Fprintf(&text, "%s %d %d\n", filepath.Base(s.paths[i]), f.Size(), f.NumRows())
		if drop := s.drop[s.paths[i]]; len(drop) > 0 {
			fmt.Fprintln(&text, "without", drop)
		}
	}
	return text.String()
}

// metadata returns the metadata of the first file, which say how its columns are meant.
func (s *shards) metadata() map[string]string {
	m := map[string]string{}
	for _, kv := range s.files[0].Metadata().KeyValueMetadata {
		m[kv.Key] = kv.Value
	}
	return m
}

func (s *shards) close() {
	if s.rowsOf != nil {
		s.rowsOf.Close()
	}
	for _, f := range s.open {
		f.Close()
	}
}

func (s *shards) read(lo, hi int64) (records []record, err error) {
	for lo < hi {
		file := fileOf(s.first, lo)
		var part []record
		err := guard.Call(func() (err error) {
			part, err = s.readFile(file, lo, min(hi, s.first[file]+s.files[file].NumRows()))
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("pack: %s: row %d: %w", s.paths[file], lo-s.first[file], err)
		}
		records = append(records, part...)
		lo += int64(len(part))
	}
	return records, nil
}

// fileOf is the file that holds a row: of those that begin at or before it, the
// last, since files without rows may be among them.
func fileOf(first []int64, row int64) int {
	i, _ := slices.BinarySearch(first, row+1)
	return i - 1
}

// readFile reads some rows from lo on, at most to hi, of one row group.
func (s *shards) readFile(file int, lo, hi int64) (records []record, err error) {
	if s.rowsOf == nil || s.next != lo || s.file != file {
		if err := s.seek(file, lo); err != nil {
			return nil, err
		}
	}
	rows := make([]parquet.Row, hi-lo)
	n, err := s.rowsOf.ReadRows(rows)
	if n == 0 && errors.Is(err, io.EOF) { // the next row group
		if err := s.seek(file, lo); err != nil {
			return nil, err
		}
		n, err = s.rowsOf.ReadRows(rows)
	}
	if n == 0 && err == nil {
		err = io.ErrNoProgress
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if n == 0 {
		return nil, io.ErrUnexpectedEOF
	}
	for i, row := range rows[:n] {
		at := lo - s.first[file] + int64(i)
		r := record{where: fmt.Sprintf("%s: row %d", s.paths[file], at)}
		if _, drop := slices.BinarySearch(s.drop[s.paths[file]], at); !drop {
			r.row = row.Clone()
		}
		records = append(records, r)
	}
	s.next = lo + int64(n)
	return records, nil
}

// seek opens the row group of a row.
func (s *shards) seek(file int, row int64) error {
	if s.rowsOf != nil {
		s.rowsOf.Close()
		s.rowsOf = nil
	}
	f, at := s.files[file], row-s.first[file]
	group := f.GroupOf(at)
	if group == len(f.RowGroups()) {
		return io.ErrUnexpectedEOF
	}
	s.rowsOf, s.file, s.next = f.Group(group).Rows(), file, row
	return s.rowsOf.SeekToRow(at - f.FirstRow(group))
}
