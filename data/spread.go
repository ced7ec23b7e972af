package data

import (
	"context"
	"strings"

	"github.com/goclip/goclip/data/preprocess"
	"github.com/goclip/goclip/internal/guard"
)

// A Pair is a row with its image, as large as it is.
type Pair struct {
	Row     RowRef
	Caption string
	Image   *preprocess.Image
}

// spreadTries is how many rows Spread looks at for each pair that is wanted.
const spreadTries = 4

// Spread reads up to n pairs whose captions differ, evenly apart over the rows.
// The same rows give the same pairs. It passes over rows that cannot be used, and
// finds fewer than n where captions repeat.
func (d *Dataset) Spread(ctx context.Context, n int) (pairs []Pair, err error) {
	decoder := preprocess.NewProcessor(d.config.Preprocess, 1)
	known := map[string]bool{}
	for try := range int64(spreadTries) { // each goes over all rows, between the rows of the last
		for i := range int64(n) {
			at := (i*spreadTries + try) * d.rows / int64(n*spreadTries)
			if len(pairs) == n {
				return pairs, nil
			}
			rows, err := d.read(ctx, at, at+1, columns{caption: true})
			if err != nil {
				return nil, err
			}
			caption := d.caption(&rows[0])
			if caption == "" || known[caption] {
				continue
			}
			if rows, err = d.read(ctx, at, at+1, columns{image: true}); err != nil {
				return nil, err
			}
			if rows[0].problem() != "" {
				continue
			}
			pair := Pair{Row: rows[0].ref, Caption: caption}
			if guard.Call(func() (err error) { pair.Image, err = decoder.Decode(rows[0].image); return err }) != nil {
				continue
			}
			known[caption] = true
			pairs = append(pairs, pair)
		}
	}
	return pairs, nil
}

// caption is the first of a row that is not empty, or "".
func (d *Dataset) caption(r *row) string {
	for _, c := range d.config.seen(r) {
		if strings.TrimSpace(c) != "" {
			return c
		}
	}
	return ""
}
