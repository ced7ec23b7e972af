package pack

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"strings"

	"github.com/parquet-go/parquet-go"
	"golang.org/x/sync/errgroup"
)

// A part is some rows of a source.
type part struct {
	source
	name    string
	numbers []int64 // of the rows, in ascending order
}

func (p *part) rows() int64      { return int64(len(p.numbers)) }
func (p *part) identity() string { return p.source.identity() + p.name }

// read returns rows lo to hi of the part. Rows of the source between them are read with
// them, which is faster than to look for each.
func (p *part) read(lo, hi int64) (records []record, err error) {
	for i := lo; i < hi; {
		first := p.numbers[i]
		end := min(first+chunkRows, p.numbers[hi-1]+1)
		all, err := p.source.read(first, end)
		if err != nil {
			return nil, err
		}
		for ; i < hi && p.numbers[i] < end; i++ {
			records = append(records, all[p.numbers[i]-first])
		}
	}
	return records, nil
}

// splitOff parts a source: the rows whose pictures have a hash in the first share of all
// hashes are val, so that copies of a picture are on one side, whatever their names and
// captions, and stay there when others join them. What cannot be read is no part of val.
func splitOff(ctx context.Context, src source, c Config) (train, val *part, err error) {
	column, err := imageLeaf(src)
	if err != nil {
		return nil, nil, err
	}
	train = &part{source: src, name: fmt.Sprintf("without val %g", c.Val)}
	val = &part{source: src, name: fmt.Sprintf("val %g", c.Val)}
	for lo := int64(0); lo < src.rows(); lo += chunkRows {
		records, err := src.read(lo, min(src.rows(), lo+chunkRows))
		if err != nil {
			return nil, nil, err
		}
		held := make([]bool, len(records))
		group, ctx := errgroup.WithContext(ctx)
		for worker := range c.Workers {
			group.Go(func() error {
				for i := worker; i < len(records) && ctx.Err() == nil; i += c.Workers {
					file, err := records[i].file(column.ColumnIndex)
					held[i] = err == nil && len(file) > 0 && shareOf(file) < c.Val
				}
				return ctx.Err()
			})
		}
		if err := group.Wait(); err != nil {
			return nil, nil, err
		}
		for i, is := range held {
			side := train
			if is {
				side = val
			}
			side.numbers = append(side.numbers, lo+int64(i))
		}
	}
	if len(train.numbers) == 0 || len(val.numbers) == 0 {
		return nil, nil, fmt.Errorf("pack: %s: val takes %d of %d rows by the hashes of their pictures, for a share of %g; "+
			"want more pictures or another share", c.Source, len(val.numbers), src.rows(), c.Val)
	}
	return train, val, nil
}

// shareOf is a number from 0 to 1 that follows from the bytes of a file.
func shareOf(file []byte) float64 {
	sum := sha256.Sum256(file)
	return float64(binary.BigEndian.Uint64(sum[:])) / math.MaxUint64
}

// imageLeaf is the column of images.
func imageLeaf(src source) (parquet.LeafColumn, error) {
	column, ok := src.schema().Lookup(src.imageColumn()...)
	if !ok {
		return column, fmt.Errorf("pack: no column %s", strings.Join(src.imageColumn(), "."))
	}
	return column, nil
}
