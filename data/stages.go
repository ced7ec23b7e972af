package data

import (
	"sync/atomic"
	"time"
)

// Stages says how long the goroutines of a stream were busy with each stage,
// all of them together, and with how much.
type Stages struct {
	Read, Decode, Resize, Tokenize time.Duration

	Images    int64 // decoded
	Truncated int64 // captions that were longer than the context and lost their end
	Rows      int64 // read, which are whole windows
	Bytes     int64 // of the image files and captions read
}

// Since is what has been done since an earlier time.
func (s Stages) Since(earlier Stages) Stages {
	return Stages{
		Read: s.Read - earlier.Read, Decode: s.Decode - earlier.Decode,
		Resize: s.Resize - earlier.Resize, Tokenize: s.Tokenize - earlier.Tokenize,
		Images: s.Images - earlier.Images, Truncated: s.Truncated - earlier.Truncated,
		Rows: s.Rows - earlier.Rows, Bytes: s.Bytes - earlier.Bytes,
	}
}

// clock adds up the stages of a stream.
type clock struct {
	read, decode, resize, tokenize atomic.Int64 // nanoseconds
	images, truncated, rows, bytes atomic.Int64
}

// lap adds the time since start to a stage and returns the time now.
func lap(stage *atomic.Int64, start time.Time) time.Time {
	now := time.Now()
	stage.Add(int64(now.Sub(start)))
	return now
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
		Images: c.images.Load(), Truncated: c.truncated.Load(), Rows: c.rows.Load(), Bytes: c.bytes.Load(),
	}
}
