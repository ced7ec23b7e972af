package data

import (
	"context"
	"math/rand/v2"
	"strings"
)

// Draw returns n rows as a Dataset that holds them in memory, their image files
// encoded, in random order: one row of each of n parts of all rows, all of them
// where there are no more. The same rows and seed give the same. Rows that have no
// image, or not what d was opened to need, are left out. It is for Scan, Captions
// and the like; a Dataset that Draw made cannot be streamed.
func (d *Dataset) Draw(ctx context.Context, n int, seed uint64) (*Dataset, error) {
	rng := keyed(seed, purposeDraw, 0, 0)
	drawn := *d
	drawn.held = []row{}
	places := drawPlaces(rng, d.rows, int64(n))
	for len(places) > 0 {
		near := neighbors(places)
		first := places[0]
		rows, err := d.read(ctx, first, places[near-1]+1, columns{image: true, caption: true, label: true})
		if err != nil {
			return nil, err
		}
		for _, at := range places[:near] {
			if r := rows[at-first]; d.usable(&r) {
				drawn.held = append(drawn.held, r)
			}
		}
		places = places[near:]
	}
	rng.Shuffle(len(drawn.held), func(i, j int) {
		drawn.held[i], drawn.held[j] = drawn.held[j], drawn.held[i]
	})
	drawn.rows = int64(len(drawn.held))
	return &drawn, nil
}

// drawPlaces draws one of each of n parts of the numbers below rows.
func drawPlaces(rng *rand.Rand, rows, n int64) []int64 {
	n = min(n, rows)
	places := make([]int64, n)
	for i := range places {
		lo, hi := int64(i)*rows/n, int64(i+1)*rows/n
		places[i] = lo + rng.Int64N(hi-lo)
	}
	return places
}

// neighbors counts the first of some rising places that are worth one read: gaps
// are short, and no more than a block is in memory beside them.
func neighbors(places []int64) int {
	const gap = 16
	n := 1
	for n < len(places) && places[n]-places[n-1] <= gap && places[n]-places[0] < blockRows {
		n++
	}
	return n
}

// usable says whether a row has what the dataset was opened to need, and keeps its
// captions as training sees them.
func (d *Dataset) usable(r *row) bool {
	var captions []string
	for _, c := range r.captions {
		if d.config.CleanCaptions {
			c = CleanCaption(c)
		}
		if strings.TrimSpace(c) != "" {
			captions = append(captions, c)
		}
	}
	r.captions = captions
	return r.problem() == "" && (len(captions) > 0 || !d.need.Caption) && (r.label >= 0 || !d.need.Label)
}

// First returns a Dataset of the first n rows of one that Draw made.
func (d *Dataset) First(n int) *Dataset {
	first := *d
	first.held = d.held[:min(n, len(d.held))]
	first.rows = int64(len(first.held))
	return &first
}

// HeldBytes is what the rows of a Dataset that Draw made take in memory.
func (d *Dataset) HeldBytes() (bytes int64) {
	for _, r := range d.held {
		bytes += int64(cap(r.image))
		for _, c := range r.captions {
			bytes += int64(len(c))
		}
	}
	return bytes
}

// CaptionsPerRow is the mean number of captions of the rows of a Dataset that Draw made.
func (d *Dataset) CaptionsPerRow() float64 {
	captions, _ := d.HeldCaptions()
	return float64(len(captions)) / float64(max(1, len(d.held)))
}

// HeldCaptions are all captions of the rows of a Dataset that Draw made, and the place of
// the row of each.
func (d *Dataset) HeldCaptions() (captions []string, rowOf []int) {
	for i, r := range d.held {
		for _, c := range r.captions {
			captions, rowOf = append(captions, c), append(rowOf, i)
		}
	}
	return captions, rowOf
}

// Has says which columns all shards have, whatever they were opened to need.
func (d *Dataset) Has() Need {
	has := Need{Caption: true, Label: true}
	for _, s := range d.shards {
		has.Caption = has.Caption && (s.caption >= 0 || s.captions >= 0 || len(s.weighted) > 0)
		has.Label = has.Label && s.label >= 0
	}
	return has
}
