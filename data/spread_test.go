package data

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
)

// TestSpread finds different captions far apart, passes over rows without a
// pair, and takes what there is where captions repeat.
func TestSpread(t *testing.T) {
	dir := t.TempDir()
	type pair struct {
		Image   []byte `parquet:"jpg"`
		Caption string `parquet:"caption"`
	}
	var rows []pair
	for i := range 100 {
		rows = append(rows, pair{pixel(t, i), fmt.Sprint("caption ", i/2)})
	}
	rows[0].Caption, rows[25].Image, rows[75].Image = " ", nil, []byte("no image")
	path := filepath.Join(dir, "a.parquet")
	write(t, path, rows, 10)
	d, err := Open(t.Context(), path, Config{}, Need{Caption: true})
	must(t, err)
	for _, test := range []struct {
		n    int
		want []int64 // rows
	}{
		{4, []int64{50, 6, 31, 56}}, // 0, 25 and 75 hold no pair
		{1, []int64{50}},
		{0, nil},
	} {
		got, err := d.Spread(t.Context(), test.n)
		must(t, err)
		var at []int64
		for _, p := range got {
			at = append(at, p.Row.Row)
			if want := fmt.Sprint("caption ", p.Row.Row/2); p.Caption != want || p.Image.Pix[0] != byte(p.Row.Row) {
				t.Errorf("row %d: caption %q, image %v; want %q and its own", p.Row.Row, p.Caption, p.Image, want)
			}
		}
		if !slices.Equal(at, test.want) {
			t.Errorf("Spread of %d: rows %d, want %d", test.n, at, test.want)
		}
	}
	for i := range rows {
		rows[i].Caption = fmt.Sprint(i % 3)
	}
	write(t, path, rows, 10)
	d, err = Open(t.Context(), path, Config{}, Need{Caption: true})
	must(t, err)
	if got, err := d.Spread(t.Context(), 8); err != nil || len(got) != 3 {
		t.Errorf("Spread of 8 among 3 captions: %d, %v; want 3", len(got), err)
	}
}
