package data

import (
	"bytes"
	"context"
	"fmt"
	"os"
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
		t.Errorf("%v: image %q, captions %q, label %d; want %q, %q, %d", r.ref, r.image, r.captions, r.label, image, captions, 10*i)
	}
}

// TestSharedLayouts reads every row of the real shards, in both layouts.
func TestSharedLayouts(t *testing.T) {
	root := "../../shared/data"
	if _, err := os.Stat(root); err != nil {
		t.Skipf("needs the real shards: %v", err)
	}
	for _, test := range []struct {
		pattern      string
		rows, images int
	}{
		{"cifar10/hf/val-*.parquet", 2000, 2000},
		{"cifar10/img2dataset/val/*.parquet", 2000, 2000},
		{"imagenet-sample/hf/*.parquet", 226, 226},
		{"imagenet-sample/img2dataset/train/*.parquet", 24, 24},
		{"openmoji/hf/*.parquet", 2465, 2465},
		{"openmoji/img2dataset/*/*.parquet", 2465, 2465},
		{"photo-captions/hf/*.parquet", 1101, 1101},
		{"tricky-images/hf/*.parquet", 107, 104}, // two are null, one has no bytes,
		{"tricky-images/img2dataset/train/*.parquet", 103, 99},
	} {
		d, err := Open(t.Context(), filepath.Join(root, test.pattern), Config{}, Need{Caption: true})
		if err != nil {
			t.Error(err)
			continue
		}
		images := 0
		for lo := int64(0); lo < d.Len(); lo += 500 {
			rows, err := d.read(t.Context(), lo, min(d.Len(), lo+500), columns{image: true, caption: true, label: true})
			must(t, err)
			for _, r := range rows {
				if len(r.image) > 0 {
					images++
				}
			}
		}
		if d.Len() != int64(test.rows) || images != test.images {
			t.Errorf("%s: %d rows with %d images; want %d with %d", test.pattern, d.Len(), images, test.rows, test.images)
		}
	}
}

// TestShared reads the real shards in both layouts.
func TestShared(t *testing.T) {
	root := "../../shared/data"
	if _, err := os.Stat(root); err != nil {
		t.Skipf("needs the real shards: %v", err)
	}
	c := Config{Caption: "caption"}
	hf, _ := batches(t, filepath.Join(root, "cifar10/hf/train-*.parquet"), c, 19_990, 3)
	flat, _ := batches(t, filepath.Join(root, "cifar10/img2dataset/train/*.parquet"), c, 19_990, 3)
	for i := range hf {
		if !equal(hf[i], flat[i]) {
			t.Errorf("batch %d differs between the layouts", i)
		}
	}
	d, err := Open(context.Background(), filepath.Join(root, "tricky-images/hf/*.parquet"), Config{}, Need{Caption: true})
	must(t, err)
	ledger := NewLedger(&bytes.Buffer{}, Config{BadRowBudget: 1})
	s := d.Stream(StreamConfig{Batch: int(d.Len()), ImageSize: 8, Context: 8, Tokenizer: testTokenizer(t), Ledger: ledger})
	defer s.Close()
	b, err := s.Next(context.Background())
	must(t, err)
	b.Release()
	if bad := ledger.Bad(); bad < 30 || bad > 40 {
		t.Errorf("%d bad rows of the odd images; want the 30 that do not decode, and those without caption", bad)
	}
}
