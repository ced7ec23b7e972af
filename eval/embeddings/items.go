package embeddings

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"slices"

	"github.com/goclip/goclip/data/parquetfile"
)

// Items are N embeddings that can be searched: a [Set], which is in memory, or an
// [NPYFile], which is not. One goroutine at a time may use them.
type Items interface {
	Len() int // N
	Dim() int // E

	// Block returns rows lo to hi (hi-lo, E), which are valid until the next call.
	Block(lo, hi int) ([]float32, error)

	// Item says what is known of row i.
	Item(ctx context.Context, i int) (Item, error)
}

// An Item is what is known of an image beside its embedding.
type Item struct {
	Shard    string         `json:"shard"`
	Row      int64          `json:"row"`
	Label    int            `json:"label"` // -1 where there is none
	Captions []string       `json:"captions,omitempty"`
	Columns  map[string]any `json:"columns,omitempty"` // that the file keeps, by name
}

// Len is the number of images.
func (s *Set) Len() int { return len(s.Rows) }

// Dim is Width.
func (s *Set) Dim() int { return s.Width }

// Block returns the embeddings of images lo to hi.
func (s *Set) Block(lo, hi int) ([]float32, error) { return s.Images[lo*s.Width : hi*s.Width], nil }

// Item says what is known of image i.
func (s *Set) Item(_ context.Context, i int) (Item, error) {
	item := Item{Shard: s.Rows[i].Shard, Row: s.Rows[i].Row, Label: s.Labels[i]}
	first, _ := slices.BinarySearch(s.ImageOf, i)
	for j := first; j < len(s.ImageOf) && s.ImageOf[j] == i; j++ {
		item.Captions = append(item.Captions, s.Captions[j])
	}
	for c, name := range s.ColumnNames {
		if v := s.Columns[c][i]; v != nil {
			if item.Columns == nil {
				item.Columns = map[string]any{}
			}
			item.Columns[name] = v
		}
	}
	return item, nil
}

// An NPYFile is a .npy file of embeddings of any size: what is in memory is a block.
// Its rows are named by NAME.rows.parquet, if eval embed wrote one beside it.
type NPYFile struct {
	path   string
	file   *os.File
	start  int64 // of the numbers, in bytes
	n, e   int
	bytes  []byte
	block  []float32
	rows   *os.File // nil where there is none
	reader *parquetfile.File
}

// OpenNPY opens a .npy file (N, E), which must be closed.
func OpenNPY(path string) (*NPYFile, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("embeddings: %w", err)
	}
	f := &NPYFile{path: path, file: file}
	if err := f.open(); err != nil {
		f.Close()
		return nil, fmt.Errorf("embeddings: %s: %w", path, err)
	}
	return f, nil
}

func (f *NPYFile) open() error {
	info, err := f.file.Stat()
	if err != nil {
		return err
	}
	n, e, start, err := npyHeader(io.NewSectionReader(f.file, 0, info.Size()), info.Size())
	if err != nil {
		return err
	}
	f.n, f.e, f.start = int(n), e, start
	f.rows, err = os.Open(rowsName(f.path))
	if errors.Is(err, fs.ErrNotExist) {
		f.rows = nil
		return nil
	}
	if err != nil {
		return err
	}
	if info, err = f.rows.Stat(); err != nil {
		return err
	}
	if f.reader, err = parquetfile.Open(f.rows, info.Size(), nil); err != nil {
		return fmt.Errorf("%s: not a whole Parquet file: %w", rowsName(f.path), err)
	}
	if have := f.reader.NumRows(); have != n {
		return fmt.Errorf("%d rows, but %s names %d; want both of one call of embed", n, rowsName(f.path), have)
	}
	return nil
}

// Close closes the file.
func (f *NPYFile) Close() {
	_ = f.file.Close() // it was only read
	if f.rows != nil {
		_ = f.rows.Close()
	}
}

// Len is the number of rows.
func (f *NPYFile) Len() int { return f.n }

// Dim is the number of elements of a row.
func (f *NPYFile) Dim() int { return f.e }

// Block reads rows lo to hi.
func (f *NPYFile) Block(lo, hi int) ([]float32, error) {
	n := (hi - lo) * f.e
	f.bytes, f.block = slices.Grow(f.bytes[:0], 4*n)[:4*n], slices.Grow(f.block[:0], n)[:n]
	if _, err := f.file.ReadAt(f.bytes, f.start+4*int64(lo)*int64(f.e)); err != nil {
		return nil, fmt.Errorf("embeddings: %s: rows %d to %d: %w", f.path, lo, hi, err)
	}
	for i := range f.block {
		f.block[i] = math.Float32frombits(binary.LittleEndian.Uint32(f.bytes[4*i:]))
	}
	return f.block, nil
}

// Item reads what NAME.rows.parquet says of row i; without that file, the row is all.
func (f *NPYFile) Item(_ context.Context, i int) (item Item, err error) {
	if f.reader == nil {
		return Item{Shard: f.path, Row: int64(i), Label: -1}, nil
	}
	defer func() { // the Parquet reader may panic on a damaged file
		if r := recover(); r != nil {
			err = fmt.Errorf("embeddings: %s: damaged: %v", rowsName(f.path), r)
		}
	}()
	s := &Set{Width: 0}
	if err := s.read(f.reader, int64(i), int64(i)+1); err != nil {
		return Item{}, fmt.Errorf("embeddings: %s: row %d: %w", rowsName(f.path), i, err)
	}
	return s.Item(context.Background(), 0)
}
