package data

import (
	"context"
	"runtime"
	"time"
)

// A Throughput says how fast a stream gives batches when nobody trains on them.
type Throughput struct {
	Stages

	Pairs    int           // in the batches
	Elapsed  time.Duration // for all of them
	First    time.Duration // until the first batch
	Ready    float64       // batches that were ready when one was asked for, on average
	Decoders int           // goroutines
	Cores    int           // of GOMAXPROCS
}

// Bench runs a stream with nobody to train, for at least the given number of pairs.
func (d *Dataset) Bench(ctx context.Context, c StreamConfig, pairs int) (Throughput, error) {
	if err := c.Validate(); err != nil {
		return Throughput{}, err
	}
	start := time.Now()
	s := d.Stream(c)
	defer s.Close()
	batches := max(1, (pairs+c.Batch-1)/c.Batch)
	t := Throughput{Pairs: batches * c.Batch, Decoders: d.config.decoders(), Cores: runtime.GOMAXPROCS(0)}
	for i := range batches {
		t.Ready += float64(len(s.ordered)) / float64(batches)
		b, err := s.Next(ctx)
		if err != nil {
			return t, err
		}
		b.Release()
		if i == 0 {
			t.First = time.Since(start)
		}
	}
	t.Elapsed = time.Since(start)
	t.Stages = s.Stages()
	return t, nil
}

// PairsPerSecond is the speed of the whole.
func (t Throughput) PairsPerSecond() float64 { return float64(t.Pairs) / t.Elapsed.Seconds() }

// PairBytes is the mean size of an image file with its captions.
func (t Throughput) PairBytes() float64 { return float64(t.Bytes) / float64(max(1, t.Rows)) }

// Limit names the stage that takes longest: read, which one goroutine does, or the
// longest part of what decoders do: decode, resize or tokenize.
func (t Throughput) Limit() string {
	cores := max(1, min(t.Decoders, t.Cores))
	read := t.Read.Seconds() / float64(max(1, t.Rows))
	decoders := (t.Decode + t.Resize + t.Tokenize).Seconds() / float64(max(1, t.Images)) / float64(cores)
	switch {
	case read > decoders:
		return "read"
	case t.Decode >= t.Resize && t.Decode >= t.Tokenize:
		return "decode"
	case t.Resize >= t.Tokenize:
		return "resize"
	}
	return "tokenize"
}
