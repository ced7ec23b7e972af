package data

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"

	"github.com/goclip/goclip/data/parquetfile"
)

// From is the dataset without its first rows, for [Dataset.Scan].
func (d *Dataset) From(row int64) *Dataset {
	rest := *d
	rest.start = row
	return &rest
}

// HasColumn says whether each shard has a column of a name.
func (d *Dataset) HasColumn(ctx context.Context, name string) (bool, error) {
	for _, s := range d.shards {
		f, p, err := s.open(ctx)
		if err != nil {
			return false, err
		}
		_, ok := p.Column(name)
		_ = f.Close() // it was only read
		if !ok {
			return false, nil
		}
	}
	return true, nil
}

// Values reads columns of rows, which are in the order of the shards: a list for each
// name, of string, int64, float64, bool, nil for a null, or []any for a list.
// A column that a shard does not have, and text that is not UTF-8, are errors.
func (d *Dataset) Values(ctx context.Context, names []string, rows []RowRef) ([][]any, error) {
	values := make([][]any, len(names))
	for c := range values {
		values[c] = make([]any, len(rows))
	}
	if len(names) == 0 {
		return values, nil
	}
	byPath := make(map[string]*shard, len(d.shards))
	for _, s := range d.shards {
		byPath[s.path] = s
	}
	for lo := 0; lo < len(rows); {
		hi := lo + 1
		for hi < len(rows) && rows[hi].Shard == rows[lo].Shard && rows[hi].Row > rows[hi-1].Row {
			hi++
		}
		s := byPath[rows[lo].Shard]
		if s == nil {
			return nil, fmt.Errorf("data: %v: no shard of this data", rows[lo])
		}
		part := make([][]any, len(names))
		for c := range part {
			part[c] = values[c][lo:hi]
		}
		if err := s.values(ctx, names, rows[lo:hi], part); err != nil {
			return nil, err
		}
		lo = hi
	}
	return values, nil
}

// values fills dst, a list for each name, with rows of the shard in ascending order.
func (s *shard) values(ctx context.Context, names []string, rows []RowRef, dst [][]any) error {
	f, p, err := s.open(ctx)
	if err != nil {
		return err
	}
	defer f.Close()
	for c, name := range names {
		if err := columnValues(p, name, rows, dst[c]); err != nil {
			return fmt.Errorf("data: %s: column %s: %w", s.path, name, err)
		}
	}
	return nil
}

func columnValues(p *parquetfile.File, name string, rows []RowRef, dst []any) error {
	leaf, ok := p.Column(name)
	for _, tail := range []string{".list.element", ".list.item", ".array"} {
		if !ok {
			leaf, ok = p.Column(name + tail)
		}
	}
	if !ok {
		return fmt.Errorf("not there; have %s", strings.Join(p.Columns(), ", "))
	}
	list := leaf.MaxRepetitionLevel > 0
	place := make(map[int64]int, len(rows))
	for i, r := range rows {
		place[r.Row] = i
		if list {
			dst[i] = []any{}
		}
	}
	base := int64(0)
	for group, g := range p.RowGroups() {
		from, to := max(rows[0].Row, base), min(rows[len(rows)-1].Row+1, base+g.NumRows())
		if from < to {
			err := p.Values(group, leaf.ColumnIndex, from-base, to-base, func(row int, v parquet.Value) error {
				i, wanted := place[from+int64(row)]
				if !wanted {
					return nil
				}
				value, err := valueOf(v)
				if err != nil {
					return fmt.Errorf("row %d: %w", from+int64(row), err)
				}
				if list {
					value = append(dst[i].([]any), value)
				}
				dst[i] = value
				return nil
			})
			if err != nil {
				return err
			}
		}
		base += g.NumRows()
	}
	return nil
}

// valueOf is a value of a column as Go has it.
func valueOf(v parquet.Value) (any, error) {
	switch v.Kind() {
	case parquet.Boolean:
		return v.Boolean(), nil
	case parquet.Int32:
		return int64(v.Int32()), nil
	case parquet.Int64:
		return v.Int64(), nil
	case parquet.Float:
		return float64(v.Float()), nil
	case parquet.Double:
		return v.Double(), nil
	case parquet.ByteArray, parquet.FixedLenByteArray:
		if b := v.ByteArray(); utf8.Valid(b) {
			return string(b), nil
		}
		return nil, fmt.Errorf("bytes that are no UTF-8 text; want text, numbers, or true and false")
	}
	return nil, fmt.Errorf("a value of kind %v; want text, numbers, or true and false", v.Kind())
}
