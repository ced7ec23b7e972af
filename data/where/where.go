package where

import (
	"fmt"
	"math"
	"strings"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"github.com/goclip/goclip/data/parquetfile"
	"github.com/goclip/goclip/internal/guard"
)

// Keep finds the rows of a file for which the condition is true. It reads the
// columns that the condition names, of the row groups for which statistics leave
// open whether a row is kept. Name is for errors. A column that the file lacks or
// whose values cannot be compared as the condition says, and damage, are errors.
func (c *Condition) Keep(f *parquetfile.File, name string) (*Kept, error) {
	columns, kinds := make([]column, len(c.columns)), make([]valueKind, len(c.columns))
	for i := range columns {
		var err error
		if columns[i], err = c.find(f, name, i); err != nil {
			return nil, err
		}
		kinds[i] = columns[i].kind
	}
	if err := c.check(c.root, kinds); err != nil {
		return nil, fmt.Errorf("%w, in %s", err, name)
	}
	k := NewKept(f.NumRows())
	first := int64(0)
	for i, g := range f.RowGroups() {
		err := guard.Call(func() error { return c.keepGroup(k, f, i, first, columns) }) // statistics may be damaged
		if err != nil {
			return nil, fmt.Errorf("where %q: %s: row group %d: %w", c.text, name, i, err)
		}
		first += g.NumRows()
	}
	k.Done()
	return k, nil
}

// A column is one that a condition names.
type column struct {
	parquet.LeafColumn
	kind     valueKind
	unsigned bool
}

// find finds column i of the condition.
func (c *Condition) find(f *parquetfile.File, file string, i int) (found column, err error) {
	name, at := c.columns[i], c.places[i]
	leaf, ok := f.Column(name)
	if found.LeafColumn = leaf; !ok {
		return found, c.errorf(at, "no column %s in %s: have %s", name, file, strings.Join(f.Columns(), ", "))
	}
	if leaf.MaxRepetitionLevel > 0 {
		return found, c.errorf(at, "column %s of %s has lists; want one value a row", name, file)
	}
	t := leaf.Node.Type()
	decimal := false
	if logical := t.LogicalType(); logical != nil {
		switch v := logical.Value.(type) {
		case *format.IntType:
			found.unsigned = !v.IsSigned
		case *format.DecimalType:
			decimal = true
		}
	}
	switch k := t.Kind(); {
	case decimal, k == parquet.Int96, k == parquet.FixedLenByteArray:
		return found, c.errorf(at, "column %s of %s has values of %v; want numbers, text or true and false",
			name, file, t)
	case k == parquet.Boolean:
		found.kind = isBool
	case k == parquet.ByteArray:
		found.kind = isText
	default:
		found.kind = isNumber
	}
	return found, nil
}

// keepGroup adds the kept rows of a row group, whose first row is first.
func (c *Condition) keepGroup(k *Kept, f *parquetfile.File, group int, first int64, columns []column) error {
	n := f.RowGroups()[group].NumRows()
	known := make([]bounds, len(columns))
	for i := range columns {
		known[i] = columns[i].bounds(f, group)
	}
	switch may := c.root.prune(known); {
	case !may[yes]:
		return nil
	case !may[no] && !may[unknown]:
		for row := range n {
			k.Add(first + row)
		}
		return nil
	}
	values := make([][]value, len(columns))
	for i := range columns {
		var err error
		if values[i], err = columns[i].values(f, group); err != nil {
			return fmt.Errorf("column %s: %w", c.columns[i], err)
		}
	}
	row := make([]value, len(columns))
	for r := range int(n) {
		for i := range row {
			row[i] = values[i][r]
		}
		if c.root.match(row) == yes {
			k.Add(first + int64(r))
		}
	}
	k.read++
	return nil
}

// bounds returns what the footer says of the column in a row group.
func (c *column) bounds(f *parquetfile.File, group int) bounds {
	stats := f.Metadata().RowGroups[group].Columns[c.ColumnIndex].MetaData.Statistics
	k := c.Node.Type().Kind()
	b := bounds{nulls: c.MaxDefinitionLevel > 0, nan: k == parquet.Float || k == parquet.Double}
	chunk, ok := f.RowGroups()[group].ColumnChunks()[c.ColumnIndex].(*parquet.FileColumnChunk)
	if !ok || len(stats.MinValue) == 0 && len(stats.MaxValue) == 0 {
		return b
	}
	if b.nulls && stats.NullCount == f.RowGroups()[group].NumRows() {
		b.all = true
		return b
	}
	low, high, ok := chunk.Bounds()
	if !ok {
		return b
	}
	b.low, b.high = c.value(low), c.value(high)
	b.known = b.low.kind == c.kind && b.high.kind == c.kind && !math.IsNaN(b.low.number) && !math.IsNaN(b.high.number)
	return b
}

// values reads the column of a row group, a value for each row.
func (c *column) values(f *parquetfile.File, group int) ([]value, error) {
	n := f.RowGroups()[group].NumRows()
	var values []value // grows with what is read, since a footer may lie
	err := f.Values(group, c.ColumnIndex, 0, n, func(row int, v parquet.Value) error {
		values = append(append(values, make([]value, row-len(values))...), c.value(v))
		return nil
	})
	if err != nil {
		return nil, err
	}
	return append(values, make([]value, int(n)-len(values))...), nil
}

// value is v as conditions compare it.
func (c *column) value(v parquet.Value) value {
	if v.IsNull() {
		return value{}
	}
	out := value{kind: c.kind}
	switch v.Kind() {
	case parquet.Boolean:
		if v.Boolean() {
			out.number = 1
		}
	case parquet.Int32:
		if out.number = float64(v.Int32()); c.unsigned {
			out.number = float64(v.Uint32())
		}
	case parquet.Int64:
		if out.ofInt(v.Int64()); c.unsigned {
			out.ofUint(v.Uint64())
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
