package data

import (
	"fmt"
	"path/filepath"
	"testing"
)

// TestOverlap finds rows that two sets share by their pictures, with and without their
// captions, and whole shards.
func TestOverlap(t *testing.T) {
	open := func(patterns string) *Dataset {
		d, err := Open(t.Context(), patterns, Config{}, Need{Caption: true})
		must(t, err)
		return d
	}
	compare := func(train, val string) Overlap {
		held, err := open(val).Draw(t.Context(), 100, 1)
		must(t, err)
		o, err := open(train).Overlap(t.Context(), held)
		must(t, err)
		return o
	}
	train := scored(t, 30, 2, nil)
	if o := compare(train, scored(t, 10, 1, func(i int, r *scoredRow) {
		r.PNG, r.Txt = pixel(t, i+100), "caption 3" // a caption alone is none
		switch i {
		case 2:
			r.PNG, r.Txt = pixel(t, 7), "caption 7"
		case 5:
			r.PNG = pixel(t, 8)
		}
	})); o.Pictures != 2 || o.Pairs != 1 || len(o.Shards) != 0 || o.Looked != 30 || o.Row.Row != 2 && o.Row.Row != 5 ||
		o.In.Row != 7 && o.In.Row != 8 {
		t.Errorf("%+v; want two pictures, of which one with its caption", o)
	}
	one := filepath.Join(filepath.Dir(train), "001.parquet")
	if o := compare(train, one); o.Pairs != 15 || fmt.Sprint(o.Shards) != fmt.Sprint([]string{one}) {
		t.Errorf("a shard of training: %+v; want it named, and 15 pairs", o)
	}
}

// TestOverlapOfMuch compares more than is read: rows with a caption of the other set, and
// a block now and then.
func TestOverlapOfMuch(t *testing.T) {
	d, err := Open(t.Context(), scored(t, 3*blockRows, 1, nil), Config{}, Need{Caption: true})
	must(t, err)
	other, err := Open(t.Context(), scored(t, 3, 1, func(i int, r *scoredRow) {
		at := []int{100, 600, 700}[i]
		r.PNG, r.Txt = pixel(t, at), fmt.Sprint("caption ", at)
		if i == 2 {
			r.Txt = "another"
		}
	}), Config{}, Need{Caption: true})
	must(t, err)
	held, err := other.Draw(t.Context(), 3, 1)
	must(t, err)
	o, err := d.overlap(t.Context(), newComparison(held), 1)
	if err != nil || o.Pictures != 2 || o.Pairs != 2 || o.Looked != blockRows+2 {
		t.Errorf("%+v, %v; want row 100 of the block that is read, row 600 by its caption, and not row 700", o, err)
	}
}
