package data

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"
)

// TestBench runs one over a small set, and counts what a stream has done.
func TestBench(t *testing.T) {
	d, err := OpenTrain(context.Background(), Config{Train: hfShards(t, 90, 2, nil)})
	must(t, err)
	var out strings.Builder
	c := StreamConfig{Seed: 1, Batch: 10, ImageSize: 4, Context: 8, Tokenizer: testTokenizer(t), Ledger: NewLedger(&bytes.Buffer{}, Config{})}
	must(t, d.Bench(context.Background(), &out, c, 85))
	for _, want := range []string{"read", "decode", "resize", "tokenize", "limited by: ", "of files of 0."} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("bench prints\n%s\nwant %q", out.String(), want)
		}
	}
	s := d.Stream(c)
	for range 9 {
		b, err := s.Next(context.Background())
		must(t, err)
		b.Release()
	}
	s.Close()
	st := s.Stages()
	if st.Images < 90 || st.Rows%90 != 0 || st.Rows == 0 || st.Bytes < 90*60 || st.Read <= 0 || st.Decode <= 0 || st.Resize <= 0 || st.Tokenize <= 0 {
		t.Errorf("after 90 pairs: %+v", st)
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
		{Stages{Read: 1, Decode: 4, Resize: 5, Tokenize: 1}, 2, "resize"},
		{Stages{Decode: 4, Resize: 5, Tokenize: 6}, 2, "tokenize"},
	} {
		test.st.Images, test.st.Rows = 1, 1
		for _, d := range []*time.Duration{&test.st.Read, &test.st.Decode, &test.st.Resize, &test.st.Tokenize} {
			*d *= time.Second
		}
		if got := test.st.limit(test.cores); got != test.want {
			t.Errorf("%+v on %d cores: limited by %s, want %s", test.st, test.cores, got, test.want)
		}
	}
}
