package embeddings

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/parquet-go/parquet-go"

	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/data/parquetfile"
	"github.com/goclip/goclip/internal/regular"
)

// An embeddedRow is an image in a file of WriteParquet, which holds the name of
// the type too.
type embeddedRow struct {
	Shard     string    `parquet:"shard,dict"`
	Row       int64     `parquet:"row"`
	Label     int64     `parquet:"label"`
	Embedding []float32 `parquet:"image_embedding,list"`
	Captions  []string  `parquet:"captions,list"`

	// Texts holds the embeddings of all captions, one after the other.
	Texts []float32 `parquet:"text_embeddings,list"`
}

// weightsKey is the name of Set.Weights in the file's metadata.
const weightsKey = "goclip.weights_sha256"

// groupRows is the number of rows that are written or read at once.
const groupRows = 1000

// WriteParquet writes the set, one row an image.
func (s *Set) WriteParquet(w io.Writer) error {
	out := parquet.NewGenericWriter[embeddedRow](w, parquet.PageBufferSize(1<<20),
		parquet.MaxRowsPerRowGroup(groupRows),
		parquet.CreatedBy("goclip", "", ""), parquet.KeyValueMetadata(weightsKey, s.Weights))
	rows := make([]embeddedRow, 0, groupRows)
	next := 0 // caption
	for i, ref := range s.Rows {
		r := embeddedRow{Shard: ref.Shard, Row: ref.Row, Label: int64(s.Labels[i]), Embedding: s.Image(i)}
		for ; next < len(s.ImageOf) && s.ImageOf[next] == i; next++ {
			r.Captions, r.Texts = append(r.Captions, s.Captions[next]), append(r.Texts, s.Text(next)...)
		}
		if rows = append(rows, r); len(rows) == groupRows || i == len(s.Rows)-1 {
			if _, err := out.Write(rows); err != nil {
				return fmt.Errorf("embeddings: %w", err)
			}
			rows = rows[:0]
		}
	}
	if err := out.Close(); err != nil {
		return fmt.Errorf("embeddings: %w", err)
	}
	return nil
}

func readParquet(path string) (s *Set, err error) {
	defer func() { // the Parquet reader may panic on a damaged file
		if r := recover(); r != nil {
			err = fmt.Errorf("embeddings: %s: damaged: %v", path, r)
		}
	}()
	f, err := regular.Open(path)
	if err != nil {
		return nil, fmt.Errorf("embeddings: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("embeddings: %w", err)
	}
	p, err := parquetfile.Open(f, info.Size(), nil)
	if err != nil {
		return nil, fmt.Errorf("embeddings: %s: not a whole Parquet file: %w", path, err)
	}
	if _, ok := p.Schema().Lookup("image_embedding", "list", "element"); !ok {
		return nil, fmt.Errorf("embeddings: %s holds no embeddings; want a column image_embedding of lists", path)
	}
	s = &Set{}
	s.Weights, _ = p.Lookup(weightsKey)
	for i := range p.RowGroups() {
		if err := s.addGroup(p.Group(i)); err != nil {
			return nil, fmt.Errorf("embeddings: %s: %w", path, err)
		}
	}
	return s, nil
}

// addGroup appends the rows of a row group.
func (s *Set) addGroup(group parquet.RowGroup) error {
	r := parquet.NewGenericRowGroupReader[embeddedRow](group)
	defer func() { _ = r.Close() }() // it was only read
	rows := make([]embeddedRow, groupRows)
	for {
		n, err := r.Read(rows)
		for _, row := range rows[:n] {
			if err := s.add(row); err != nil {
				return fmt.Errorf("row %d: %w", len(s.Rows), err)
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		clear(rows)
	}
}

// add appends an image, with copies of the strings, whose memory is the reader's.
func (s *Set) add(r embeddedRow) error {
	if s.Width == 0 {
		s.Width = len(r.Embedding)
	}
	if len(r.Embedding) != s.Width || len(r.Texts) != len(r.Captions)*s.Width {
		return fmt.Errorf("%d numbers for an image and %d for %d captions; want %d each",
			len(r.Embedding), len(r.Texts), len(r.Captions), s.Width)
	}
	for _, c := range r.Captions {
		s.Captions, s.ImageOf = append(s.Captions, strings.Clone(c)), append(s.ImageOf, len(s.Rows))
	}
	s.Images, s.Texts = append(s.Images, r.Embedding...), append(s.Texts, r.Texts...)
	s.Labels = append(s.Labels, int(r.Label))
	s.Rows = append(s.Rows, data.RowRef{Shard: strings.Clone(r.Shard), Row: r.Row})
	return nil
}
