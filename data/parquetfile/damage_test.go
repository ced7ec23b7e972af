package parquetfile

import (
	"bytes"
	"encoding/binary"
	"io"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"github.com/goclip/goclip/internal/bounded"
)

// TestFooters: what a footer claims is refused before it takes memory.
func TestFooters(t *testing.T) {
	good := file(t, 3, 2)
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
		"row group 0 has 1099511627776 rows; want at most 16777216": footer(t, good,
			func(m *format.FileMetaData) { m.RowGroups[0].NumRows = 1 << 40; m.NumRows += 1<<40 - 2 }),
		"num_rows=-1 is negative": footer(t, good,
			func(m *format.FileMetaData) { m.RowGroups[0].NumRows = -1; m.NumRows -= 3 }),
		"10001 columns; want at most 10000": footer(t, good, func(m *format.FileMetaData) {
			for len(m.Schema) < maxColumns+1 {
				m.Schema = append(m.Schema, m.Schema[len(m.Schema)-1])
			}
		}),
		"row group 1 has -1 bytes": footer(t, good,
			func(m *format.FileMetaData) { m.RowGroups[1].TotalByteSize = -1 }),
		"its row groups have 3 rows; its footer says 4": footer(t, good,
			func(m *format.FileMetaData) { m.NumRows = 4 }),
	} {
		bounded.Run(t, 16<<20, func() {
			if _, err := Open(bytes.NewReader(file), int64(len(file)), nil); err == nil ||
				!strings.Contains(err.Error(), want) {
				t.Errorf("Open: %v; want error with %q", err, want)
			}
		})
	}
}

// TestLargeFooter: a footer of many row groups with statistics, here of 20 MiB, is read.
func TestLargeFooter(t *testing.T) {
	large := footer(t, file(t, 3, 2), func(m *format.FileMetaData) {
		m.KeyValueMetadata = append(m.KeyValueMetadata, format.KeyValue{Key: "k", Value: strings.Repeat("v", 20<<20)})
	})
	if f, err := Open(bytes.NewReader(large), int64(len(large)), nil); err != nil || f.NumRows() != 3 {
		t.Errorf("a footer of 20 MiB: %v; want a file of 3 rows", err)
	}
	text := binary.AppendUvarint([]byte{4<<4 | thriftList, 0xf0 | thriftStruct}, maxElements+1) // row groups of nothing
	text = append(text, make([]byte, 3*maxElements+3)...)
	many := append(append([]byte("PAR1"), text...), binary.LittleEndian.AppendUint32(nil, uint32(len(text)))...)
	many = append(many, "PAR1"...)
	bounded.Run(t, 64<<20, func() {
		if _, err := Open(bytes.NewReader(many), int64(len(many)), nil); err == nil ||
			!strings.Contains(err.Error(), "lists of more than 5242880 elements") {
			t.Errorf("too many elements: %v", err)
		}
	})
}

// footer writes a file again with another footer.
func footer(t *testing.T, file []byte, change func(*format.FileMetaData)) []byte {
	t.Helper()
	p, err := parquet.OpenFile(bytes.NewReader(file), int64(len(file)))
	must(t, err)
	change(p.Metadata())
	return withFooter(t, file, p.Metadata())
}

func withFooter(t *testing.T, file []byte, m *format.FileMetaData) []byte {
	t.Helper()
	text, err := thrift.Marshal(new(thrift.CompactProtocol), m)
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
	v2 := func(values, levels int64) (h []byte) {
		for _, v := range []int64{values, 0, values, 0, levels, 0} {
			h = append(h, field(1, v)...)
		}
		return h
	}
	page := func(kind, unpacked int64, body []byte, v2 ...byte) []byte {
		h := append(field(1, kind), field(1, unpacked)...)
		h = append(h, field(1, int64(len(body)))...)
		if v2 == nil {
			h = append(append(h, 2<<4|thriftStruct), field(1, 3)...) // data_page_header: 3 values, plain
			h = append(append(append(append(h, field(1, 0)...), field(1, 3)...), field(1, 3)...), 0)
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
		{"too large", format.Uncompressed, page(0, 1<<31-1, []byte("abc")),
			"has 2147483647 bytes unpacked; want at most 268435456"},
		{"negative", format.Uncompressed, page(0, -1, []byte("abc")), "has -1 bytes unpacked"},
		{"longer than its column", format.Uncompressed, append(append(field(3, 1<<30), 0), "abc"...),
			"has 1073741824 bytes; 3 are left"},
		{"of two sizes", format.Uncompressed, append(field(3, 1<<30), thriftI32, 6, 0, 0), "has -1 bytes"},
		{"too many values", format.Uncompressed, page(3, 3, []byte("abc"), v2(1<<30, 0)...),
			"has 1073741824 values; want at most 16777216"},
		{"levels beyond it", format.Snappy, page(3, 3, []byte("abc"), v2(3, 4)...), "has 4 bytes of levels among 3"},
		{"a page that ends early", format.Uncompressed, []byte{0x15}, "ends early"},
		{"snappy of 1 GiB", format.Snappy, page(0, 100, binary.AppendUvarint(nil, 1<<30)),
			"has 1073741824 bytes by its compression; want 100"},
		{"snappy whose levels hide it", format.Snappy,
			page(0, 100, binary.AppendUvarint(nil, 1<<30), v2(3, 5)...), "by its compression; want 100"},
		{"gzip of 10 MB", format.Gzip, page(0, 1000, zip(10e6)), "has more than 1000 bytes"},
		{"zstd of 10 MB", format.Zstd, page(0, 1000, z.EncodeAll(make([]byte, 10e6), nil)), "has more than 1000 bytes"},
		{"damaged lz4", format.Lz4Raw, page(0, 1000, []byte{0xf0, 1, 2}), "lz4"},
		{"of old lz4", format.Lz4, page(0, 1000, []byte{0xf0, 1, 2}), "is compressed by LZ4; want snappy"},
	} {
		file := append([]byte("PAR1"), test.pages...)
		c := chunk{test.codec, 4, 4, int64(len(file))}
		bounded.Run(t, 32<<20, func() {
			_, err := checkPages(bytes.NewReader(file), int64(len(file)), c, true)
			if err == nil && test.codec != format.Uncompressed {
				pages := &unpacked{r: bytes.NewReader(file), chunk: c, from: c.data, until: c.end}
				_, err = io.Copy(io.Discard, io.NewSectionReader(pages, c.first, anyLength))
			}
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("%s: %v; want error with %q", test.name, err, test.want)
			}
		})
		c.data++ // into the first page
		if _, err := checkPages(bytes.NewReader(file), int64(len(file)), c, true); err == nil {
			t.Errorf("%s: data that begin within a page: want an error", test.name)
		}
	}
}
