package data

import (
	"bytes"
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goclip/goclip/data/preprocess"
)

func TestScan(t *testing.T) {
	patterns := hfShards(t, 25, 2, func(i int, r *hfRow) {
		if i == 4 {
			r.Image.Bytes = []byte("no image")
		}
		if i == 5 {
			r.Label = -7
		}
	})
	d, err := Open(context.Background(), patterns, Config{}, Need{Label: true})
	must(t, err)
	var labels []int
	ledger := NewLedger(&bytes.Buffer{}, Config{})
	must(t, d.Scan(context.Background(), 4, 10, ledger, func(e Examples) error {
		for i, label := range e.Labels {
			red := e.Images[i*48] * float32(preprocess.CLIPStd[0]) // the first pixel's red is the label
			if got := (red + float32(preprocess.CLIPMean[0])) * 255; int(got+0.5) != label {
				t.Errorf("label %d has an image of %g", label, got)
			}
		}
		labels = append(labels, e.Labels...)
		return nil
	}))
	if len(labels) != 23 || ledger.Bad() != 2 || slices.Contains(labels, 4) {
		t.Errorf("labels %v, %d bad rows; want 23 and 2", labels, ledger.Bad())
	}
}

// TestScanCaptions checks that a scan for captions needs no label, and that a row
// is found again.
func TestScanCaptions(t *testing.T) {
	patterns := hfShards(t, 25, 2, func(i int, r *hfRow) {
		if i == 4 {
			r.Caption, r.Captions = " ", nil
		}
		r.Label = -7
	})
	d, err := Open(context.Background(), patterns, Config{}, Need{Caption: true})
	must(t, err)
	n := 0
	must(t, d.Scan(context.Background(), 4, 10, NewLedger(&bytes.Buffer{}, Config{}), func(e Examples) error {
		for i, ref := range e.Rows {
			file, captions, err := ReadImage(context.Background(), ref, Config{})
			if err != nil || len(file) == 0 || len(captions) == 0 || !slices.Equal(captions, e.Captions[i]) ||
				e.Labels[i] != -1 {
				t.Errorf("%v: %d bytes, captions %q, %v; scanned %q with label %d", ref, len(file), captions, err,
					e.Captions[i], e.Labels[i])
			}
			n++
		}
		return nil
	}))
	if n != 24 {
		t.Errorf("%d rows; want 24", n)
	}
	for want, ref := range map[string]RowRef{
		"row 99: the shard has 12 rows": {Shard: d.shards[0].path, Row: 99},
		"none.parquet":                  {Shard: "none.parquet"},
	} {
		if _, _, err := ReadImage(context.Background(), ref, Config{}); err == nil ||
			!strings.Contains(err.Error(), want) {
			t.Errorf("ReadImage(%v): %v; want error with %q", ref, err, want)
		}
	}
}

// TestMaxLabel finds the row with the largest label.
func TestMaxLabel(t *testing.T) {
	d, err := Open(context.Background(),
		hfShards(t, 600, 2, func(i int, r *hfRow) { r.Label = int64(i % 593) }), Config{}, Need{Label: true})
	must(t, err)
	label, at, err := d.MaxLabel(context.Background())
	if err != nil || label != 592 || at.Row != 292 || filepath.Base(at.Shard) != "001.parquet" {
		t.Errorf("MaxLabel = %d, %v, %v; want 592, row 292 of 001.parquet", label, at, err)
	}
}
