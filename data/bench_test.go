package data

import (
	"context"
	"math"
	"strings"
	"testing"
	"time"
)

// TestBench runs one over a small set, and counts what a stream has done.
func TestBench(t *testing.T) {
	d, err := OpenTrain(context.Background(), Config{Train: hfShards(t, 90, 2, nil), Decoders: 3})
	must(t, err)
	c := StreamConfig{Seed: 1, Batch: 10, ImageSize: 4, Context: 8, Tokenizer: testTokenizer(t)}
	b, err := d.Bench(context.Background(), c, 85)
	must(t, err)
	if b.Pairs != 90 || b.Decoders != 3 || b.Images < 90 || b.First <= 0 || b.Elapsed < b.First ||
		b.Ready < 0 || b.Ready > batchesAhead ||
		math.Abs(b.PairBytes()-float64(b.Bytes)/float64(b.Rows)) > 1e-9 ||
		math.Abs(b.PairsPerSecond()*b.Elapsed.Seconds()-90) > 1e-6 {
		t.Errorf("Bench of 85 pairs in batches of 10: %+v", b)
	}
	s := d.Stream(c)
	for range 9 {
		b, err := s.Next(context.Background())
		must(t, err)
		b.Release()
	}
	s.Close()
	st := s.Stages()
	if st.Images < 90 || st.Rows%90 != 0 || st.Rows == 0 || st.Bytes < 90*60 || st.Read <= 0 ||
		st.Decode <= 0 || st.Resize <= 0 || st.Tokenize <= 0 {
		t.Errorf("after 90 pairs: %+v", st)
	}
	if again := (Stages{Read: 5, Decode: 6, Resize: 7, Tokenize: 8,
		Images: 9, Truncated: 10, Rows: 11, Bytes: 12}).Since(
		Stages{Read: 1, Decode: 1, Resize: 1, Tokenize: 1, Images: 1, Truncated: 1, Rows: 1, Bytes: 1},
	); again != (Stages{Read: 4, Decode: 5, Resize: 6, Tokenize: 7, Images: 8, Truncated: 9, Rows: 10, Bytes: 11}) {
		t.Errorf("Since = %+v", again)
	}
	if _, err := d.Bench(context.Background(), StreamConfig{}, 85); err == nil ||
		!strings.Contains(err.Error(), "batch of 0 pairs") {
		t.Errorf("Bench without a batch: %v", err)
	}
}

// TestTruncated counts the captions that are cut: of three tokens, where there is
// room for two between start and end.
func TestTruncated(t *testing.T) {
	d, err := Open(t.Context(), hfShards(t, 90, 1, func(i int, r *hfRow) {
		if r.Caption = "a b"; i%9 == 0 {
			r.Caption = "a b c"
		}
	}), Config{Caption: "caption"}, Need{Caption: true})
	must(t, err)
	s := d.Stream(StreamConfig{Batch: 90, ImageSize: 4, Context: 4, Tokenizer: testTokenizer(t)})
	defer s.Close()
	must(t, drain(t, s, 1))
	s.Close()
	if st := s.Stages(); st.Truncated < 10 || st.Truncated > (st.Images+89)/90*10 {
		t.Errorf("%d of %d captions are cut; want 10 of each 90", st.Truncated, st.Images)
	}
}

func TestLimit(t *testing.T) {
	for _, test := range []struct {
		st    Stages
		cores int
		want  string
	}{
		{Stages{Read: 3, Decode: 4, Resize: 1}, 1, "decode"},
		{Stages{Read: 3, Decode: 4, Resize: 1}, 2, "read"},
		{Stages{Read: 1, Decode: 4, Resize: 3, Tokenize: 3}, 2, "decode"},
		{Stages{Read: 1, Decode: 4, Resize: 5, Tokenize: 1}, 2, "resize"},
		{Stages{Decode: 4, Resize: 5, Tokenize: 6}, 2, "tokenize"},
	} {
		test.st.Images, test.st.Rows = 1, 1
		for _, d := range []*time.Duration{&test.st.Read, &test.st.Decode, &test.st.Resize, &test.st.Tokenize} {
			*d *= time.Second
		}
		if got := (Throughput{Stages: test.st, Decoders: 5, Cores: test.cores}).Limit(); got != test.want {
			t.Errorf("%+v on %d cores: limited by %s, want %s", test.st, test.cores, got, test.want)
		}
	}
}
