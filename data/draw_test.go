package data

import (
	"bytes"
	"slices"
	"testing"
)

// TestDraw holds that a draw is a function of rows and seed, one row of each part, leaves
// out what cannot be used, is shuffled, and gives a scan the rows of the files again and again.
func TestDraw(t *testing.T) {
	patterns := hfShards(t, 40, 2, func(i int, r *hfRow) {
		if i == 4 {
			r.Caption, r.Captions = " ", nil
		}
	})
	d, err := Open(t.Context(), patterns, Config{}, Need{Caption: true})
	must(t, err)
	if has := d.Has(); !has.Caption || !has.Label {
		t.Errorf("Has = %+v; want both", has)
	}
	labels := func(d *Dataset) (all []int) {
		must(t, d.Scan(t.Context(), 4, 3, NewLedger(&bytes.Buffer{}, Config{}), func(e Examples) error {
			for i, ref := range e.Rows {
				_, captions, err := ReadImage(t.Context(), ref, Config{})
				must(t, err)
				if !slices.Equal(captions, e.Captions[i]) {
					t.Errorf("%v: captions %q, want %q", ref, e.Captions[i], captions)
				}
			}
			all = append(all, e.Labels...)
			return nil
		}))
		return all
	}
	draw := func(n int, seed uint64) *Dataset {
		drawn, err := d.Draw(t.Context(), n, seed)
		must(t, err)
		return drawn
	}
	ten := draw(10, 1)
	got := labels(ten)
	for i, label := range slices.Sorted(slices.Values(got)) {
		if len(got) == 10 && (label < 4*i || label >= 4*i+4) {
			t.Errorf("labels %v; want one of each four", got)
		}
	}
	if slices.IsSorted(got) || !slices.Equal(got, labels(ten)) || !slices.Equal(got, labels(draw(10, 1))) ||
		slices.Equal(got, labels(draw(10, 2))) || ten.HeldBytes() == 0 {
		t.Errorf("draw %v; want the same again, shuffled, another with another seed", got)
	}
	if got := labels(ten.First(3)); !slices.Equal(got, labels(ten)[:3]) {
		t.Errorf("First(3) has %v", got)
	}
	all := slices.Sorted(slices.Values(labels(draw(100, 1))))
	if len(all) != 39 || slices.Contains(all, 4) || all[38] != 39 {
		t.Errorf("a draw of more than all rows: %v; want all but row 4", all)
	}
}
