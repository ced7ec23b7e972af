package data

import (
	"bytes"
	"context"
	"strings"
	"testing"
)

// TestBadRows replaces what cannot be used, says why, and does so alike with
// any number of decoders.
func TestBadRows(t *testing.T) {
	spoil := func(i int, r *hfRow) {
		switch i {
		case 3:
			r.Image.Bytes = nil
		case 40:
			r.Image.Bytes = []byte("no image")
		case 77:
			r.Caption, r.Captions = " ", nil
		}
	}
	patterns := hfShards(t, 90, 3, spoil)
	clean, _ := batches(t, hfShards(t, 90, 3, nil), Config{}, 0, 18)
	captions := []string{}
	for _, b := range clean {
		captions = append(captions, b.Captions...)
	}
	var want []*Batch
	for _, decoders := range []int{1, 8} {
		got, ledger := batches(t, patterns, Config{Decoders: decoders}, 0, 18)
		for _, line := range []string{
			`000.parquet","row":3,"reason":"no image"}`,
			`001.parquet","row":10,"reason":"preprocess: image: unknown format"}`,
			`002.parquet","row":17,"reason":"no caption"}`,
		} {
			if strings.Count(ledger, line) != 1 {
				t.Errorf("ledger\n%s\nwant once %s", ledger, line)
			}
		}
		if want == nil {
			want = got
		}
		for i := range got {
			if !equal(got[i], want[i]) {
				t.Errorf("batch %d differs with %d decoders", i, decoders)
			}
			for j, caption := range got[i].Captions {
				at := 10*i + j
				switch captions[at] {
				case "caption 3", "caption 40", "caption 77":
					at = at/90*90 + (at+1)%90 // the next one of the window
				}
				if caption != captions[at] {
					t.Errorf("pair %d has %q, want %q", 10*i+j, caption, captions[at])
				}
			}
		}
	}
}

// TestBadAgain: a bad row that comes again in each epoch counts once, and what a
// batch says of it does not grow.
func TestBadAgain(t *testing.T) {
	d, err := Open(t.Context(), hfShards(t, 30, 1, func(i int, r *hfRow) {
		if i == 7 {
			r.Image.Bytes = nil
		}
	}), Config{}, Need{Caption: true})
	must(t, err)
	ledger := NewLedger(nil, Config{})
	s := d.Stream(StreamConfig{Seed: 1, Batch: 10, ImageSize: 4,
		Context: 12, Tokenizer: testTokenizer(t), Ledger: ledger})
	defer s.Close()
	for step := range 200 {
		b, err := s.Next(t.Context())
		must(t, err)
		for i, bad := range b.bad {
			if len(bad) > 1 {
				t.Fatalf("batch %d: pair %d has %d bad rows, of 1", step, i, len(bad))
			}
		}
		b.Release()
	}
	if ledger.Bad() != 1 {
		t.Errorf("%d bad rows, want 1", ledger.Bad())
	}
}

func TestBudget(t *testing.T) {
	patterns := hfShards(t, 90, 3, func(i int, r *hfRow) {
		if i >= 60 && i%2 == 0 {
			r.Image.Bytes = nil
		}
	})
	d, err := Open(context.Background(), patterns, Config{}, Need{Caption: true})
	must(t, err)
	s := d.Stream(StreamConfig{Batch: 30, ImageSize: 4, Context: 8, Tokenizer: testTokenizer(t)})
	defer s.Close()
	for range 3 {
		var b *Batch
		if b, err = s.Next(context.Background()); err != nil {
			break
		}
		b.Release()
	}
	if err == nil || !strings.Contains(err.Error(), "002.parquet has 11") {
		t.Errorf("%v; want an error that names 002.parquet", err)
	}
}

// TestAllBad checks that shards without one good row end a run at its budget,
// not after the whole window has been tried for every pair.
func TestAllBad(t *testing.T) {
	d, err := Open(context.Background(),
		hfShards(t, 2000, 1, func(_ int, r *hfRow) { r.Image.Bytes = r.Image.Bytes[:30] }),
		Config{}, Need{Caption: true})
	must(t, err)
	s := d.Stream(StreamConfig{Batch: 50, ImageSize: 4, Context: 8, Tokenizer: testTokenizer(t)})
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
	if err == nil || !strings.Contains(err.Error(), "4 of 700 rows") ||
		!strings.Contains(err.Error(), "a has 3 of them") {
		t.Errorf("add past the budget: %v; want 4 of 700 rows, worst a", err)
	}
}
