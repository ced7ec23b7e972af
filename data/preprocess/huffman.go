package preprocess

import (
	"bytes"
	"encoding/binary"
)

// zigzag is where the coefficients of a block lie, in rows.
var zigzag = [64]uint8{
	0, 1, 8, 16, 9, 2, 3, 10,
	17, 24, 32, 25, 18, 11, 4, 5,
	12, 19, 26, 33, 40, 48, 41, 34,
	27, 20, 13, 6, 7, 14, 21, 28,
	35, 42, 49, 56, 57, 50, 43, 36,
	29, 22, 15, 23, 30, 37, 44, 51,
	58, 59, 52, 45, 38, 31, 39, 46,
	53, 60, 61, 54, 47, 55, 62, 63,
}

// lookBits is the length of the codes that are found in one step.
const lookBits = 10

// jpegCodes is a Huffman table.
type jpegCodes struct {
	text []byte // counts and symbols, as in the file

	// short has, by the next bits, the symbol of a code that is no longer than
	// lookBits, and the length in its upper byte; 0 is a longer one.
	short [1 << lookBits]uint16

	// whole has a coefficient whose code and value together are no longer: the
	// value above 16 bits, the run of zeros before it above 8, then the length.
	whole [1 << lookBits]int32

	// By length: what the next 16 bits are below if their code is of at most
	// that length, and what to add to a code for the place of its symbol.
	limit   [17]int32
	offset  [17]int32
	symbols [256]byte
}

// set makes the tables of codes, counts of each length and their symbols.
func (t *jpegCodes) set(counts, symbols []byte, ac bool) error {
	if len(t.text) == 16+len(symbols) && bytes.Equal(t.text[:16], counts) && bytes.Equal(t.text[16:], symbols) {
		return nil // images with the same tables follow each other
	}
	t.text = t.text[:0]
	clear(t.short[:])
	clear(t.whole[:])
	copy(t.symbols[:], symbols)
	code, place := 0, 0
	for length := 1; length <= 16; length++ {
		t.offset[length] = int32(place - code)
		for range counts[length-1] {
			if length <= lookBits {
				first := code << (lookBits - length)
				for i := first; i < min(first+1<<(lookBits-length), len(t.short)); i++ {
					t.short[i] = uint16(length)<<8 | uint16(symbols[place])
				}
			}
			code++
			place++
		}
		if code >= 1<<length { // no code has ones alone
			return errNotSimple
		}
		t.limit[length] = int32(code << (16 - length))
		code <<= 1
	}
	if ac {
		t.setWhole()
	}
	t.text = append(append(t.text, counts...), symbols...)
	return nil
}

// setWhole finds the coefficients that lookBits hold as a whole.
func (t *jpegCodes) setWhole() {
	for i, s := range t.short {
		length, run, size := int(s>>8), int32(s>>4&15), int(s&15)
		if s == 0 || size == 0 || length+size > lookBits {
			continue
		}
		v := extend(int32(i)>>(lookBits-length-size)&(1<<size-1), size)
		t.whole[i] = v<<16 | run<<8 | int32(length+size)
	}
}

// extend gives the value of size bits, of which those without their first bit
// are negative.
func extend(v int32, size int) int32 {
	if v < 1<<(size-1) {
		v += 1 - 1<<size
	}
	return v
}

// A bitReader reads the bits of a scan up to a marker, and zeros from there on.
type bitReader struct {
	file []byte
	at   int
	bits uint64 // the next ones, from the top
	n    int    // of them
	made int    // of them, which are not in the file
}

// fill has at least 57 bits ready.
func (r *bitReader) fill() {
	if r.at+8 <= len(r.file) {
		next := binary.BigEndian.Uint64(r.file[r.at:])
		if (^next-0x0101010101010101)&next&0x8080808080808080 == 0 { // no byte is 0xff
			r.bits |= next >> r.n
			whole := (64 - r.n) >> 3
			r.at += whole
			r.n += 8 * whole
			return
		}
	}
	for r.n <= 56 {
		switch {
		case r.at+1 >= len(r.file) || r.file[r.at] == 0xff && r.file[r.at+1] != 0:
			r.made += 8
		case r.file[r.at] == 0xff:
			r.bits |= 0xff << (56 - r.n)
			r.at += 2
		default:
			r.bits |= uint64(r.file[r.at]) << (56 - r.n)
			r.at++
		}
		r.n += 8
	}
}

// marker says where the marker is at which the bits end.
func (r *bitReader) marker() (at int, ok bool) {
	if r.n-r.made >= 8 || r.n < r.made {
		return 0, false
	}
	if at = r.at; at+1 >= len(r.file) || r.file[at] != 0xff {
		return 0, false
	}
	return at, true
}

// symbol reads one whose code is longer than lookBits.
func (r *bitReader) symbol(t *jpegCodes) (symbol byte, ok bool) {
	next := int32(r.bits >> 48)
	for length := lookBits + 1; length <= 16; length++ {
		if next < t.limit[length] {
			place := next>>(16-length) + t.offset[length]
			r.bits <<= length
			r.n -= length
			return t.symbols[place&255], true
		}
	}
	return 0, false
}

// block reads one, in rows and multiplied by quant. It returns the place of its
// last coefficient, in zigzag.
func (r *bitReader) block(b *[64]int32, dc, ac *jpegCodes, quant *[64]int32, before *int32) (last int, ok bool) {
	*b = [64]int32{}
	if !r.dc(dc, before) {
		return 0, false
	}
	b[0] = *before * quant[0]
	if last, ok = r.ac(b, ac, quant); r.n < r.made {
		return 0, false
	}
	return last, ok
}

// next reads a symbol.
func (r *bitReader) next(t *jpegCodes) (symbol byte, ok bool) {
	if r.n < 32 {
		r.fill()
	}
	s := t.short[r.bits>>(64-lookBits)]
	if s == 0 {
		return r.symbol(t)
	}
	r.bits <<= s >> 8
	r.n -= int(s >> 8)
	return byte(s), true
}

// take reads n bits, 1 to 15.
func (r *bitReader) take(n int) int32 {
	if r.n < 32 {
		r.fill()
	}
	v := int32(r.bits >> (64 - n))
	r.bits <<= n
	r.n -= n
	return v
}

// dc reads the first coefficient of a block, as its difference from before.
func (r *bitReader) dc(t *jpegCodes, before *int32) (ok bool) {
	size, ok := r.next(t)
	if !ok || size > 11 {
		return false
	}
	if size > 0 {
		*before += extend(r.take(int(size)), int(size))
	}
	return true
}

// ac reads the other coefficients of a block.
func (r *bitReader) ac(b *[64]int32, t *jpegCodes, quant *[64]int32) (last int, ok bool) {
	for k := 1; k < 64; k++ {
		if r.n < 32 {
			r.fill()
		}
		look := r.bits >> (64 - lookBits)
		if v := t.whole[look]; v != 0 {
			r.bits <<= uint8(v)
			r.n -= int(uint8(v))
			if k += int(v >> 8 & 15); k > 63 {
				return 0, false
			}
			at := zigzag[k] & 63
			b[at] = v >> 16 * quant[at]
			last = k
			continue
		}
		var symbol byte
		if s := t.short[look]; s != 0 {
			symbol = byte(s)
			r.bits <<= s >> 8
			r.n -= int(s >> 8)
		} else if symbol, ok = r.symbol(t); !ok {
			return 0, false
		}
		run, size := int(symbol>>4), symbol&15
		if size == 0 {
			if run == 0 { // the end of the block
				break
			}
			if run < 15 {
				return 0, false
			}
			k += 15
			continue
		}
		if k += run; k > 63 {
			return 0, false
		}
		at := zigzag[k] & 63
		b[at] = extend(int32(r.bits>>(64-size)), int(size)) * quant[at]
		r.bits <<= size
		r.n -= int(size)
		last = k
	}
	return last, true
}
