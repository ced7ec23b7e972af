package parquetfile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/parquet-go/parquet-go/format"
)

// checkFooter refuses a file whose footer would make the Parquet reader take
// more memory than the footer is worth. It returns the footer as if nothing were
// compressed, which [unpacked] makes true, and what the compressions are, in the
// order of the columns of the row groups.
func checkFooter(r io.ReaderAt, size int64) (text []byte, codecs []format.CompressionCodec, err error) {
	text, err = readFooter(r, size)
	if err != nil {
		return nil, nil, err
	}
	t := compact{bytes: text, list: func(path, n int) error {
		const schema, groups, chunks = 2, 4, 4<<8 | 1
		switch {
		case path == schema && n > maxColumns:
			return fmt.Errorf("%d columns; want at most %d", n, maxColumns)
		case (path == groups || path == chunks) && n > len(text)/20: // bytes that each takes
			return errCut
		}
		return nil
	}}
	t.integer = func(path int, v int64) {
		const codec = (4<<8|1)<<16 | 3<<8 | 4
		if path != codec {
			return
		}
		if at := t.at - 1; v >= 0 && v < 1<<6 && text[at] == byte(2*v) { // as a number of 32 bits is written
			text[at] = byte(format.Uncompressed)
			codecs = append(codecs, format.CompressionCodec(v))
			return
		}
		err = fmt.Errorf("footer has the compression %d, which Parquet does not know", v)
	}
	if err := t.structure(0, 0); err != nil {
		return nil, nil, fmt.Errorf("footer %w", err)
	}
	return text, codecs, err
}

// readFooter reads the footer, less the eight bytes behind it.
func readFooter(r io.ReaderAt, size int64) ([]byte, error) {
	var tail [8]byte
	if size < 12 {
		return nil, fmt.Errorf("have %d bytes", size)
	}
	if _, err := r.ReadAt(tail[:], size-8); err != nil {
		return nil, err
	}
	if string(tail[4:]) == "PARE" {
		return nil, errEncrypted
	}
	if string(tail[4:]) != "PAR1" {
		return nil, fmt.Errorf("ends in %q; want PAR1", tail[4:])
	}
	n := int64(binary.LittleEndian.Uint32(tail[:]))
	if n > min(maxFooterBytes, size-12) {
		return nil, fmt.Errorf("footer of %d bytes in a file of %d; want at most %d", n, size, maxFooterBytes)
	}
	text := make([]byte, n)
	_, err := r.ReadAt(text, size-8-n)
	return text, err
}

// A pageHeader is what a page says of its size.
type pageHeader struct {
	kind, compressed, unpacked, values int64
	levels                             int64 // bytes before those that are compressed
	plain                              bool  // not compressed, whatever the column is
	seen                               int   // fields, by bits
}

// checkPages walks the pages of a column of a row group, whose sizes the Parquet
// reader trusts. It returns where they begin; with one value a row, also which rows
// they hold.
func checkPages(r io.ReaderAt, size int64, c chunk, flat bool) (*chunkPages, error) {
	if c.end < 0 {
		return nil, fmt.Errorf("damaged: %d bytes at %d in a file of %d", c.end-c.first, c.first, size)
	}
	begins := c.first == c.end // whether a page begins where data are said to
	var window []byte
	found, row := &chunkPages{end: c.end}, int64(0)
	for at := c.first; at < c.end; {
		begins = begins || at == c.data
		start := at
		h, length, err := readPageHeader(r, at, c.end, &window)
		if err == nil {
			at += int64(length)
			err = h.check(c.end - at)
		}
		if err != nil {
			return nil, damaged(at, err)
		}
		at += h.compressed
		if data := h.kind == int64(format.DataPage) || h.kind == int64(format.DataPageV2); data && flat {
			found.starts = append(found.starts, pageStart{start, row})
			row += h.values
		}
	}
	if !begins {
		return nil, fmt.Errorf("damaged: no page begins at byte %d, where data should", c.data)
	}
	return found, nil
}

// readPageHeader reads the header at a byte of a file. It begins with few
// bytes, and takes more where statistics are long.
func readPageHeader(r io.ReaderAt, at, end int64, window *[]byte) (h pageHeader, length int, err error) {
	if len(*window) == 0 {
		*window = make([]byte, 1<<12)
	}
	for {
		text := (*window)[:min(int64(len(*window)), end-at)]
		if _, err := r.ReadAt(text, at); err != nil && !errors.Is(err, io.EOF) {
			return h, 0, err
		}
		h = pageHeader{}
		t := compact{bytes: text, integer: h.set}
		err := t.structure(0, 0)
		if !errors.Is(err, errCut) || len(text) < len(*window) || len(*window) >= maxHeaderBytes {
			return h, t.at, err
		}
		*window = make([]byte, 16*len(*window))
	}
}

// set takes a field of Parquet's PageHeader.
func (h *pageHeader) set(path int, v int64) {
	const dataV1, dictionary, dataV2 = 5 << 8, 7 << 8, 8 << 8
	if path > 0 && path <= 3 {
		if h.seen&(1<<path) != 0 { // which one would the Parquet reader take?
			v = -1
		}
		h.seen |= 1 << path
	}
	switch path {
	case 1:
		h.kind = v
	case 2:
		h.unpacked = v
	case 3:
		h.compressed = v
	case dataV1 | 1, dictionary | 1, dataV2 | 1:
		h.values = max(h.values, v)
	case dataV2 | 5, dataV2 | 6:
		if h.levels += v; v < 0 {
			h.levels = math.MinInt64 / 4
		}
	case dataV2 | 7:
		h.plain = v == 0
	}
}

// check compares a header with the bytes that are left for its page.
func (h *pageHeader) check(left int64) error {
	if h.kind != int64(format.DataPageV2) {
		h.levels, h.plain = 0, false
	}
	switch {
	case h.kind < 0:
		return fmt.Errorf("has two types")
	case h.compressed < 0 || h.compressed > left:
		return fmt.Errorf("has %d bytes; %d are left", h.compressed, left)
	case h.unpacked < 0 || h.unpacked > MaxPageBytes:
		return fmt.Errorf("has %d bytes unpacked; want at most %d", h.unpacked, MaxPageBytes)
	case h.values < 0 || h.values > MaxGroupRows:
		return fmt.Errorf("has %d values; want at most %d", h.values, MaxGroupRows)
	case h.levels < 0 || h.levels > h.compressed:
		return fmt.Errorf("has %d bytes of levels among %d", h.levels, h.compressed)
	}
	return nil
}
