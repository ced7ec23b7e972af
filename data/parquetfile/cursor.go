package parquetfile

import (
	"errors"
	"io"

	"github.com/parquet-go/parquet-go"

	"github.com/goclip/goclip/internal/guard"
)

// A Cursor reads the values of a column row by row.
type Cursor struct {
	pages  parquet.Pages
	page   parquet.Page
	values parquet.ValueReader
	buffer [64]parquet.Value
	at, n  int
}

// peek returns the next value, which is valid until the call after it is taken. At
// the end it returns io.EOF.
func (c *Cursor) peek() (v parquet.Value, err error) {
	for c.at == c.n {
		if c.page == nil {
			if c.page, err = c.pages.ReadPage(); err != nil {
				c.page = nil
				return v, err
			}
			c.values = c.page.Values()
		}
		c.at = 0
		if c.n, err = c.values.ReadValues(c.buffer[:]); c.n > 0 {
			break // an error comes again
		}
		if err == nil {
			err = io.ErrNoProgress
		}
		if !errors.Is(err, io.EOF) {
			return v, err
		}
		parquet.Release(c.page)
		c.page = nil
	}
	return c.buffer[c.at], nil
}

// errNoRow says that a column has no more rows.
var errNoRow = errors.New("has no such row")

// Next calls set with the values of the next row that are not null. Bytes are
// valid only during the call. A column that has no more rows is an error.
func (c *Cursor) Next(set func(parquet.Value) error) error {
	return guard.Call(func() error { return c.next(set) })
}

func (c *Cursor) next(set func(parquet.Value) error) error {
	for n := 0; ; n++ {
		v, err := c.peek()
		switch {
		case n > 0 && (errors.Is(err, io.EOF) || err == nil && v.RepetitionLevel() == 0):
			return nil
		case errors.Is(err, io.EOF):
			return errNoRow
		case err != nil:
			return err
		}
		if !v.IsNull() {
			if err := set(v); err != nil {
				return err
			}
		}
		c.at++
	}
}

// Close gives back the memory of the pages.
func (c *Cursor) Close() {
	if c.page != nil {
		parquet.Release(c.page)
	}
	c.pages.Close()
}
