package data

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// filter finds the rows of a shard that a condition keeps. It reads the columns
// that the condition names, of the row groups whose statistics leave it open,
// whether a row is kept.
func (s *shard) filter(ctx context.Context, c *condition) (err error) {
	f, p, err := openFile(ctx, s.store, s.name, &s.version)
	if err != nil {
		return err
	}
	defer f.Close()
	found, kinds := make([]filterColumn, len(c.columns)), make([]valueKind, len(c.columns))
	for i := range found {
		if found[i], err = s.filterColumn(p, c, i); err != nil {
			return err
		}
		kinds[i] = found[i].kind
	}
	if err := c.check(c.root, kinds); err != nil {
		return fmt.Errorf("%w, in %s", err, s.path)
	}
	s.kept = newKept(s.rows)
	first := int64(0)
	for i, g := range p.RowGroups() {
		err := guard(func() error { return s.filterGroup(c, f, p, i, first, found) })
		if err != nil {
			return fmt.Errorf("data: %s: row group %d: where: %w", s.path, i, err)
		}
		first += g.NumRows()
	}
	s.kept.done()
	return nil
}

// A filterColumn is one that a condition names.
type filterColumn struct {
	parquet.LeafColumn
	kind     valueKind
	unsigned bool
}

// filterColumn finds column i of a condition.
func (s *shard) filterColumn(p *parquet.File, c *condition, i int) (f filterColumn, err error) {
	name, at := c.columns[i], c.places[i]
	leaf, ok := p.Schema().Lookup(strings.Split(name, ".")...)
	if f.LeafColumn = leaf; !ok {
		return f, c.errorf(at, "no column %s in %s: have %s", name, s.path, strings.Join(leaves(p), ", "))
	}
	if f.MaxRepetitionLevel > 0 {
		return f, c.errorf(at, "column %s of %s has lists; want one value a row", name, s.path)
	}
	t := f.Node.Type()
	decimal := false
	if logical := t.LogicalType(); logical != nil {
		switch v := logical.Value.(type) {
		case *format.IntType:
			f.unsigned = !v.IsSigned
		case *format.DecimalType:
			decimal = true
		}
	}
	switch k := t.Kind(); {
	case decimal, k == parquet.Int96, k == parquet.FixedLenByteArray:
		return f, c.errorf(at, "column %s of %s has values of %v; want numbers, text or true and false", name, s.path, t)
	case k == parquet.Boolean:
		f.kind = isBool
	case k == parquet.ByteArray:
		f.kind = isText
	default:
		f.kind = isNumber
	}
	return f, nil
}

// filterGroup adds the kept rows of a row group, whose first row is first.
func (s *shard) filterGroup(c *condition, f io.ReaderAt, p *parquet.File, group int, first int64, found []filterColumn) error {
	g := p.RowGroups()[group]
	n := g.NumRows()
	known := make([]bounds, len(found))
	for i, leaf := range found {
		known[i] = boundsOf(p, group, leaf, n)
	}
	switch may := c.root.prune(known); {
	case !may[yes]:
		return nil
	case !may[no] && !may[unknown]:
		for row := range n {
			s.kept.add(first + row)
		}
		return nil
	}
	if n > maxFilterRows {
		return fmt.Errorf("%d rows; want at most %d", n, maxFilterRows)
	}
	values := make([][]value, len(found))
	for i, leaf := range found {
		_, err := s.checkPages(f, p, group, leaf.ColumnIndex)
		if err == nil {
			values[i], err = columnValues(g.ColumnChunks()[leaf.ColumnIndex], int(n), leaf)
		}
		if err != nil {
			return fmt.Errorf("column %s: %w", c.columns[i], err)
		}
	}
	row := make([]value, len(found))
	for r := range int(n) {
		for i := range row {
			row[i] = values[i][r]
		}
		if c.root.match(row) == yes {
			s.kept.add(first + int64(r))
		}
	}
	s.filterRead++
	return nil
}

// maxFilterRows bounds the memory of the values of a row group.
const maxFilterRows = 1 << 24

// boundsOf are those that the footer has of a column of a row group.
func boundsOf(p *parquet.File, group int, leaf filterColumn, rows int64) bounds {
	stats := p.Metadata().RowGroups[group].Columns[leaf.ColumnIndex].MetaData.Statistics
	k := leaf.Node.Type().Kind()
	b := bounds{nulls: leaf.MaxDefinitionLevel > 0, nan: k == parquet.Float || k == parquet.Double}
	chunk, ok := p.RowGroups()[group].ColumnChunks()[leaf.ColumnIndex].(*parquet.FileColumnChunk)
	if !ok || len(stats.MinValue) == 0 && len(stats.MaxValue) == 0 {
		return b
	}
	if b.nulls && stats.NullCount == rows {
		b.all = true
		return b
	}
	low, high, ok := chunk.Bounds()
	if !ok {
		return b
	}
	b.low, b.high = leaf.value(low), leaf.value(high)
	b.known = b.low.kind == leaf.kind && b.high.kind == leaf.kind && !math.IsNaN(b.low.number) && !math.IsNaN(b.high.number)
	return b
}

// value is v as conditions compare it.
func (f *filterColumn) value(v parquet.Value) value {
	if v.IsNull() {
		return value{}
	}
	out := value{kind: f.kind}
	switch v.Kind() {
	case parquet.Boolean:
		if v.Boolean() {
			out.number = 1
		}
	case parquet.Int32:
		if out.number = float64(v.Int32()); f.unsigned {
			out.number = float64(v.Uint32())
		}
	case parquet.Int64:
		if out.number = float64(v.Int64()); f.unsigned {
			out.number = float64(v.Uint64())
		}
	case parquet.Float:
		out.number = float64(v.Float())
	case parquet.Double:
		out.number = v.Double()
	default:
		out.text = string(v.ByteArray())
	}
	return out
}

// columnValues reads n values of a column without lists.
func columnValues(chunk parquet.ColumnChunk, n int, leaf filterColumn) ([]value, error) {
	pages := chunk.Pages()
	defer pages.Close()
	values := make([]value, 0, n)
	var buffer [64]parquet.Value
	for {
		page, err := pages.ReadPage()
		if errors.Is(err, io.EOF) && len(values) == n {
			return values, nil
		}
		if err != nil {
			return nil, fmt.Errorf("after %d of %d values: %w", len(values), n, err)
		}
		reader := page.Values()
		for err = nil; err == nil; {
			var read int
			read, err = reader.ReadValues(buffer[:])
			for _, v := range buffer[:read] {
				values = append(values, leaf.value(v))
			}
		}
		parquet.Release(page)
		if !errors.Is(err, io.EOF) {
			return nil, err
		}
		if len(values) > n {
			return nil, fmt.Errorf("has more than %d values", n)
		}
	}
}

// length is the number of rows that are trained on.
func (s *shard) length() int64 {
	if s.kept != nil {
		return s.kept.count
	}
	return s.rows
}

// readKept returns those rows from place lo to hi among the ones kept.
func (s *shard) readKept(ctx context.Context, lo, hi int64, want columns) ([]row, error) {
	if s.kept == nil {
		return s.read(ctx, lo, hi, want)
	}
	rows, err := s.read(ctx, s.kept.row(lo), s.kept.row(hi-1)+1, want)
	return slices.DeleteFunc(rows, func(r row) bool { return r.dropped }), err
}
