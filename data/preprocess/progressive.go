package preprocess

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
)

// progressiveScan decodes one scan of several: a range of coefficients of one
// component, or the first coefficients of some, and some bits of them.
//
// Source: ITU-T T.81, annex G.
func (d *jpegDecoder) progressiveScan(header []byte) error {
	if len(header) < 1 || len(header) != 4+2*int(header[0]) || len(d.components) == 0 || header[0] == 0 {
		return errNotSimple
	}
	if d.scans == 0 {
		if err := d.startProgressive(); err != nil {
			return err
		}
	}
	if d.scans++; d.scans*d.w*d.h > maxScanned {
		return errNotSimple
	}
	n := int(header[0])
	first, last := int(header[1+2*n]), int(header[2+2*n])
	high, low := int8(header[3+2*n]>>4), int8(header[3+2*n]&15)
	if first > last || last > 63 || low > 13 || first == 0 && last > 0 || first > 0 && n > 1 || high > 0 && high != low+1 {
		return errNotSimple
	}
	var scanned []*jpegComponent
	for i := range d.components {
		c := &d.components[i]
		if k := len(scanned); k < n && header[1+2*k] == c.id {
			c.dc, c.ac, c.before = int(header[2+2*k]>>4), int(header[2+2*k]&15), 0
			if c.dc > 3 || c.ac > 3 || first > 0 && d.tables[1][c.ac] == nil || first == 0 && high == 0 &&
				d.tables[0][c.dc] == nil {
				return errNotSimple
			}
			for k := first; k <= last; k++ {
				if was := c.missing[k]; high == 0 && was != -1 || high > 0 && was != high {
					return errNotSimple
				}
				c.missing[k] = low
			}
			scanned = append(scanned, c)
		}
	}
	if len(scanned) != n {
		return errNotSimple
	}
	s := &progressiveScan{entropy: d.entropy(), first: first, last: last, low: int(low), refine: high > 0}
	if !s.decode(scanned) {
		return errNotSimple
	}
	at, ok := s.marker()
	if !ok || s.ended > 0 {
		return errNotSimple
	}
	d.at = at
	return nil
}

// maxScanned bounds the pixels of a progressive file times its scans, which are
// about ten: each may be of a few bytes and yet visits every block, so that a file
// of 62 kB can take minutes.
const maxScanned = 20 * DefaultMaxPixels

// checkScans refuses a JPEG of more scans than its size allows.
func checkScans(file []byte, w, h int) error {
	scans := 0
	for at := 2; ; {
		next := bytes.IndexByte(file[min(at, len(file)):], 0xff)
		if at += next; next < 0 || at+4 > len(file) {
			break
		}
		switch marker := file[at+1]; {
		case marker == 0xff:
			at++
		case marker == 0 || marker >= 0xd0 && marker <= 0xd9: // without a body
			at += 2
		default:
			if marker == 0xda {
				scans++
			}
			at += 2 + int(binary.BigEndian.Uint16(file[at+2:]))
		}
	}
	if most := maxScanned / (w * h); scans > most {
		return fmt.Errorf("preprocess: jpeg of %d x %d pixels in %d scans; want at most %d", w, h, scans, most)
	}
	return nil
}

// startProgressive takes memory for the coefficients of all blocks.
func (d *jpegDecoder) startProgressive() error {
	if err := d.claim(); err != nil {
		return err
	}
	for i := range d.components {
		c := &d.components[i]
		d.blocks[i] = grow(d.blocks[i], len(c.plane))
		c.coefficients = d.blocks[i]
		clear(c.coefficients)
		for k := range c.missing {
			c.missing[k] = -1
		}
	}
	return nil
}

// finish transforms all blocks, of which every bit must have come: libjpeg
// makes up for those that have not.
func (d *jpegDecoder) finish() (image.Image, error) {
	var block [64]int32
	for i := range d.components {
		c := &d.components[i]
		if c.missing != [64]int8{} {
			return nil, errNotSimple
		}
		quant, across := d.quant[c.quant], c.stride/8
		for b := range len(c.plane) / 64 {
			last := 0
			for k, v := range c.coefficients[64*b:][:64] {
				block[k] = int32(v) * quant[k]
				if v != 0 && k > 0 {
					last = 63
				}
			}
			inverseDCT(c.plane[8*(b/across*c.stride+b%across):], c.stride, &block, last)
		}
	}
	return d.image(), nil
}

// A progressiveScan is one scan of a progressive file.
type progressiveScan struct {
	*entropy
	first, last int // coefficients, in zigzag
	low         int // bits that come later
	refine      bool
}

// decode visits the blocks of the scan: by units where components alternate,
// else those that hold pixels.
func (s *progressiveScan) decode(components []*jpegComponent) bool {
	across, down := s.d.units()
	if len(components) > 1 {
		for unit := range across * down {
			if !s.unit() {
				return false
			}
			for _, c := range components {
				for b := range c.h * c.v {
					if !s.coefficients(c, unit%across*c.h+b%c.h, unit/across*c.v+b/c.h) {
						return false
					}
				}
			}
		}
		return true
	}
	c := components[0]
	w := (s.d.w*c.h + 8*s.d.wide - 1) / (8 * s.d.wide)
	h := (s.d.h*c.v + 8*s.d.tall - 1) / (8 * s.d.tall)
	for y := range h {
		for x := range w {
			if !s.unit() || !s.coefficients(c, x, y) {
				return false
			}
		}
	}
	return true
}

// coefficients reads the coefficients of a block.
func (s *progressiveScan) coefficients(c *jpegComponent, x, y int) (ok bool) {
	b := (*[64]int16)(c.coefficients[64*(y*(c.stride/8)+x):])
	switch {
	case s.first == 0 && s.refine:
		b[0] |= int16(s.take(1) << s.low)
		ok = true
	case s.first == 0:
		ok = s.dc(s.d.tables[0][c.dc], &c.before)
		b[0] = int16(c.before << s.low)
	case s.refine:
		ok = s.refineAC(b, s.d.tables[1][c.ac])
	default:
		ok = s.firstAC(b, s.d.tables[1][c.ac])
	}
	return ok && s.n >= s.made
}

// firstAC reads the upper bits of coefficients.
func (s *progressiveScan) firstAC(b *[64]int16, t *jpegCodes) bool {
	if s.ended > 0 {
		s.ended--
		return true
	}
	for k := s.first; k <= s.last; k++ {
		symbol, ok := s.next(t)
		if !ok {
			return false
		}
		run, size := int(symbol>>4), int(symbol&15)
		if size == 0 && run < 15 {
			s.end(run)
			s.ended--
			return true
		}
		if k += run; size == 0 {
			continue
		}
		if k > s.last {
			return false
		}
		b[zigzag[k]] = int16(extend(s.take(size), size) << s.low)
	}
	return true
}

// end reads how many blocks end here, of about 2^size.
func (s *progressiveScan) end(size int) {
	s.ended = 1 << size
	if size > 0 {
		s.ended += int(s.take(size))
	}
}

// refineAC reads one more bit of coefficients.
func (s *progressiveScan) refineAC(b *[64]int16, t *jpegCodes) bool {
	k := s.first
	for s.ended == 0 && k <= s.last {
		symbol, ok := s.next(t)
		if !ok {
			return false
		}
		run, fresh := int(symbol>>4), int16(0)
		switch size := symbol & 15; {
		case size == 0 && run < 15:
			s.end(run)
			continue
		case size == 1:
			if fresh = int16(-1) << s.low; s.take(1) == 1 {
				fresh = 1 << s.low
			}
		case size > 1:
			return false
		}
		if k = s.pass(b, k, run); k > s.last {
			return false
		}
		if fresh != 0 {
			b[zigzag[k]] = fresh
		}
		k++
	}
	if s.ended > 0 {
		s.pass(b, k, 64)
		s.ended--
	}
	return true
}

// pass adds a bit to the coefficients from k on that are not 0, up to the one
// behind so many that are. It returns where that is.
func (s *progressiveScan) pass(b *[64]int16, k, zeros int) int {
	bit := int16(1) << s.low
	for ; k <= s.last; k++ {
		v := &b[zigzag[k]]
		switch {
		case *v == 0:
			if zeros == 0 {
				return k
			}
			zeros--
		case s.take(1) == 0 || *v&bit != 0:
		case *v > 0:
			*v += bit
		default:
			*v -= bit
		}
	}
	return k
}
