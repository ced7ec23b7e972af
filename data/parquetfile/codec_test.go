package parquetfile

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
	"github.com/parquet-go/parquet-go/format"
)

// codecs are all that shards come in.
var codecs = []compress.Codec{
	&parquet.Uncompressed, &parquet.Snappy, &parquet.Gzip, &parquet.Brotli, &parquet.Zstd, &parquet.Lz4Raw,
}

// mixed are rows whose values repeat, so that there is a dictionary, and rows that
// do not compress.
type mixed struct {
	Word  string `parquet:"word,dict"`
	Image []byte `parquet:"image,optional"`
}

func mixedRows(n int) (rows []mixed) {
	rng := rand.New(rand.NewPCG(3, 4))
	for i := range n {
		r := mixed{Word: fmt.Sprint("word ", i%5)}
		if i%3 != 1 {
			r.Image = make([]byte, 1+rng.IntN(3000))
			for j := range r.Image {
				r.Image[j] = byte(rng.Uint32())
			}
		}
		rows = append(rows, r)
	}
	return rows
}

func mixedFile(t *testing.T, rows []mixed, codec compress.Codec, version int) []byte {
	t.Helper()
	var b bytes.Buffer
	w := parquet.NewGenericWriter[mixed](&b, parquet.Compression(codec), parquet.DataPageVersion(version),
		parquet.PageBufferSize(20_000))
	_, err := w.Write(rows)
	must(t, err)
	must(t, w.Close())
	return b.Bytes()
}

// TestCodecs reads pages of 20,000 bytes, which do not compress, of every codec in
// both versions, as columns and as rows. parquet-go alone gives wrong values for lz4.
func TestCodecs(t *testing.T) {
	rows := mixedRows(100)
	for _, codec := range codecs {
		for version := 1; version <= 2; version++ {
			checkMixed(t, fmt.Sprintf("%v, version %d", codec, version), mixedFile(t, rows, codec, version), rows)
		}
	}
}

// TestCodecOfEachGroup: a file may be joined from some that have other codecs.
func TestCodecOfEachGroup(t *testing.T) {
	rows := mixedRows(120)
	var joined []byte
	var meta *format.FileMetaData
	for i, codec := range codecs {
		file := mixedFile(t, rows[20*i:][:20], codec, 1)
		p, err := parquet.OpenFile(bytes.NewReader(file), int64(len(file)))
		must(t, err)
		group := p.Metadata().RowGroups[0]
		for j := range group.Columns {
			c := &group.Columns[j]
			c.ColumnIndexOffset, c.OffsetIndexOffset = 0, 0
			if c.MetaData.DataPageOffset += int64(len(joined)); c.MetaData.DictionaryPageOffset != 0 {
				c.MetaData.DictionaryPageOffset += int64(len(joined))
			}
		}
		if joined = append(joined, file...); meta == nil {
			meta = p.Metadata()
			continue
		}
		meta.RowGroups = append(meta.RowGroups, group)
	}
	meta.NumRows = int64(len(rows))
	checkMixed(t, "joined", withFooter(t, joined, meta), rows)
}

// checkMixed compares the columns and rows of a file with what was written.
func checkMixed(t *testing.T, name string, file []byte, want []mixed) {
	t.Helper()
	f, err := Open(bytes.NewReader(file), int64(len(file)), nil)
	must(t, err)
	got, first := make([]mixed, f.NumRows()), int64(0)
	for i, g := range f.RowGroups() {
		part := got[first:][:g.NumRows()]
		must(t, f.Values(i, column(t, f, "word"), 0, g.NumRows(), func(row int, v parquet.Value) error {
			part[row].Word = string(v.ByteArray())
			return nil
		}))
		must(t, f.Values(i, column(t, f, "image"), 0, g.NumRows(), func(row int, v parquet.Value) error {
			part[row].Image = slices.Clone(v.ByteArray())
			return nil
		}))
		first += g.NumRows()
	}
	equal := func(how string, got []mixed) {
		for i := range want {
			if got[i].Word != want[i].Word || !bytes.Equal(got[i].Image, want[i].Image) {
				t.Errorf("%s: %s: row %d is %.20q, want %.20q", name, how, i, got[i], want[i])
				return
			}
		}
	}
	equal("columns", got)
	equal("rows", rowsOf(t, f))
}

// rowsOf reads a file row by row.
func rowsOf(t *testing.T, f *File) (got []mixed) {
	t.Helper()
	for i, g := range f.RowGroups() {
		r := f.Group(i).Rows()
		rows := make([]parquet.Row, g.NumRows())
		for n := 0; n < len(rows); {
			k, err := r.ReadRows(rows[n:])
			if k == 0 {
				t.Fatalf("row group %d ends after %d rows: %v", i, n, err)
			}
			for _, row := range rows[n:][:k] {
				got = append(got, mixed{row[0].Clone().String(), slices.Clone(row[1].ByteArray())})
			}
			n += k
		}
		must(t, r.Close())
	}
	return got
}
