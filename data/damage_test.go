package data

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"github.com/goclip/goclip/internal/bounded"
)

// TestWhileReading spoils every shard after the first batch: the stream ends
// with an error that names one, says so again, and does not hang.
func TestWhileReading(t *testing.T) {
	for name, test := range map[string]struct {
		spoil func(t *testing.T, path string)
		want  string
	}{
		"cut":                     {func(t *testing.T, path string) { must(t, os.Truncate(path, 5000)) }, "has changed while it was in use"},
		"cut to 0":                {func(t *testing.T, path string) { must(t, os.Truncate(path, 0)) }, "has changed while it was in use: had "},
		"deleted":                 {func(t *testing.T, path string) { must(t, os.Remove(path)) }, "no such file"},
		"a folder":                {func(t *testing.T, path string) { must(t, os.Remove(path)); must(t, os.Mkdir(path, 0o777)) }, "is not a regular file"},
		"replaced":                {replace, "has changed while it was in use"},
		"overwritten":             {func(t *testing.T, path string) { overwrite(t, path, true) }, "has changed while it was in use"},
		"spoilt at the same time": {func(t *testing.T, path string) { overwrite(t, path, false) }, "row group 0: column "},
	} {
		t.Run(name, func(t *testing.T) {
			patterns := largeShards(t)
			d, err := Open(context.Background(), patterns, Config{ShuffleWindow: 512}, Need{Caption: true})
			must(t, err)
			s := d.Stream(StreamConfig{Batch: 100, ImageSize: 4, Context: 8, Tokenizer: testTokenizer(t), Ledger: NewLedger(&bytes.Buffer{}, Config{})})
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
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), ".parquet: ") || strings.Contains(err.Error(), "\n") {
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
	s := d.Stream(StreamConfig{Batch: 20, ImageSize: 4, Context: 8, Ledger: NewLedger(&bytes.Buffer{}, Config{})}) // without a tokenizer
	defer s.Close()
	err = drain(t, s, 2)
	if err == nil || !strings.Contains(err.Error(), "000.parquet: row group ") || !strings.Contains(err.Error(), ": row ") || !strings.Contains(err.Error(), "nil pointer") {
		t.Errorf("a decoder panics: %v; want an error with shard, row group and row", err)
	}
}

// TestStall: a stream that waits says for what, and ends.
func TestStall(t *testing.T) {
	d, err := Open(context.Background(), hfShards(t, 60, 1, nil), Config{StallSeconds: 1}, Need{Caption: true})
	must(t, err)
	d.shards[0].mu.Lock() // reading waits for it
	told := ""
	s := d.Stream(StreamConfig{
		Batch: 20, ImageSize: 4, Context: 8, Tokenizer: testTokenizer(t), Ledger: NewLedger(&bytes.Buffer{}, Config{}),
		Log: func(format string, args ...any) { told = fmt.Sprintf(format, args...) }, tellAfter: 100 * time.Millisecond,
	})
	err = drain(t, s, 1)
	s.Close() // does not wait
	d.shards[0].mu.Unlock()
	const want = "waiting for reading of 000.parquet row group 0"
	if err == nil || err.Error() != "data: no batch for 1 s: "+want || !strings.HasSuffix(told, want) {
		t.Errorf("a stream that waits: %v, told %q; want %q", err, told, want)
	}
	s.done.Wait()
	s.stages[1].begin("decoding", "far/00031.parquet", 2, 1034)
	if got, want := s.waiting(time.Minute).Error(), "data: no batch for 60 s: waiting for decoding of 00031.parquet row group 2, row 1034"; got != want {
		t.Errorf("waiting = %q, want %q", got, want)
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

// TestFooters: what a footer claims is refused before it takes memory.
func TestFooters(t *testing.T) {
	good := shardFiles(t)[0]
	tail := func(n uint32) []byte { return append(binary.LittleEndian.AppendUint32(nil, n), "PAR1"...) }
	list := func(field byte, n uint64, kind byte) []byte { // a struct with a list that claims n elements
		text := binary.AppendUvarint([]byte{field<<4 | thriftList, 0xf0 | kind}, n)
		text = append(text, bytes.Repeat([]byte{0}, 100)...)
		return append(append([]byte("PAR1"), text...), tail(uint32(len(text)))...)
	}
	for want, file := range map[string][]byte{
		"footer of 4294967295 bytes":        append(bytes.Clone(good), tail(1<<32-1)...),
		"footer ends early":                 list(4, 1<<31, thriftStruct),
		"have 7 bytes":                      []byte("PAR1PAR"),
		"it is encrypted; decrypt it first": []byte("PAR1\x00\x00\x00\x00\x00\x00\x00\x00PARE"),
		"row group 0 has 1099511627776 rows; want at most 16777216": footer(t, good, func(m *format.FileMetaData) { m.RowGroups[0].NumRows = 1 << 40; m.NumRows += 1<<40 - 2 }),
		"num_rows=-1 is negative":                                   footer(t, good, func(m *format.FileMetaData) { m.RowGroups[0].NumRows = -1; m.NumRows -= 3 }),
		"10001 columns; want at most 10000": footer(t, good, func(m *format.FileMetaData) {
			for len(m.Schema) < maxColumns+1 {
				m.Schema = append(m.Schema, m.Schema[len(m.Schema)-1])
			}
		}),
		"its row groups have 3 rows; its footer says 4": footer(t, good, func(m *format.FileMetaData) { m.NumRows = 4 }),
	} {
		path := filepath.Join(t.TempDir(), "x.parquet")
		must(t, os.WriteFile(path, file, 0o666))
		bounded.Run(t, 16<<20, func() {
			if _, err := Open(context.Background(), path, Config{}, Need{}); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("Open: %v; want error with %q", err, want)
			}
		})
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

// TestPages: what a page claims of its size, or its compression does, is
// refused before it takes memory.
func TestPages(t *testing.T) {
	zip := func(n int) []byte {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, err := w.Write(make([]byte, n))
		must(t, err)
		must(t, w.Close())
		return b.Bytes()
	}
	z, err := zstd.NewWriter(nil)
	must(t, err)
	field := func(id byte, v int64) []byte { return binary.AppendVarint([]byte{id<<4 | thriftI32}, v) }
	page := func(kind, unpacked int64, body []byte, v2 ...byte) []byte {
		h := append(field(1, kind), field(1, unpacked)...)
		h = append(h, field(1, int64(len(body)))...)
		if v2 == nil {
			h = append(append(append(h, 2<<4|thriftStruct), field(1, 3)...), 0) // data_page_header: 3 values
		} else {
			h = append(append(append(h, 5<<4|thriftStruct), v2...), 0)
		}
		return append(append(h, 0), body...)
	}
	for _, test := range []struct {
		name  string
		codec format.CompressionCodec
		pages []byte
		want  string
	}{
		{"as it is", format.Uncompressed, page(0, 3, []byte("abc")), ""},
		{"two", format.Uncompressed, append(page(2, 3, []byte("abc")), page(0, 1, []byte("d"))...), ""},
		{"zipped", format.Gzip, page(0, 1000, zip(1000)), ""},
		{"too large", format.Uncompressed, page(0, 1<<31-1, []byte("abc")), "has 2147483647 bytes unpacked; want at most 268435456"},
		{"negative", format.Uncompressed, page(0, -1, []byte("abc")), "has -1 bytes unpacked"},
		{"longer than its column", format.Uncompressed, append(append(field(3, 1<<30), 0), "abc"...), "has 1073741824 bytes; 3 are left"},
		{"of two sizes", format.Uncompressed, append(field(3, 1<<30), thriftI32, 6, 0, 0), "has -1 bytes"},
		{"too many values", format.Uncompressed, page(3, 3, []byte("abc"), field(1, 1<<30)...), "has 1073741824 values; want at most 16777216"},
		{"levels beyond it", format.Snappy, page(3, 3, []byte("abc"), field(5, 4)...), "has 4 bytes of levels among 3"},
		{"a page that ends early", format.Uncompressed, []byte{0x15}, "ends early"},
		{"snappy of 1 GiB", format.Snappy, page(0, 100, binary.AppendUvarint(nil, 1<<30)), "has 1073741824 bytes by its compression; want 100"},
		{"snappy whose levels hide it", format.Snappy, page(0, 100, binary.AppendUvarint(nil, 1<<30), field(5, 5)...), "by its compression; want 100"},
		{"gzip of 10 MB", format.Gzip, page(0, 1000, zip(10e6)), "has more than 1000 bytes"},
		{"zstd of 10 MB", format.Zstd, page(0, 1000, z.EncodeAll(make([]byte, 10e6), nil)), "has more than 1000 bytes"},
		{"damaged lz4", format.Lz4Raw, page(0, 1000, []byte{0xf0, 1, 2}), "lz4"},
		{"of old lz4", format.Lz4, page(0, 1000, []byte{0xf0, 1, 2}), "is compressed by LZ4; want snappy"},
	} {
		file := append([]byte("PAR1"), test.pages...)
		m := &format.ColumnMetaData{Codec: test.codec, DataPageOffset: 4, TotalCompressedSize: int64(len(test.pages))}
		bounded.Run(t, 32<<20, func() {
			_, err := checkPages(bytes.NewReader(file), int64(len(file)), m, true)
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("%s: %v; want error with %q", test.name, err, test.want)
			}
		})
		m.DataPageOffset++ // into the first page
		if _, err := checkPages(bytes.NewReader(file), int64(len(file)), m, true); err == nil {
			t.Errorf("%s: data that begin within a page: want an error", test.name)
		}
	}
}

// TestPathsInData: no path that stands in a shard is opened, neither that of an
// image beside its bytes nor that of a column in another file.
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
		t.Errorf("the first image has %d bytes, the second is %q; want its own, and none", len(rows[0].image), rows[1].problem())
	}
}

// TestNumbersAsImages is told when shards are opened, not row by row.
func TestNumbersAsImages(t *testing.T) {
	dir := t.TempDir()
	type numbers struct {
		JPG     int64  `parquet:"jpg"`
		Caption string `parquet:"caption"`
	}
	write(t, filepath.Join(dir, "numbers.parquet"), []numbers{{1, "a"}}, 10)
	const want = "numbers.parquet: image column jpg: holds no bytes"
	if _, err := Open(t.Context(), filepath.Join(dir, "numbers.parquet"), Config{}, Need{}); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v; want error with %q", err, want)
	}
}
