package data

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestWriters reads the rows that pyarrow and DuckDB have written, in every
// encoding, compression, page version and layout of testdata/make_writers.py,
// and filters them.
func TestWriters(t *testing.T) {
	paths, err := filepath.Glob("testdata/writers/*.parquet")
	if err != nil || len(paths) != 21 {
		t.Fatalf("%d files, want 21, %v", len(paths), err)
	}
	for _, path := range paths {
		nested := strings.Contains(path, "nested")
		d, err := Open(t.Context(), path, Config{}, Need{Caption: true, Label: true})
		if err != nil {
			t.Error(err)
			continue
		}
		if d.Len() != 7 {
			t.Errorf("%s: %d rows; want 7", path, d.Len())
		}
		for _, part := range [][2]int64{{0, 7}, {3, 6}} { // from the middle of a row group as well
			rows, err := d.read(t.Context(), part[0], part[1], columns{image: true, caption: true, label: true})
			must(t, err)
			for i, r := range rows {
				checkWritten(t, &r, int(part[0])+i, nested)
			}
		}
		d, err = OpenTrain(t.Context(), Config{Train: path, Where: "label > 10 and label != 30"})
		must(t, err)
		rows, err := d.read(t.Context(), 0, d.Len(), columns{label: true})
		must(t, err)
		var labels []int64
		for _, r := range rows {
			labels = append(labels, r.label)
		}
		if !slices.Equal(labels, []int64{20, 40, 50, 60}) {
			t.Errorf("%s: where keeps labels %v; want 20 40 50 60", path, labels)
		}
	}
}

// checkWritten compares row i with what make_writers.py wrote.
func checkWritten(t *testing.T, r *row, i int, nested bool) {
	t.Helper()
	caption, other := fmt.Sprintf("a photo of number %d", i%3), fmt.Sprintf("one more of %d", i)
	image, captions := bytes.Repeat(fmt.Appendf(nil, "image %d ", i), i+1), []string{caption}
	switch {
	case i == 5:
		image = nil
	case !nested && i == 4:
		captions = nil
	}
	if nested { // the second of a list is null
		captions = [][]string{nil, {caption}, {caption}, {caption, other}}[i%4]
	}
	if !bytes.Equal(r.image, image) || !slices.Equal(r.captions, captions) || r.label != int64(10*i) {
		t.Errorf("%v: image %q, captions %q, label %d; want %q, %q, %d", r.ref, r.image, r.captions, r.label,
			image, captions, 10*i)
	}
}
