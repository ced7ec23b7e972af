package embeddings

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/goclip/goclip/data/parquetfile"
	"github.com/goclip/goclip/internal/atomicfile"
)

// Parts are a set that is being made, of any size: a folder NAME.parts of files, each
// whole, so that who is stopped goes on behind the last of them. What is in memory is
// the part that is being made.
type Parts struct {
	out, dir string
	state    partState // behind the last part
	files    []string
	begun    time.Time // of the part in memory
	set      *Set
	next     partState
}

// A partState says of a part what is done with it, and all those before.
type partState struct {
	Of       string `json:"of"`   // what is embedded, by what
	Next     int64  `json:"next"` // row of the data
	Bad      int    `json:"bad"`  // rows that could not be used
	Images   int    `json:"images"`
	Captions int    `json:"captions"`
}

// Parts end at so many images, or after this time.
const (
	partImages = 4096
	partTime   = time.Minute
)

// OpenParts goes on with the parts of the file out, or begins. Of says what is embedded
// and by what; parts of another are an error.
func OpenParts(out, of string) (*Parts, error) {
	p := &Parts{out: out, dir: out + ".parts", state: partState{Of: of}, begun: time.Now()}
	if err := os.MkdirAll(p.dir, 0o777); err != nil {
		return nil, fmt.Errorf("embeddings: %w", err)
	}
	for {
		path := p.name(len(p.files))
		if _, err := os.Stat(path); err != nil {
			return p, nil
		}
		err := withParquet(path, func(f *parquetfile.File) error {
			text, _ := f.Lookup(stateKey)
			return json.Unmarshal([]byte(text), &p.state)
		})
		if err != nil {
			return nil, err
		}
		if p.state.Of != of {
			return nil, fmt.Errorf("embeddings: %s was begun with other data, columns or weights; "+
				"want the same, or the folder removed", p.dir)
		}
		p.files = append(p.files, path)
	}
}

func (p *Parts) name(i int) string { return filepath.Join(p.dir, fmt.Sprintf("%06d.parquet", i)) }

// Next is the row of the data that comes next, and Bad how many before it could not be used.
func (p *Parts) Next() int64 { return p.now().Next }

// Bad is explained at Next.
func (p *Parts) Bad() int { return p.now().Bad }

// Images and Captions are the numbers of those that are done.
func (p *Parts) Images() int { return p.now().Images }

// Captions is explained at Images.
func (p *Parts) Captions() int { return p.now().Captions }

func (p *Parts) now() partState {
	if p.set != nil {
		return p.next
	}
	return p.state
}

// Add adds a set; behind it, next is the row of the data that comes next, and bad the
// number of rows before it that could not be used.
func (p *Parts) Add(s *Set, next int64, bad int) error {
	if p.set == nil {
		p.set, p.next, p.begun = &Set{}, p.state, time.Now()
	}
	p.set.Append(s)
	p.next.Next, p.next.Bad = next, bad
	p.next.Images, p.next.Captions = p.next.Images+len(s.Rows), p.next.Captions+len(s.Captions)
	if len(p.set.Rows) < partImages && time.Since(p.begun) < partTime {
		return nil
	}
	return p.Flush()
}

// Flush writes what is in memory as a part, for who is going to stop.
func (p *Parts) Flush() error {
	if p.set == nil {
		return nil
	}
	text, err := json.Marshal(p.next)
	if err != nil {
		return fmt.Errorf("embeddings: %w", err)
	}
	path := p.name(len(p.files))
	if err := atomicfile.Write(path, writerOf(p.set, string(text))); err != nil {
		_ = os.Remove(p.dir) // if it is empty
		return fmt.Errorf("embeddings: %s: part %d: %w", p.out, len(p.files), err)
	}
	p.files, p.state, p.set = append(p.files, path), p.next, nil
	return nil
}

// Append appends another set with the same columns.
func (s *Set) Append(o *Set) {
	for _, image := range o.ImageOf {
		s.ImageOf = append(s.ImageOf, len(s.Rows)+image)
	}
	s.Width, s.Weights = o.Width, o.Weights
	if s.ColumnNames == nil {
		s.ColumnNames, s.Columns = o.ColumnNames, make([][]any, len(o.ColumnNames))
	}
	s.Captions, s.Texts = append(s.Captions, o.Captions...), append(s.Texts, o.Texts...)
	s.Images, s.Labels, s.Rows = append(s.Images, o.Images...), append(s.Labels, o.Labels...), append(s.Rows, o.Rows...)
	for c := range s.ColumnNames {
		s.Columns[c] = append(s.Columns[c], o.Columns[c]...)
	}
}

// pick is a set of row i alone, whose memory is that of s. Captions follow the order of
// the images.
func (s *Set) pick(i int) *Set {
	one := &Set{Width: s.Width, Images: s.Image(i), Labels: s.Labels[i : i+1], Rows: s.Rows[i : i+1],
		Weights: s.Weights, ColumnNames: s.ColumnNames}
	first, _ := slices.BinarySearch(s.ImageOf, i)
	last, _ := slices.BinarySearch(s.ImageOf, i+1)
	if one.Captions = s.Captions[first:last]; len(s.Texts) > 0 {
		one.Texts = s.Texts[first*s.Width : last*s.Width]
	}
	one.ImageOf = make([]int, last-first)
	for c := range s.ColumnNames {
		one.Columns = append(one.Columns, s.Columns[c][i:i+1])
	}
	return one
}
