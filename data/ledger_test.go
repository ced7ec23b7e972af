package data

import (
	"bytes"
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestAllBad checks that shards without one good row end a run at its budget,
// not after the whole window has been tried for every pair.
func TestAllBad(t *testing.T) {
	d, err := Open(context.Background(), hfShards(t, 2000, 1, func(_ int, r *hfRow) { r.Image.Bytes = r.Image.Bytes[:30] }), Config{}, Need{Caption: true})
	must(t, err)
	s := d.Stream(StreamConfig{Batch: 50, ImageSize: 4, Context: 8, Tokenizer: testTokenizer(t), Ledger: NewLedger(&bytes.Buffer{}, Config{})})
	defer s.Close()
	b, err := s.Next(context.Background())
	if err == nil || !strings.Contains(err.Error(), "more than the budget of 0.01") {
		t.Fatalf("Next: %v; want the budget", err)
	}
	for i, bad := range b.bad {
		if len(bad) != 11 {
			t.Errorf("pair %d: %d rows tried; want 11, one more than the budget of 1,000 rows", i, len(bad))
		}
	}
}

// TestLedgerResume checks that a ledger read back counts as before and repeats no line.
func TestLedgerResume(t *testing.T) {
	var lines bytes.Buffer
	old := "{\"shard\":\"a\",\"row\":1,\"reason\":\"x\"}\n{\"shard\":\"a\",\"row\":2,\"reason\":\"x\"}\n{\"shard\":\"a\",\"ro"
	l := NewLedger(&lines, Config{BadRowBudget: 0.003})
	l.Resume([]byte(old), 500)
	must(t, l.add(100, []badRow{{RowRef{"a", 2}, "x"}, {RowRef{"a", 3}, "x"}}))
	if got, want := lines.String(), "{\"shard\":\"a\",\"row\":3,\"reason\":\"x\"}\n"; got != want || l.Bad() != 3 {
		t.Errorf("wrote %q, %d bad; want %q, 3", got, l.Bad(), want)
	}
	err := l.add(100, []badRow{{RowRef{"b", 0}, "y"}})
	if err == nil || !strings.Contains(err.Error(), "4 of 700 rows") || !strings.Contains(err.Error(), "a has 3 of them") {
		t.Errorf("add past the budget: %v; want 4 of 700 rows, worst a", err)
	}
}

// TestCaptions checks that a vocabulary is trained on what training may see: a
// row that lists more captions than the one that is used adds nothing.
func TestCaptions(t *testing.T) {
	pattern := hfShards(t, 20, 2, func(i int, r *hfRow) {
		if i == 3 {
			r.Caption, r.Captions = " ", []string{"", "third"}
		}
	})
	for choice, want := range map[string]int{"": 20, "first": 20, "random": 39} {
		d, err := Open(context.Background(), pattern, Config{CaptionChoice: choice}, Need{Caption: true})
		must(t, err)
		var got []string
		for c, err := range d.Captions(context.Background()) {
			must(t, err)
			got = append(got, c)
		}
		if len(got) != want || !slices.Contains(got, "third") || slices.Contains(got, "other 5") != (choice == "random") {
			t.Errorf("caption_choice %q: %d captions %q; want %d", choice, len(got), got, want)
		}
	}
}

// TestMaxLabel finds the row with the largest label.
func TestMaxLabel(t *testing.T) {
	d, err := Open(context.Background(), hfShards(t, 600, 2, func(i int, r *hfRow) { r.Label = int64(i % 593) }), Config{}, Need{Label: true})
	must(t, err)
	label, at, err := d.MaxLabel(context.Background())
	if err != nil || label != 592 || at.Row != 292 || filepath.Base(at.Shard) != "001.parquet" {
		t.Errorf("MaxLabel = %d, %v, %v; want 592, row 292 of 001.parquet", label, at, err)
	}
}
