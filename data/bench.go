package data

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"sync/atomic"
	"text/tabwriter"
	"time"
)

// Stages says how long the goroutines of a stream were busy with each stage,
// all of them together, and with how much.
type Stages struct {
	Read, Decode, Resize, Tokenize time.Duration

	Images int64 // decoded
	Rows   int64 // read, which are whole windows
	Bytes  int64 // of the image files and captions read
}

// clock adds up the stages of a stream.
type clock struct {
	read, decode, resize, tokenize atomic.Int64 // nanoseconds
	images, rows, bytes            atomic.Int64
}

// lap adds the time since start to a stage and returns the time now.
func lap(stage *atomic.Int64, start time.Time) time.Time {
	now := time.Now()
	stage.Add(int64(now.Sub(start)))
	return now
}

// Since is what has been done since an earlier time.
func (s Stages) Since(earlier Stages) Stages {
	return Stages{
		s.Read - earlier.Read, s.Decode - earlier.Decode, s.Resize - earlier.Resize, s.Tokenize - earlier.Tokenize,
		s.Images - earlier.Images, s.Rows - earlier.Rows, s.Bytes - earlier.Bytes,
	}
}

func (c *clock) count(rows []row) {
	bytes := 0
	for i := range rows {
		bytes += len(rows[i].image)
		for _, caption := range rows[i].captions {
			bytes += len(caption)
		}
	}
	c.rows.Add(int64(len(rows)))
	c.bytes.Add(int64(bytes))
}

// Stages is what the stream has done so far.
func (s *Stream) Stages() Stages {
	c := &s.clock
	return Stages{
		Read: time.Duration(c.read.Load()), Decode: time.Duration(c.decode.Load()),
		Resize: time.Duration(c.resize.Load()), Tokenize: time.Duration(c.tokenize.Load()),
		Images: c.images.Load(), Rows: c.rows.Load(), Bytes: c.bytes.Load(),
	}
}

// Bench runs a stream with nobody to train for at least so many pairs and
// prints, for each stage, what a core does a second, and which one limits the
// whole. It needs the tokenizer, the batch and the sizes of c.
func (d *Dataset) Bench(ctx context.Context, w io.Writer, c StreamConfig, pairs int) error {
	start := time.Now()
	s := d.Stream(c)
	defer s.Close()
	var first, wait time.Duration
	batches := max(1, (pairs+c.Batch-1)/c.Batch)
	ahead := 0
	for i := range batches {
		asked := time.Now()
		ahead += len(s.ordered)
		b, err := s.Next(ctx)
		if err != nil {
			return err
		}
		b.Release()
		if wait += time.Since(asked); i == 0 {
			first = time.Since(start)
		}
	}
	elapsed := time.Since(start)
	decoders := d.config.Decoders
	if decoders == 0 {
		decoders = runtime.GOMAXPROCS(0)
	}
	return printStages(w, s.Stages(), decoders, batches*c.Batch, elapsed, first, float64(ahead)/float64(batches))
}

// printStages prints a table; pairs came in all within elapsed.
func printStages(w io.Writer, st Stages, decoders, pairs int, elapsed, first time.Duration, ahead float64) error {
	perImage := float64(st.Bytes) / float64(max(1, st.Rows))
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "stage\tpairs/s\tMB/s\tµs a pair\tgoroutines\t\n")
	line := func(name string, busy time.Duration, n int64, goroutines int) {
		seconds := busy.Seconds() / float64(max(1, n))
		fmt.Fprintf(t, "%s\t%.0f\t%.1f\t%.1f\t%d\t\n", name, 1/seconds, perImage/seconds/1e6, seconds*1e6, goroutines)
	}
	line("read", st.Read, st.Rows, 1)
	line("decode", st.Decode, st.Images, decoders)
	line("resize", st.Resize, st.Images, decoders)
	line("tokenize", st.Tokenize, st.Images, decoders)
	if err := t.Flush(); err != nil {
		return err
	}
	cores := min(decoders, runtime.GOMAXPROCS(0))
	all := float64(pairs) / elapsed.Seconds()
	_, err := fmt.Fprintf(w, "all: %.0f pairs/s, %.1f MB/s of files of %.1f KB with %d decoders on %d cores; %.1f batches ready when asked for one; the first batch after %.2f s\nlimited by: %s\n",
		all, all*perImage/1e6, perImage/1e3, decoders, runtime.GOMAXPROCS(0), ahead, first.Seconds(), st.limit(cores))
	return err
}

// limit names the stage that takes longest: reading, which one goroutine does,
// or the longest part of what decoders do.
func (st Stages) limit(cores int) string {
	read := st.Read.Seconds() / float64(max(1, st.Rows))
	decoders := (st.Decode + st.Resize + st.Tokenize).Seconds() / float64(max(1, st.Images)) / float64(max(1, cores))
	switch {
	case read > decoders:
		return "read"
	case st.Decode >= st.Resize && st.Decode >= st.Tokenize:
		return "decode"
	case st.Resize >= st.Tokenize:
		return "resize"
	}
	return "tokenize"
}
