package data

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

type scoredRow struct {
	PNG    []byte   `parquet:"png"`
	Txt    string   `parquet:"txt,optional"`
	Blip   string   `parquet:"blip,optional"`
	Alts   []string `parquet:"alts,list"`
	Score  *float64 `parquet:"score,optional"`
	Single float32  `parquet:"single"`
	Width  uint32   `parquet:"width"`
	Clean  bool     `parquet:"clean"`
	Number int64    `parquet:"number"`
}

// scored writes n rows: score is number/n, null for each seventh, width falls.
func scored(t testing.TB, n, shards int, change func(i int, r *scoredRow)) string {
	t.Helper()
	dir := t.TempDir()
	for s := range shards {
		var rows []scoredRow
		for i := n * s / shards; i < n*(s+1)/shards; i++ {
			score := float64(i) / float64(n)
			r := scoredRow{PNG: pixel(t, i), Txt: fmt.Sprintf("caption %d", i), Score: &score,
				Single: float32(i), Width: uint32(n - i), Clean: i%2 == 0, Number: int64(i)}
			if i%7 == 0 {
				r.Score = nil
			}
			if change != nil {
				change(i, &r)
			}
			rows = append(rows, r)
		}
		write(t, filepath.Join(dir, fmt.Sprintf("%03d.parquet", s)), rows, 11)
	}
	return filepath.Join(dir, "*.parquet")
}

// keptRows are the numbers of the rows that a condition keeps, read in order.
func keptRows(t testing.TB, d *Dataset) (numbers []int64) {
	t.Helper()
	for caption, err := range d.Captions(context.Background()) {
		must(t, err)
		var i int64
		_, err = fmt.Sscanf(caption, "caption %d", &i)
		must(t, err)
		numbers = append(numbers, i)
	}
	return numbers
}

// TestFilter keeps the rows for which a condition is true, and reads no more
// row groups than their statistics leave open.
func TestFilter(t *testing.T) {
	const n = 200
	patterns := scored(t, n, 3, nil)
	for _, test := range []struct {
		where string
		keep  func(i int) bool
		read  int // row groups, of 20
	}{
		{"score > 0.28 and width >= 64", func(i int) bool { return i%7 != 0 && i > 56 && i <= 136 }, 9},
		{"number < 30", func(i int) bool { return i < 30 }, 1},
		{"number >= 0", func(i int) bool { return true }, 0},
		{"single <= 12", func(i int) bool { return i <= 12 }, 2},
		{"not score > 0.9", func(i int) bool { return i%7 != 0 && i <= 180 }, 20},
		{"score = null", func(i int) bool { return i%7 == 0 }, 20},
		{"clean and number < 100 or txt = 'caption 150'",
			func(i int) bool { return i%2 == 0 && i < 100 || i == 150 }, 11},
		{"number = 150 or width = 200", func(i int) bool { return i == 150 || i == 0 }, 2},
	} {
		d, err := OpenTrain(context.Background(), Config{Train: patterns, Where: test.where})
		must(t, err)
		var want []int64
		for i := range n {
			if test.keep(i) {
				want = append(want, int64(i))
			}
		}
		if got := keptRows(t, d); !slices.Equal(got, want) || d.Len() != int64(len(want)) {
			t.Errorf("%s keeps %v; want %v", test.where, got, want)
		}
		if text := d.FormatWhere(); !strings.Contains(text,
			fmt.Sprintf("keeps %d of 200 rows; read %d of ", len(want), test.read)) {
			t.Errorf("%q; want %d rows, %d groups read", text, len(want), test.read)
		}
	}
	for _, test := range []struct{ where, want string }{
		{"number < 0", `data: where "number < 0" keeps none of the 200 rows of `},
		{"clean and similarity > 3", `at 11: no column similarity in `},
		{"width = 'wide'", "at 7: compares a number with text, in "},
		{"width and clean", "at 1: column width holds a number; want a comparison"},
		{"alts.list.element = 'x'", "has lists"},
		{"width >", "at 8: have the end"},
	} {
		if _, err := OpenTrain(context.Background(),
			Config{Train: patterns, Where: test.where}); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v; want error with %q", test.where, err, test.want)
		}
	}
}

// TestFilterStream trains on each kept row once an epoch and on no other, and
// goes on at any place.
func TestFilterStream(t *testing.T) {
	c := Config{Where: "not clean", ShuffleWindow: 512}
	c.Train = scored(t, 200, 3, nil)
	want := trainBatches(t, c, 0, 20)
	for epoch := range 2 {
		seen := map[string]bool{}
		for _, b := range want[10*epoch : 10*epoch+10] {
			for _, caption := range b.Captions {
				seen[caption] = true
			}
		}
		if len(seen) != 100 || seen["caption 2"] {
			t.Errorf("epoch %d has %d captions; want the 100 odd ones", epoch, len(seen))
		}
	}
	for _, start := range []int{3, 12} {
		for i, b := range trainBatches(t, c, int64(10*start), 3) {
			if !equal(b, want[start+i]) {
				t.Errorf("batch %d differs when the stream starts at batch %d", start+i, start)
			}
		}
	}
}

// trainBatches is batches for what OpenTrain opens.
func trainBatches(t testing.TB, c Config, start int64, n int) (all []*Batch) {
	t.Helper()
	d, err := OpenTrain(context.Background(), c)
	must(t, err)
	var ledger bytes.Buffer
	s := d.Stream(StreamConfig{Seed: 1, Batch: 10, ImageSize: 4, Context: 12, Tokenizer: testTokenizer(t),
		Ledger: NewLedger(&ledger, c), Start: start})
	defer s.Close()
	for range n {
		b, err := s.Next(context.Background())
		must(t, err)
		all = append(all, &Batch{Images: slices.Clone(b.Images), Tokens: slices.Clone(b.Tokens),
			Captions: slices.Clone(b.Captions), Rows: slices.Clone(b.Rows)})
		b.Release()
	}
	if ledger.Len() > 0 {
		t.Errorf("rows that are filtered out are in the ledger:\n%s", ledger.String())
	}
	return all
}
