package parquetfile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/format"
	"github.com/pierrec/lz4/v4"
)

// checkFooter refuses a file whose footer would make the Parquet reader take
// more memory than the footer is worth. It returns the length of the footer, with
// the eight bytes behind it.
func checkFooter(r io.ReaderAt, size int64) (length int64, err error) {
	var tail [8]byte
	if size < 12 {
		return 0, fmt.Errorf("have %d bytes", size)
	}
	if _, err := r.ReadAt(tail[:], size-8); err != nil {
		return 0, err
	}
	if string(tail[4:]) == "PARE" {
		return 0, errEncrypted
	}
	if string(tail[4:]) != "PAR1" {
		return 0, fmt.Errorf("ends in %q; want PAR1", tail[4:])
	}
	n := int64(binary.LittleEndian.Uint32(tail[:]))
	if n > min(maxFooterBytes, size-12) {
		return 0, fmt.Errorf("footer of %d bytes in a file of %d; want at most %d", n, size, maxFooterBytes)
	}
	text := make([]byte, n)
	if _, err := r.ReadAt(text, size-8-n); err != nil {
		return 0, err
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
	if err := t.structure(0, 0); err != nil {
		return 0, fmt.Errorf("footer %w", err)
	}
	return n + 8, nil
}

// A pageHeader is what a page says of its size.
type pageHeader struct {
	kind, compressed, unpacked, values int64
	levels                             int64 // bytes before those that are compressed
	plain                              bool  // not compressed, whatever the column is
	seen                               int   // fields, by bits
}

// checkPages walks the pages of a column of a row group. The Parquet reader
// trusts their sizes, and what their compression claims; this does not. It
// returns where they begin; with one value a row, also which rows they hold.
func checkPages(r io.ReaderAt, size int64, m *format.ColumnMetaData, flat bool) (*chunkPages, error) {
	at := m.DataPageOffset
	if m.DictionaryPageOffset != 0 {
		at = m.DictionaryPageOffset
	}
	if at < 4 || m.TotalCompressedSize < 0 || m.TotalCompressedSize > size || at > size-m.TotalCompressedSize {
		return nil, fmt.Errorf("damaged: %d bytes at %d in a file of %d", m.TotalCompressedSize, at, size)
	}
	begins := m.TotalCompressedSize == 0 // whether a page begins where data are said to
	window := make([]byte, 1<<12)
	found, row := &chunkPages{end: at + m.TotalCompressedSize}, int64(0)
	for end := at + m.TotalCompressedSize; at < end; {
		begins = begins || at == m.DataPageOffset
		start := at
		h, length, err := readPageHeader(r, at, end, &window)
		if err == nil {
			at += int64(length)
			err = h.check(end - at)
		}
		if err == nil && m.Codec != format.Uncompressed && !h.plain {
			err = unpack(io.NewSectionReader(r, at+h.levels, h.compressed-h.levels), m.Codec, h)
		}
		if errors.As(err, new(*readError)) {
			return nil, err
		}
		if err != nil {
			return nil, fmt.Errorf("damaged: page at byte %d: %w", at, err)
		}
		at += h.compressed
		if data := h.kind == int64(format.DataPage) || h.kind == int64(format.DataPageV2); data && flat {
			found.starts = append(found.starts, pageStart{start, row})
			row += h.values
		}
	}
	if !begins {
		return nil, fmt.Errorf("damaged: no page begins at byte %d, where data should", m.DataPageOffset)
	}
	return found, nil
}

// readPageHeader reads the header at a byte of a file. It begins with few
// bytes, and takes more where statistics are long.
func readPageHeader(r io.ReaderAt, at, end int64, window *[]byte) (h pageHeader, length int, err error) {
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

// unpack sees that the body of a page gives no more bytes than its header says.
// It costs little: images are compressed already.
func unpack(body *io.SectionReader, codec format.CompressionCodec, h pageHeader) error {
	var r io.Reader
	switch codec {
	case format.Snappy: // its first number is a length that its decoder keeps to
		var head [binary.MaxVarintLen64]byte
		k, err := body.ReadAt(head[:], 0)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		n, ok := binary.Uvarint(head[:k])
		if ok <= 0 || n > uint64(h.unpacked) {
			return fmt.Errorf("has %d bytes by its compression; want %d", n, h.unpacked)
		}
		return nil
	case format.Lz4Raw: // its decoder asks for more memory until a page that is damaged fits
		text, err := io.ReadAll(body)
		if err != nil {
			return err
		}
		if len(text) == 0 && h.unpacked == 0 {
			return nil
		}
		if _, err := lz4.UncompressBlock(text, make([]byte, h.unpacked)); err != nil {
			return err
		}
		return nil
	case format.Gzip:
		z, err := gzip.NewReader(body)
		if err != nil {
			return err
		}
		r = z
	case format.Brotli:
		r = brotli.NewReader(body)
	case format.Zstd:
		z, err := zstd.NewReader(body, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(MaxPageBytes))
		if err != nil {
			return err
		}
		defer z.Close()
		r = z
	default:
		return fmt.Errorf("is compressed by %v; want snappy, zstd, gzip, brotli or lz4_raw", codec)
	}
	n, err := io.Copy(io.Discard, io.LimitReader(r, h.unpacked+1))
	if err == nil && n > h.unpacked {
		err = fmt.Errorf("has more than %d bytes, which its header says", h.unpacked)
	}
	return err
}
