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

func TestLayouts(t *testing.T) {
	dir := t.TempDir()
	var rows []flatRow
	for i := range 90 {
		rows = append(rows, flatRow{fmt.Sprint(i), pixel(t, i), fmt.Sprintf("caption %d", i), "success"})
	}
	write(t, filepath.Join(dir, "0.parquet"), rows, 11)
	c := Config{Preprocess: augmented}
	flat, _ := batches(t, filepath.Join(dir, "*.parquet"), c, 0, 5)
	hf, _ := batches(t, hfShards(t, 90, 3, nil), c, 0, 5)
	for i := range hf {
		if !equal(flat[i], hf[i]) {
			t.Errorf("batch %d differs between the layouts", i)
		}
	}
}

// TestOddRows reads what testdata/make_layouts.py wrote as the datasets library and
// as img2dataset do: twelve pairs, then rows that are odd or cannot be used. Both
// give the same batches, and a reason for each of seven rows.
func TestOddRows(t *testing.T) {
	var want *Batch
	for layout, last := range map[string]string{"hf": "no image", "img2dataset": "status failed_to_download"} {
		c := Config{Train: "testdata/layouts/" + layout + ".parquet", BadRowBudget: 1, Preprocess: augmented}
		d, err := OpenTrain(t.Context(), c)
		must(t, err)
		var lines bytes.Buffer
		s := d.Stream(StreamConfig{Seed: 3, Batch: 22, ImageSize: 4, Context: 12, Tokenizer: testTokenizer(t),
			Ledger: NewLedger(&lines, c)})
		defer s.Close()
		b, err := s.Next(t.Context())
		must(t, err)
		if want == nil {
			want = b
		}
		if !equal(b, want) {
			t.Errorf("%s: the batch differs from the other layout's batch", layout)
		}
		for _, caption := range []string{"picture number 0", "picture number 11", "Ünï¢ødé 猫 \U0001f408",
			"AT&amp;T\r\nand more", strings.Repeat("long ", 540)} {
			if !slices.Contains(b.Captions, caption) {
				t.Errorf("%s: no caption %.30q in the batch", layout, caption)
			}
		}
		for row, reason := range map[int]string{
			15: "no caption", 16: "no caption", 17: "no caption", 18: "no image",
			19: "preprocess: gif: not enough image data", 20: "preprocess: image: unknown format: looks like a web page", 21: last,
		} {
			if line := fmt.Sprintf(`"row":%d,"reason":%q}`, row, reason); strings.Count(lines.String(), line) != 1 {
				t.Errorf("%s: the ledger is\n%swant once %s", layout, lines.String(), line)
			}
		}
		if n := bytes.Count(lines.Bytes(), []byte("\n")); n != 7 {
			t.Errorf("%s: %d lines in the ledger, want 7", layout, n)
		}
	}
}

// realShards is the folder of the shards that were downloaded. They are too large to
// commit; without them TestLayouts and TestOddRows read small shards of both layouts,
// written here and by the datasets library and img2dataset, odd rows among them.
func realShards(t *testing.T) string {
	t.Helper()
	root := "../../shared/data"
	if _, err := os.Stat(root); err != nil {
		t.Skipf("needs the downloaded shards; TestLayouts and TestOddRows cover both layouts without: %v", err)
	}
	return root
}

// TestSharedLayouts reads every row of the real shards, in both layouts.
func TestSharedLayouts(t *testing.T) {
	root := realShards(t)
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
			t.Errorf("%s: %d rows with %d images; want %d with %d",
				test.pattern, d.Len(), images, test.rows, test.images)
		}
	}
}

// TestShared reads the real shards in both layouts.
func TestShared(t *testing.T) {
	root := realShards(t)
	c := Config{Caption: "caption"}
	hf, _ := batches(t, filepath.Join(root, "cifar10/hf/train-*.parquet"), c, 19_990, 3)
	flat, _ := batches(t, filepath.Join(root, "cifar10/img2dataset/train/*.parquet"), c, 19_990, 3)
	for i := range hf {
		if !equal(hf[i], flat[i]) {
			t.Errorf("batch %d differs between the layouts", i)
		}
	}
	d, err := Open(context.Background(), filepath.Join(root, "tricky-images/hf/*.parquet"),
		Config{}, Need{Caption: true})
	must(t, err)
	ledger := NewLedger(&bytes.Buffer{}, Config{BadRowBudget: 1})
	s := d.Stream(StreamConfig{Batch: int(d.Len()), ImageSize: 8,
		Context: 8, Tokenizer: testTokenizer(t), Ledger: ledger})
	defer s.Close()
	b, err := s.Next(context.Background())
	must(t, err)
	b.Release()
	if bad := ledger.Bad(); bad < 30 || bad > 40 {
		t.Errorf("%d bad rows of the odd images; want the 30 that do not decode, and those without caption", bad)
	}
}
