// Package embeddings holds sets of embeddings, and reads and writes their files:
// Parquet, with all that belongs to a set, and .npy for numpy.
package embeddings

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/internal/atomicfile"
)

// A Set holds the embeddings of N images and of their M captions. Embeddings
// are rows of length 1.
type Set struct {
	Width  int       // E, the numbers of an embedding
	Images []float32 // (N, E)
	Labels []int     // (N), -1 where there is none
	Rows   []data.RowRef

	Captions []string  // (M), maybe none
	ImageOf  []int     // (M), the image of each caption, in ascending order
	Texts    []float32 // (M, E)

	// Columns are further columns that belong to the images, such as key and url: for
	// each of ColumnNames N values, which are string, int64, float64, bool or nil.
	ColumnNames []string
	Columns     [][]any

	// Weights is the SHA-256 of the weights that made the embeddings, in
	// hexadecimal, and may be empty.
	Weights string
}

// Image is the embedding (E) of image i.
func (s *Set) Image(i int) []float32 { return s.Images[i*s.Width:][:s.Width] }

// Text is the embedding (E) of caption j.
func (s *Set) Text(j int) []float32 { return s.Texts[j*s.Width:][:s.Width] }

// Read reads a file of Save. Of a name PATH.npy it reads the images there, and
// the texts in PATH.texts.npy if there is such a file; then the captions are
// not known, and each image must have the same number of texts. A damaged file,
// and numbers that are not finite, are errors.
func Read(path string) (*Set, error) {
	read := readParquet
	if strings.HasSuffix(path, ".npy") {
		read = readPair
	}
	s, err := read(path)
	if err != nil {
		return nil, err
	}
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("%w in %s", err, path)
	}
	return s, nil
}

func (s *Set) check() error {
	if err := Check("images", s.Images, s.Width); err != nil || len(s.Texts) == 0 {
		return err
	}
	return Check("texts", s.Texts, s.Width)
}

// Check reports embeddings that are not rows of e finite numbers, at least one
// row. What is their name in the error.
func Check(what string, x []float32, e int) error {
	if e < 1 || len(x) == 0 || len(x)%e != 0 {
		return fmt.Errorf("embeddings: %s: have %d numbers; want rows of %d", what, len(x), e)
	}
	if i := slices.IndexFunc(x, notFinite); i >= 0 {
		return fmt.Errorf("embeddings: %s: row %d has %g; want finite numbers", what, i/e, x[i])
	}
	return nil
}

func notFinite(v float32) bool { return math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) }

// Save writes the set: as Parquet, or, of a name PATH.npy, the images there and
// the texts in PATH.texts.npy. If it fails, the file at path stays as it was.
func (s *Set) Save(path string) error {
	if !strings.HasSuffix(path, ".npy") {
		return save(path, s.WriteParquet)
	}
	if len(s.Texts) > 0 {
		if err := save(textsName(path), func(w io.Writer) error { return WriteNPY(w, s.Texts, s.Width) }); err != nil {
			return err
		}
	}
	return save(path, func(w io.Writer) error { return WriteNPY(w, s.Images, s.Width) })
}

// rowsName is the file of all else that belongs to the images of path.
func rowsName(path string) string { return strings.TrimSuffix(path, ".npy") + ".rows.parquet" }

func save(path string, write func(io.Writer) error) error {
	if err := atomicfile.Write(path, write); err != nil {
		return fmt.Errorf("embeddings: %s: %w", path, err)
	}
	return nil
}

// textsName is the file of the texts that belong to the images of path.
func textsName(path string) string { return strings.TrimSuffix(path, ".npy") + ".texts.npy" }

// readPair reads the images of path, the texts beside it, and what eval embed says of
// the rows, if it wrote them.
func readPair(path string) (*Set, error) {
	images, e, err := ReadNPY(path)
	if err != nil {
		return nil, err
	}
	n := len(images) / e
	s, err := readRows(path, n)
	if err != nil {
		return nil, err
	}
	s.Width, s.Images = e, images
	texts, width, err := ReadNPY(textsName(path))
	if errors.Is(err, os.ErrNotExist) {
		s.Captions, s.ImageOf = nil, nil // whose embeddings are not there
		return s, nil
	}
	if err != nil {
		return nil, err
	}
	m := len(texts) / width
	if known := len(s.Captions) > 0; known && (width != e || m != len(s.Captions)) {
		return nil, fmt.Errorf("embeddings: %s holds (%d, %d); want (%d, %d), as %s has so many captions",
			textsName(path), m, width, len(s.Captions), e, rowsName(path))
	} else if known {
		s.Texts = texts
		return s, nil
	}
	if width != e || n == 0 || m%n != 0 {
		return nil, fmt.Errorf("embeddings: %s holds (%d, %d), %s (%d, %d); "+
			"want rows of one width, and as many texts for each image",
			path, n, e, textsName(path), m, width)
	}
	s.Texts, s.Captions = texts, make([]string, m)
	for j := range m {
		s.ImageOf = append(s.ImageOf, j/(m/n))
	}
	return s, nil
}

// readRows reads what is known of n images of path beside their embeddings: their
// places alone where there is no file of it.
func readRows(path string, n int) (*Set, error) {
	s, err := readParquet(rowsName(path))
	switch {
	case errors.Is(err, os.ErrNotExist):
		s = &Set{Labels: slices.Repeat([]int{-1}, n), Rows: make([]data.RowRef, n)}
		for i := range s.Rows {
			s.Rows[i] = data.RowRef{Shard: path, Row: int64(i)}
		}
	case err != nil:
		return nil, err
	case len(s.Rows) != n:
		return nil, fmt.Errorf("embeddings: %s has %d rows, but %s names %d; want both of one call of embed",
			path, n, rowsName(path), len(s.Rows))
	}
	return s, nil
}
