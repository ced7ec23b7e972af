package data

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	rand "math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"github.com/goclip/goclip/data/tokenizer"
)

// TestWhileReading spoils every shard after the first batch: the stream ends
// with an error that names one, says so again, and does not hang.
func TestWhileReading(t *testing.T) {
	for name, test := range map[string]struct {
		spoil func(t *testing.T, path string)
		want  string
	}{
		"cut": {func(t *testing.T, path string) { must(t, os.Truncate(path, 5000)) },
			"has changed while it was in use"},
		"cut to 0": {func(t *testing.T, path string) { must(t, os.Truncate(path, 0)) },
			"has changed while it was in use: had "},
		"deleted": {func(t *testing.T, path string) { must(t, os.Remove(path)) }, "no such file"},
		"a folder": {func(t *testing.T,
			path string) {
			must(t, os.Remove(path))
			must(t, os.Mkdir(path, 0o777))
		}, "is not a regular file"},
		"replaced": {replace, "has changed while it was in use"},
		"overwritten": {func(t *testing.T, path string) { overwrite(t, path, true) },
			"has changed while it was in use"},
		"spoilt at the same time": {func(t *testing.T, path string) { overwrite(t, path, false) },
			"row group 0: column "},
	} {
		t.Run(name, func(t *testing.T) {
			patterns := largeShards(t)
			d, err := Open(context.Background(), patterns, Config{ShuffleWindow: 512}, Need{Caption: true})
			must(t, err)
			s := d.Stream(StreamConfig{Batch: 100, ImageSize: 4, Context: 8, Tokenizer: testTokenizer(t)})
			defer s.Close()
			b, err := s.Next(t.Context())
			must(t, err)
			b.Release()
			paths, err := filepath.Glob(patterns)
			must(t, err)
			for _, path := range paths {
				test.spoil(t, path)
			}
			err = drain(t, s, 60)
			if err == nil || !strings.Contains(err.Error(), test.want) ||
				!strings.Contains(err.Error(), ".parquet: ") || strings.Contains(err.Error(), "\n") {
				t.Errorf("a shard is spoilt: %v; want its name and %q", err, test.want)
			}
			if _, again := s.Next(t.Context()); !errors.Is(again, err) {
				t.Errorf("Next after an error: %v; want %v again", again, err)
			}
		})
	}
}

// drain reads up to n batches, and fails rather than hang.
func drain(t *testing.T, s *Stream, n int) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for range n {
		b, err := s.Next(ctx)
		if ctx.Err() != nil {
			t.Fatal("the stream hangs")
		}
		if err != nil {
			return err
		}
		b.Release()
	}
	return nil
}

// largeShards has more rows than a stream reads ahead.
func largeShards(t *testing.T) string {
	t.Helper()
	dir, file := t.TempDir(), pixel(t, 1)
	for shard := range 3 {
		rows := make([]flatRow, 1000)
		for i := range rows {
			rows[i] = flatRow{fmt.Sprint(i), file, fmt.Sprintf("caption %d", i), "success"}
		}
		write(t, filepath.Join(dir, fmt.Sprintf("%03d.parquet", shard)), rows, 1000)
	}
	return filepath.Join(dir, "*.parquet")
}

// replace renames a shard with other rows over path.
func replace(t *testing.T, path string) {
	write(t, path+".new", []flatRow{{"0", pixel(t, 2), "another", "success"}}, 10)
	must(t, os.Rename(path+".new", path))
}

// overwrite spoils the pages of a file in place, and may hide it.
func overwrite(t *testing.T, path string, touch bool) {
	info, err := os.Stat(path)
	must(t, err)
	text, err := os.ReadFile(path)
	must(t, err)
	for i := 1000; i < len(text)-5000; i += 50 {
		text[i] ^= 0x55
	}
	must(t, os.WriteFile(path, text, 0o666))
	when := info.ModTime()
	if touch {
		when = when.Add(time.Second)
	}
	must(t, os.Chtimes(path, when, when))
}

// TestPanic: what panics beside a decoder ends the stream with an error that
// names shard, row group and row.
func TestPanic(t *testing.T) {
	d, err := Open(context.Background(), hfShards(t, 60, 1, nil), Config{}, Need{Caption: true})
	must(t, err)
	s := d.Stream(StreamConfig{Batch: 20, ImageSize: 4, Context: 8,
		Tokenizer: &tokenizer.Tokenizer{}}) // one that is not made
	defer s.Close()
	err = drain(t, s, 2)
	if err == nil || !strings.Contains(err.Error(), "000.parquet: row group ") ||
		!strings.Contains(err.Error(), ": row ") || !strings.Contains(err.Error(), "damaged: ") {
		t.Errorf("a decoder panics: %v; want an error with shard, row group and row", err)
	}
}

// TestStall: a stream that waits logs for what, and ends, though the goroutine that
// it waits for does not.
func TestStall(t *testing.T) {
	patterns := hfShards(t, 60, 1, nil)
	var opened atomic.Bool
	url, _ := serveFiles(t, filepath.Dir(patterns), func(int64) string {
		if opened.Load() {
			return "503"
		}
		return ""
	})
	for _, every := range []time.Duration{100 * time.Millisecond, 0} {
		opened.Store(false)
		d, err := Open(context.Background(), url+"/000.parquet", Config{StallSeconds: 1}, Need{Caption: true})
		must(t, err)
		opened.Store(true)
		logged, release := make(chan string, 100), make(chan struct{})
		s := d.Stream(StreamConfig{
			Batch: 20, ImageSize: 4, Context: 8, Tokenizer: testTokenizer(t), logAfter: every,
			Log: func(format string, args ...any) {
				if logged <- fmt.Sprintf(format, args...); strings.Contains(format, "again in") {
					<-release // whoever reads waits
				}
			},
		})
		err = drain(t, s, 1)
		s.Close() // does not wait
		const want = "waiting for reading of 000.parquet"
		if err == nil || !strings.HasPrefix(err.Error(), "data: no batch for 1 s: "+want) {
			t.Errorf("a stream that waits: %v; want %q", err, want)
		}
		close(release)
		s.done.Wait()
		close(logged)
		lines := map[bool]int{}
		for line := range logged {
			lines[strings.Contains(line, want)]++
		}
		if lines[false] == 0 || (lines[true] > 0) != (every > 0) {
			t.Errorf("logged each %v: %d times that it waits, %d requests", every, lines[true], lines[false])
		}
		s.stages[2].begin("decoding", "far/00032.parquet", 2, 1)
		s.stages[1].begin("decoding", "far/00031.parquet", 2, 1034)
		s.stages[2].since = s.stages[1].since.Add(time.Second)
		if got, want := s.waiting(time.Minute).Error(),
			"data: no batch for 60 s: waiting for decoding of 00031.parquet row group 2, row 1034"; got != want {
			t.Errorf("waiting = %q, want %q", got, want)
		}
	}
}

// TestExcess: a row that holds too much is a bad row.
func TestExcess(t *testing.T) {
	large := parquet.ByteArrayValue(make([]byte, maxImageBytes+1))
	for want, fill := range map[string]func(r *row){
		"image of 67108865 bytes; want at most 67108864":  func(r *row) { r.setImage(large) },
		"caption of 67108865 bytes; want at most 1048576": func(r *row) { r.addCaption(large) },
		"more than 1000 captions": func(r *row) {
			for i := range maxCaptions + 1 {
				r.addCaption(parquet.ByteArrayValue(fmt.Append(nil, i)))
			}
		},
	} {
		var r row
		if fill(&r); r.problem() != want {
			t.Errorf("problem = %q, want %q", r.problem(), want)
		}
	}
}

// footer writes a shard again with another footer.
func footer(t *testing.T, file []byte, change func(*format.FileMetaData)) []byte {
	t.Helper()
	p, err := parquet.OpenFile(bytes.NewReader(file), int64(len(file)))
	must(t, err)
	change(p.Metadata())
	text, err := thrift.Marshal(new(thrift.CompactProtocol), p.Metadata())
	must(t, err)
	out := append(bytes.Clone(file), text...)
	return append(binary.LittleEndian.AppendUint32(out, uint32(len(text))), "PAR1"...)
}

// TestPathsInData: no path that stands in a shard is opened, neither the path
// of an image beside its bytes nor the path of a column in another file.
func TestPathsInData(t *testing.T) {
	dir := t.TempDir()
	other := filepath.Join(dir, "other.png")
	must(t, os.WriteFile(other, pixel(t, 7), 0o666))
	patterns := hfShards(t, 3, 1, func(i int, r *hfRow) {
		r.Image.Path = other
		if i == 1 {
			r.Image.Bytes = nil
		}
	})
	file, err := os.ReadFile(filepath.Join(filepath.Dir(patterns), "000.parquet"))
	must(t, err)
	path := filepath.Join(dir, "x.parquet")
	must(t, os.WriteFile(path, footer(t, file, func(m *format.FileMetaData) {
		for i := range m.RowGroups[0].Columns {
			m.RowGroups[0].Columns[i].FilePath = other
		}
	}), 0o666))
	d, err := Open(context.Background(), path, Config{}, Need{Caption: true})
	must(t, err)
	rows, err := d.read(t.Context(), 0, 3, columns{image: true, caption: true})
	must(t, err)
	if !bytes.Equal(rows[0].image, pixel(t, 0)) || rows[1].problem() != "no image" {
		t.Errorf("the first image has %d bytes, the second is %q; want its own, and none", len(rows[0].image),
			rows[1].problem())
	}
}

// TestNumbersAsImages: numbers as images are an error of Open, not one of each row.
func TestNumbersAsImages(t *testing.T) {
	dir := t.TempDir()
	type numbers struct {
		JPG     int64  `parquet:"jpg"`
		Caption string `parquet:"caption"`
	}
	write(t, filepath.Join(dir, "numbers.parquet"), []numbers{{1, "a"}}, 10)
	const want = "numbers.parquet: image column jpg: holds no bytes"
	if _, err := Open(t.Context(), filepath.Join(dir, "numbers.parquet"), Config{}, Need{}); err == nil ||
		!strings.Contains(err.Error(), want) {
		t.Errorf("%v; want error with %q", err, want)
	}
}

// TestDamage flips bytes of a shard: errors and replaced rows are welcome, a
// panic or a hang is not.
func TestDamage(t *testing.T) {
	good, err := os.ReadFile(filepath.Dir(hfShards(t, 30, 1, nil)) + "/000.parquet")
	must(t, err)
	path := filepath.Join(t.TempDir(), "x.parquet")
	rng := rand.New(rand.NewPCG(5, 6))
	for range 150 {
		bad := slices.Clone(good)
		for range 1 + rng.IntN(4) {
			bad[rng.IntN(len(bad))] ^= 1 << rng.IntN(8)
		}
		must(t, os.WriteFile(path, bad, 0o666))
		d, err := Open(context.Background(), path, Config{BadRowBudget: 1}, Need{Caption: true})
		if err != nil {
			continue
		}
		s := d.Stream(StreamConfig{Batch: 30, ImageSize: 4, Context: 8, Tokenizer: testTokenizer(t),
			Ledger: NewLedger(&bytes.Buffer{}, Config{BadRowBudget: 1})})
		if b, err := s.Next(context.Background()); err == nil {
			b.Release()
		}
		s.Close()
	}
}
