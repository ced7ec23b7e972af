package embeddings

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"

	"github.com/goclip/goclip/data/parquetfile"
)

// writerOf writes a part with its state.
func writerOf(s *Set, state string) func(io.Writer) error {
	return func(w io.Writer) error {
		return s.writeParquet(w, map[string]string{weightsKey: s.Weights, stateKey: state})
	}
}

// Finish writes the file, in the form that its name says as [Set.Save] does, with
// NAME.rows.parquet beside a .npy file, and removes the parts. Kept, unless it is nil,
// says which images of the file that is there go into the new one, by their place; both
// must be in the order of their shards.
func (p *Parts) Finish(kept func(i int) bool) error {
	if err := p.Flush(); err != nil {
		return err
	}
	parts := &cursor{files: p.files}
	all := []*cursor{parts}
	if kept != nil {
		all = append(all, &cursor{files: []string{p.out}, keep: kept})
	}
	names, types, weights, err := columnsOfAll(all)
	if err != nil {
		return err
	}
	if strings.HasSuffix(p.out, ".npy") {
		err = p.writeNPY(all, names, types, weights)
	} else {
		err = save(p.out, func(w io.Writer) error { return merge(w, all, names, types, weights, true) })
	}
	if err != nil {
		return err
	}
	if err := os.RemoveAll(p.dir); err != nil {
		return fmt.Errorf("embeddings: %w", err)
	}
	return nil
}

// A cursor reads the rows of files, a block at a time.
type cursor struct {
	files []string
	keep  func(i int) bool // nil means all

	file, at int // the file, and the row of it that comes next
	total    int
	block    *Set
	first    int // row of the file that the block begins with
	rows     int // of the file
}

// next is a set of the next row; io.EOF behind the last.
func (c *cursor) next() (*Set, error) {
	for {
		if c.block != nil && c.at < c.first+len(c.block.Rows) {
			i := c.at
			c.at++
			if c.total++; c.keep == nil || c.keep(c.total-1) {
				return c.block.pick(i - c.first), nil
			}
			continue
		}
		if c.block != nil && c.at == c.rows {
			c.file, c.at, c.block = c.file+1, 0, nil
		}
		if c.file == len(c.files) {
			return nil, io.EOF
		}
		c.block, c.first = &Set{}, c.at
		err := withParquet(c.files[c.file], func(p *parquetfile.File) error {
			c.rows = int(p.NumRows())
			return c.block.read(p, int64(c.at), min(p.NumRows(), int64(c.at)+groupRows))
		})
		if err != nil {
			return nil, err
		}
	}
}

// columnsOfAll are the columns of files that have the same: a part in which all values
// are null does not know its type.
func columnsOfAll(all []*cursor) (names []string, types []reflect.Type, weights string, err error) {
	first := true
	for _, c := range all {
		for _, path := range c.files {
			err := withParquet(path, func(p *parquetfile.File) error {
				theirs, of, err := columnsOf(p)
				if err != nil {
					return err
				}
				weights, _ = p.Lookup(weightsKey)
				if first {
					names, types, first = theirs, of, false
				}
				if fmt.Sprint(theirs) != fmt.Sprint(names) {
					return fmt.Errorf("has the columns %v; want %v as the others", theirs, names)
				}
				for i, t := range of {
					if types[i] == reflect.TypeFor[string]() {
						types[i] = t
					}
				}
				return nil
			})
			if err != nil {
				return nil, nil, "", err
			}
		}
	}
	return names, types, weights, nil
}

// merge writes the rows of cursors in the order of their shards.
func merge(w io.Writer, all []*cursor, names []string, types []reflect.Type, weights string, embeddings bool) error {
	out, err := newRowWriter(w, names, types, map[string]string{weightsKey: weights})
	if err != nil {
		return err
	}
	if err := each(all, func(s *Set) error { return out.add(s, embeddings) }); err != nil {
		return err
	}
	return out.close()
}

// each visits the rows of cursors in the order of their shards; those of one cursor
// stay in theirs.
func each(all []*cursor, visit func(*Set) error) error {
	heads := make([]*Set, len(all))
	for i := range all {
		all[i] = &cursor{files: all[i].files, keep: all[i].keep} // from the start
	}
	for {
		least := -1
		for i, c := range all {
			if heads[i] == nil {
				var err error
				if heads[i], err = c.next(); errors.Is(err, io.EOF) {
					heads[i] = &Set{}
				} else if err != nil {
					return err
				}
			}
			if len(heads[i].Rows) > 0 && (least < 0 || heads[i].Rows[0].Shard < heads[least].Rows[0].Shard) {
				least = i
			}
		}
		if least < 0 {
			return nil
		}
		if err := visit(heads[least]); err != nil {
			return err
		}
		heads[least] = nil
	}
}

// writeNPY writes the images, the texts if there are any, and all else.
func (p *Parts) writeNPY(all []*cursor, names []string, types []reflect.Type, weights string) error {
	var width int
	err := each([]*cursor{{files: p.files[:min(1, len(p.files))]}}, func(s *Set) error { width = s.Width; return nil })
	if err != nil {
		return err
	}
	write := func(path string, n int, of func(*Set) []float32) error {
		return save(path, func(w io.Writer) error {
			if err := npyStart(w, n, width); err != nil {
				return err
			}
			b := bufio.NewWriterSize(w, 1<<16)
			err := each(all, func(s *Set) error { return binary.Write(b, binary.LittleEndian, of(s)) })
			if err != nil {
				return err
			}
			return b.Flush()
		})
	}
	if p.state.Captions > 0 {
		if err := write(textsName(p.out), p.state.Captions, func(s *Set) []float32 { return s.Texts }); err != nil {
			return err
		}
	}
	err = save(rowsName(p.out), func(w io.Writer) error { return merge(w, all, names, types, weights, false) })
	if err != nil {
		return err
	}
	return write(p.out, p.state.Images, func(s *Set) []float32 { return s.Images })
}
