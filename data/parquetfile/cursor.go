package data

import (
	"errors"
	"io"

	"github.com/parquet-go/parquet-go"
)

// A cursor reads the values of a column row by row.
type cursor struct {
	pages  parquet.Pages
	page   parquet.Page
	values parquet.ValueReader
	buffer [64]parquet.Value
	at, n  int
}

// peek is the next value, valid until the one after it is asked for. At the end
// it returns io.EOF.
func (c *cursor) peek() (v parquet.Value, err error) {
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

// errNoRow is that of a column which has no more rows.
var errNoRow = errors.New("has no such row")

// row calls set with the values of the next row that are not null.
func (c *cursor) row(set func(parquet.Value) error) error {
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

func (c *cursor) close() {
	if c.page != nil {
		parquet.Release(c.page)
	}
	c.pages.Close()
}
