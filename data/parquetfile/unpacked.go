package parquetfile

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// A chunk is a column of a row group: where its pages lie in the file.
type chunk struct {
	codec format.CompressionCodec
	first int64 // byte of the first page
	data  int64 // byte of the first page of data; before it lies a dictionary
	end   int64 // byte after the last page
}

// Where the Parquet reader is told to find the pages of data behind a dictionary,
// and how long a column is: more than a dictionary takes unpacked, or a column.
const (
	dataAfter = 1 << 32
	anyLength = 1 << 60
)

// overlay is a file with other bytes at one place.
type overlay struct {
	io.ReaderAt
	at   int64
	text []byte
}

func (o *overlay) ReadAt(p []byte, off int64) (int, error) {
	n, err := o.ReaderAt.ReadAt(p, off)
	if lo, hi := max(off, o.at), min(off+int64(n), o.at+int64(len(o.text))); lo < hi {
		copy(p[lo-off:hi-off], o.text[lo-o.at:])
	}
	return n, err
}

// locate takes the places of the pages from the footer and, of columns that are
// compressed, tells the Parquet reader those of [unpacked].
func (f *File) locate(codecs []format.CompressionCodec) error {
	n := 0
	for i := range f.Metadata().RowGroups {
		group := &f.Metadata().RowGroups[i]
		chunks := make([]chunk, len(group.Columns))
		if n += len(chunks); n > len(codecs) {
			break
		}
		for j := range chunks {
			m, c := &group.Columns[j].MetaData, &chunks[j]
			*c = chunk{codecs[n-len(chunks)+j], m.DataPageOffset, m.DataPageOffset, 0}
			if m.DictionaryPageOffset != 0 {
				c.first = m.DictionaryPageOffset
			}
			if c.first < 4 || m.TotalCompressedSize < 0 || m.TotalCompressedSize > f.Size() ||
				c.first > f.Size()-m.TotalCompressedSize {
				c.end = -1 // for check to refuse
				continue
			}
			c.end = c.first + m.TotalCompressedSize
			if m.Codec = c.codec; c.codec == format.Uncompressed {
				continue
			}
			m.TotalCompressedSize = anyLength
			if c.first != c.data {
				m.DataPageOffset = c.first + dataAfter
			}
		}
		f.chunks = append(f.chunks, chunks)
	}
	if n != len(codecs) {
		return fmt.Errorf("its footer has %d columns of row groups with a compression; want %d", len(codecs), n)
	}
	return nil
}

// unpacked is a column of a row group as the Parquet reader sees it: its pages are
// not compressed. The reader of parquet-go would decompress them itself, but its
// lz4 gives what a buffer held before, and it knows one compression for all row
// groups.
type unpacked struct {
	r           io.ReaderAt
	chunk       chunk
	from, until int64 // bytes of the file: the pages of data

	page          []byte // that was read last
	at            int64  // where the Parquet reader sees it
	next, nextEnd int64  // bytes of the file: the pages after it
	window        []byte
}

// ReadAt gives the dictionary from the first byte of the column on, and the pages
// of data from where locate says.
func (u *unpacked) ReadAt(p []byte, off int64) (n int, err error) {
	data := u.chunk.first
	if u.chunk.first != u.chunk.data {
		data += dataAfter
	}
	for n < len(p) {
		at := off + int64(n)
		switch {
		case u.page != nil && at >= u.at && (u.at >= data || at < data): // goes on
		case at < data:
			u.page, u.at, u.next, u.nextEnd = nil, u.chunk.first, u.chunk.first, u.chunk.data
		default:
			u.page, u.at, u.next, u.nextEnd = nil, data, u.from, u.until
		}
		for at >= u.at+int64(len(u.page)) {
			if u.next >= u.nextEnd {
				return n, io.EOF
			}
			if err := u.read(); err != nil {
				return n, err
			}
		}
		n += copy(p[n:], u.page[at-u.at:])
	}
	return n, nil
}

// read reads the next page.
func (u *unpacked) read() error {
	h, length, err := readPageHeader(u.r, u.next, u.nextEnd, &u.window)
	if err != nil {
		return damaged(u.next, err)
	}
	body := u.next + int64(length)
	if err := h.check(u.nextEnd - body); err != nil {
		return damaged(body, err)
	}
	var header format.PageHeader
	if err := thrift.Unmarshal(new(thrift.CompactProtocol), u.window[:length], &header); err != nil {
		return damaged(u.next, err)
	}
	packed := make([]byte, h.compressed)
	if n, err := u.r.ReadAt(packed, body); n < len(packed) {
		return damaged(body, err)
	}
	if sum := crc32.ChecksumIEEE(packed); header.CRC != 0 && sum != uint32(header.CRC) {
		return damaged(body, fmt.Errorf("has the checksum %#08x; want %#08x", sum, uint32(header.CRC)))
	}
	values := packed[h.levels:]
	if !h.plain {
		if values, err = unpack(values, u.chunk.codec, h.unpacked); err != nil {
			return damaged(body, err)
		}
	}
	size := h.levels + int64(len(values))
	header.CompressedPageSize, header.UncompressedPageSize, header.CRC = int32(size), int32(size), 0
	header.DataPageHeader.V.Statistics = format.Statistics{}
	header.DataPageHeaderV2.V.Statistics = format.Statistics{}
	text, err := thrift.Marshal(new(thrift.CompactProtocol), header)
	if err != nil {
		return damaged(u.next, err)
	}
	u.at += int64(len(u.page))
	u.page = append(append(text, packed[:h.levels]...), values...)
	u.next = body + h.compressed
	return nil
}

// damaged says which page an error is of, unless it is one of the file's reader.
func damaged(at int64, err error) error {
	if errors.As(err, new(*readError)) {
		return err
	}
	return fmt.Errorf("damaged: page at byte %d: %w", at, err)
}
