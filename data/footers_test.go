package data

import (
	"fmt"
	"path/filepath"
	"testing"
)

// TestFooters: the footer of a shard with a row group for each row is parsed once for
// all reads of its rows, and the footers that are kept have a bound.
func TestFooters(t *testing.T) {
	dir := t.TempDir()
	var rows []hfRow
	for i := range 40 {
		rows = append(rows, hfRow{Caption: fmt.Sprint("number ", i)})
	}
	write(t, filepath.Join(dir, "a.parquet"), rows, 1)
	write(t, filepath.Join(dir, "b.parquet"), rows, 1)
	d, err := Open(t.Context(), filepath.Join(dir, "*.parquet"), Config{}, Need{Caption: true})
	must(t, err)
	got, err := d.read(t.Context(), 30, 50, columns{caption: true})
	must(t, err)
	for i, r := range got {
		if want := fmt.Sprint("number ", (30+i)%40); len(r.captions) != 1 || r.captions[0] != want {
			t.Errorf("row %d has captions %q; want %q", 30+i, r.captions, want)
		}
	}
	a, b := d.shards[0], d.shards[1]
	f, p, err := a.open(t.Context())
	must(t, err)
	defer f.Close()
	if known := d.footers.of(a); known == nil || known.File != p.File {
		t.Error("the footer is parsed anew each time that the shard is opened")
	}
	p.FooterBytes = maxFooters
	*d.footers = footers{}
	d.footers.keep(a, p)
	d.footers.keep(b, p)
	if d.footers.of(a) != nil || d.footers.of(b) == nil || d.footers.bytes != maxFooters {
		t.Errorf("of two footers of %d bytes %d bytes are kept; want the second", maxFooters, d.footers.bytes)
	}
}
