package preprocess

import (
	"bytes"
	"encoding/binary"
	"image"
	"math/bits"
	"slices"
)

// Tags of TIFF 6.0.
const (
	tiffBits             = 258
	tiffCompression      = 259
	tiffPhotometric      = 262
	tiffFillOrder        = 266
	tiffStripOffsets     = 273
	tiffOrientation      = 274 // of EXIF as well
	tiffStripByteCounts  = 279
	tiffTileOffsets      = 324
	tiffTileByteCounts   = 325
	tiffShort, tiffLong  = 3, 4 // types of values
	tiffEntry            = 12   // bytes
	tiffFax3, tiffFax4   = 3, 4
	tiffBlackIsZero      = 1
	tiffLowestBitFirst   = 2
	tiffHighestBitFirst  = 1
	tiffMostOrientations = 8
)

// A tiffFile is the first directory of a TIFF file, or of EXIF data, which have its form.
type tiffFile struct {
	file    []byte
	order   binary.ByteOrder
	entries []byte // whole ones
}

// readTIFF returns an empty directory where file is no TIFF.
func readTIFF(file []byte) tiffFile {
	if bytes.HasPrefix(file, []byte("II*\x00")) || bytes.HasPrefix(file, []byte("MM\x00*")) {
		return directory(file)
	}
	return tiffFile{file: file}
}

// directory reads what begins like a TIFF; its bytes 2 and 3 are not looked at.
func directory(file []byte) tiffFile {
	t := tiffFile{file: file, order: binary.LittleEndian}
	if len(file) < 8 {
		return t
	}
	if file[0] == 'M' {
		t.order = binary.BigEndian
	}
	at := int64(t.order.Uint32(file[4:]))
	if at+2 > int64(len(file)) {
		return t
	}
	t.entries = file[at+2:]
	n := min(int(t.order.Uint16(file[at:])), len(t.entries)/tiffEntry)
	t.entries = t.entries[:n*tiffEntry]
	return t
}

// entry returns the first entry with a tag, or nil.
func (t tiffFile) entry(tag uint16) []byte {
	for e := t.entries; len(e) > 0; e = e[tiffEntry:] {
		if t.order.Uint16(e) == tag {
			return e[:tiffEntry:tiffEntry]
		}
	}
	return nil
}

// short returns the value of 16 bits under a tag.
func (t tiffFile) short(tag uint16) (v int, ok bool) {
	e := t.entry(tag)
	if e == nil || t.order.Uint16(e[2:]) != tiffShort {
		return 0, false
	}
	if n := t.order.Uint32(e[4:]); n > 2 { // one or two are in the entry itself
		at := int64(t.order.Uint32(e[8:]))
		if at+2 > int64(len(t.file)) {
			return 0, false
		}
		return int(t.order.Uint16(t.file[at:])), true
	}
	return int(t.order.Uint16(e[8:])), true
}

// list returns the values under a tag, of 16 or 32 bits, or nil.
func (t tiffFile) list(tag uint16) (values []int64) {
	e := t.entry(tag)
	if e == nil {
		return nil
	}
	size := int64(4)
	switch t.order.Uint16(e[2:]) {
	case tiffShort:
		size = 2
	case tiffLong:
	default:
		return nil
	}
	n, from := int64(t.order.Uint32(e[4:])), e[8:]
	if n*size > 4 {
		at := int64(t.order.Uint32(e[8:]))
		if at+n*size > int64(len(t.file)) {
			return nil
		}
		from = t.file[at:]
	}
	for ; n > 0; n-- {
		if size == 2 {
			values = append(values, int64(t.order.Uint16(from)))
		} else {
			values = append(values, int64(t.order.Uint32(from)))
		}
		from = from[size:]
	}
	return values
}

// orientation is 1 to 8, and 1 where there is none.
func (t tiffFile) orientation() int {
	if v, ok := t.short(tiffOrientation); ok && v >= 1 && v <= tiffMostOrientations {
		return v
	}
	return 1
}

// highFirst returns the file with the highest bit of each byte first, which is
// all that x/image/tiff reads: of a file with FillOrder 2, a copy.
func (t tiffFile) highFirst() []byte {
	if v, _ := t.short(tiffFillOrder); v != tiffLowestBitFirst {
		return t.file
	}
	offsets, sizes := t.list(tiffStripOffsets), t.list(tiffStripByteCounts)
	if offsets == nil {
		offsets, sizes = t.list(tiffTileOffsets), t.list(tiffTileByteCounts)
	}
	left := int64(len(t.file)) // strips that overlap would take long
	for i, at := range offsets {
		if i >= len(sizes) || at+sizes[i] > int64(len(t.file)) || sizes[i] > left {
			return t.file
		}
		left -= sizes[i]
	}
	out := directory(slices.Clone(t.file))
	for i, at := range offsets {
		for j, v := range out.file[at:][:sizes[i]] {
			out.file[at+int64(j)] = bits.Reverse8(v)
		}
	}
	out.order.PutUint16(out.entry(tiffFillOrder)[8:], tiffHighestBitFirst)
	return out.file
}

// invertFax inverts pixels of Group 3 and 4 where black is 0, which x/image/tiff
// takes for white.
func (t tiffFile) invertFax(decoded image.Image) {
	m, ok := decoded.(*image.Gray)
	compression, _ := t.short(tiffCompression)
	color, _ := t.short(tiffPhotometric)
	if ok && color == tiffBlackIsZero && (compression == tiffFax3 || compression == tiffFax4) {
		for i := range m.Pix {
			m.Pix[i] ^= 0xff
		}
	}
}
