package preprocess

import (
	"encoding/binary"
	"errors"
	"image"
)

// A jpegDecoder decodes the JPEG files that are by far the most frequent: gray,
// YCbCr or RGB in Huffman codes, with chroma at half the samples or all, or Adobe's
// CMYK, in one scan or progressive. Its pixels are libjpeg-turbo's, and so Pillow's, to the bit,
// which image/jpeg's are not. It refuses every other file, and every
// file with an error, and leaves it to image/jpeg to decode it or to say what
// is wrong. It keeps its tables and planes from one image to the next.
//
// Source: ITU-T T.81.
type jpegDecoder struct {
	file []byte
	at   int

	w, h       int
	components []jpegComponent
	wide, tall int // of a minimum coded unit, in blocks of luma
	interval   int // units between restarts; 0 for none
	jfif       bool
	adobe      int // what Adobe did to colors: 0 nothing, 1 YCbCr, 2 YCCK; -1 is unknown

	progressive bool
	scans       int

	quant  [4]*[64]int32    // in the order of rows
	tables [2][4]*jpegCodes // of DC, AC
	quants [4][64]int32
	codes  [2][4]jpegCodes
	planes [4][]uint8
	blocks [4][]int16
}

type jpegComponent struct {
	id     byte
	h, v   int // blocks in a unit
	quant  int
	dc, ac int // tables
	plane  []uint8
	stride int
	before int32 // the DC value of the block before

	// Of a progressive file: all coefficients, and how many bits of each are
	// still to come, -1 before its first scan.
	coefficients []int16
	missing      [64]int8
}

// errNotSimple says that a file is for image/jpeg.
var errNotSimple = errors.New("not a simple JPEG")

// decode returns an *image.Gray, *image.YCbCr, rgbJPEG or *image.CMYK, which are valid until the next
// call, of at most maxPixels.
func (d *jpegDecoder) decode(file []byte, maxPixels int) (image.Image, error) {
	if len(file) < 4 || file[0] != 0xff || file[1] != 0xd8 {
		return nil, errNotSimple
	}
	d.file, d.at, d.components, d.interval, d.jfif = file, 2, d.components[:0], 0, false
	d.progressive, d.scans, d.adobe = false, 0, -1
	d.quant, d.tables = [4]*[64]int32{}, [2][4]*jpegCodes{}
	defer d.release()
	for {
		if d.scans > 0 && d.at+2 <= len(file) && file[d.at] == 0xff && file[d.at+1] == 0xd9 {
			return d.finish()
		}
		marker, body, err := d.segment()
		if err != nil {
			return nil, err
		}
		switch {
		case marker >= 0xc0 && marker <= 0xc2:
			d.progressive = marker == 0xc2
			err = d.frame(body, maxPixels)
		case marker == 0xc4:
			err = d.huffman(body)
		case marker == 0xda && d.progressive:
			err = d.progressiveScan(body)
		case marker == 0xda:
			return d.scan(body)
		case marker == 0xdb && d.scans == 0:
			err = d.quantization(body)
		case marker == 0xdd && len(body) == 2:
			d.interval = int(binary.BigEndian.Uint16(body))
		case marker == 0xe0:
			d.jfif = d.jfif || len(body) >= 5 && string(body[:5]) == "JFIF\x00"
		case marker == 0xee && len(body) >= 12 && string(body[:5]) == "Adobe":
			d.adobe = int(body[11])
		case marker == 0xee && len(body) >= 5 && string(body[:5]) == "Adobe":
			err = errNotSimple
		case marker >= 0xe0 && marker <= 0xef || marker == 0xfe: // for others
		default: // arithmetic, lossless, without a size
			err = errNotSimple
		}
		if err != nil {
			return nil, err
		}
	}
}

// release drops the file, and planes that a large image has left.
func (d *jpegDecoder) release() {
	d.file = nil
	for i := range d.components {
		d.components[i].plane, d.components[i].coefficients = nil, nil
	}
	for i := range d.planes {
		if len(d.planes[i]) > maxKept {
			d.planes[i], d.blocks[i] = nil, nil
		}
	}
}

// maxKept is the size of a plane that is kept for the next image.
const maxKept = 4 << 20

// segment reads a marker and what belongs to it. As libjpeg, it passes over
// bytes before a marker that do not belong there.
func (d *jpegDecoder) segment() (marker byte, body []byte, err error) {
	for ; ; d.at++ {
		if d.at+4 > len(d.file) {
			return 0, nil, errNotSimple
		}
		next := d.file[d.at+1]
		if d.file[d.at] == 0xff && next == 0xff && d.file[d.at+2] == 0 { // image/jpeg refuses it
			return 0, nil, errNotSimple
		}
		if d.file[d.at] == 0xff && next != 0xff && next != 0 {
			break
		}
	}
	n := int(binary.BigEndian.Uint16(d.file[d.at+2:]))
	if n < 2 || d.at+2+n > len(d.file) {
		return 0, nil, errNotSimple
	}
	marker, body = d.file[d.at+1], d.file[d.at+4:d.at+2+n]
	d.at += 2 + n
	return marker, body, nil
}

func (d *jpegDecoder) frame(body []byte, maxPixels int) error {
	if len(d.components) > 0 || len(body) < 6 || body[0] != 8 || len(body) != 6+3*int(body[5]) {
		return errNotSimple
	}
	d.h, d.w = int(binary.BigEndian.Uint16(body[1:])), int(binary.BigEndian.Uint16(body[3:]))
	if n := body[5]; d.w == 0 || d.h == 0 || d.w*d.h > maxPixels || n != 1 && n != 3 && n != 4 {
		return errNotSimple
	}
	for c := body[6:]; len(c) > 0; c = c[3:] {
		d.components = append(d.components, jpegComponent{id: c[0], h: int(c[1] >> 4), v: int(c[1] & 15), quant: int(c[2])})
		if h, v := c[1]>>4, c[1]&15; c[2] > 3 || h == 0 || h == 3 || h > 4 || v == 0 || v == 3 || v > 4 {
			return errNotSimple
		}
	}
	luma := &d.components[0]
	if len(d.components) == 1 {
		luma.h, luma.v = 1, 1 // a scan of one component has no units
	}
	for _, c := range d.components[1:] {
		if c.h != 1 || c.v != 1 {
			return errNotSimple
		}
	}
	if luma.h > 2 || luma.v > 2 || len(d.components) == 4 && luma.h*luma.v > 1 {
		return errNotSimple
	}
	d.wide, d.tall = luma.h, luma.v
	return nil
}

func (d *jpegDecoder) quantization(body []byte) error {
	for len(body) > 0 {
		which, size := body[0]&15, 1+int(body[0]>>4)
		if which > 3 || size > 2 || len(body) < 1+64*size {
			return errNotSimple
		}
		q := &d.quants[which]
		for i := range 64 {
			v := int32(body[1+i])
			if size == 2 {
				v = int32(binary.BigEndian.Uint16(body[1+2*i:]))
			}
			q[zigzag[i]] = v
		}
		d.quant[which], body = q, body[1+64*size:]
	}
	return nil
}

func (d *jpegDecoder) huffman(body []byte) error {
	for len(body) > 0 {
		class, which := body[0]>>4, body[0]&15
		if class > 1 || which > 3 || len(body) < 17 {
			return errNotSimple
		}
		n := 17
		for _, count := range body[1:17] {
			n += int(count)
		}
		if n == 17 || n > 17+256 || n > len(body) {
			return errNotSimple
		}
		codes := &d.codes[class][which]
		if err := codes.set(body[1:17], body[17:n], class == 1); err != nil {
			return err
		}
		d.tables[class][which], body = codes, body[n:]
	}
	return nil
}

// units is the number of minimum coded units across and down.
func (d *jpegDecoder) units() (across, down int) {
	return (d.w + 8*d.wide - 1) / (8 * d.wide), (d.h + 8*d.tall - 1) / (8 * d.tall)
}

// colors says whether components are what this decoder takes them for.
func (d *jpegDecoder) colors() bool {
	c := d.components
	switch len(c) {
	case 1:
		return true
	case 3:
		return d.adobe <= 1
	}
	return d.adobe == 0 || d.adobe == 2
}

// claim takes memory for the planes.
func (d *jpegDecoder) claim() error {
	if !d.colors() {
		return errNotSimple
	}
	across, down := d.units()
	// A block has at least a bit, so that a small file cannot ask for a large image.
	if across*down*(d.wide*d.tall+len(d.components)-1) > 8*(len(d.file)-d.at) {
		return errNotSimple
	}
	for i := range d.components {
		c := &d.components[i]
		if d.quant[c.quant] == nil {
			return errNotSimple
		}
		c.stride, c.before = 8*across*c.h, 0
		d.planes[i] = grow(d.planes[i], c.stride*8*down*c.v)
		c.plane = d.planes[i]
	}
	return nil
}

// scan decodes the only scan, behind which the file must end.
func (d *jpegDecoder) scan(header []byte) (image.Image, error) {
	n := len(d.components)
	if n == 0 || len(header) != 4+2*n || int(header[0]) != n || string(header[1+2*n:]) != "\x00\x3f\x00" {
		return nil, errNotSimple
	}
	for i := range d.components {
		c := &d.components[i]
		c.dc, c.ac = int(header[2+2*i]>>4), int(header[2+2*i]&15)
		if header[1+2*i] != c.id || c.dc > 3 || c.ac > 3 || d.tables[0][c.dc] == nil || d.tables[1][c.ac] == nil {
			return nil, errNotSimple
		}
	}
	if err := d.claim(); err != nil {
		return nil, err
	}
	var block [64]int32
	s := d.entropy()
	across, down := d.units()
	for unit := range across * down {
		if !s.unit() {
			return nil, errNotSimple
		}
		for i := range d.components {
			c := &d.components[i]
			dc, ac, quant := d.tables[0][c.dc], d.tables[1][c.ac], d.quant[c.quant]
			for v := range c.v {
				for h := range c.h {
					last, ok := s.block(&block, dc, ac, quant, &c.before)
					if !ok {
						return nil, errNotSimple
					}
					x, y := unit%across*c.h+h, unit/across*c.v+v
					inverseDCT(c.plane[8*(c.stride*y+x):], c.stride, &block, last)
				}
			}
		}
	}
	if at, ok := s.marker(); !ok || d.file[at+1] != 0xd9 {
		return nil, errNotSimple
	}
	return d.image(), nil
}

// image is what the planes show.
func (d *jpegDecoder) image() image.Image {
	luma := d.components[0]
	bounds := image.Rect(0, 0, d.w, d.h)
	if len(d.components) == 4 {
		return d.inks()
	}
	if len(d.components) == 1 {
		return &image.Gray{Pix: luma.plane, Stride: luma.stride, Rect: bounds}
	}
	ratio := [][]image.YCbCrSubsampleRatio{
		{image.YCbCrSubsampleRatio444, image.YCbCrSubsampleRatio440},
		{image.YCbCrSubsampleRatio422, image.YCbCrSubsampleRatio420},
	}[d.wide-1][d.tall-1]
	m := &image.YCbCr{
		Y: luma.plane, Cb: d.components[1].plane, Cr: d.components[2].plane,
		YStride: luma.stride, CStride: d.components[1].stride, SubsampleRatio: ratio, Rect: bounds,
	}
	if d.rgb() {
		return rgbJPEG{m}
	}
	return m
}

// rgb says whether three components are red, green and blue.
//
// Source: libjpeg-turbo's jdapimin.c.
func (d *jpegDecoder) rgb() bool {
	c := d.components
	switch {
	case d.jfif:
		return false
	case d.adobe >= 0:
		return d.adobe == 0
	}
	return c[0].id == 'R' && c[1].id == 'G' && c[2].id == 'B'
}

// inks converts CMYK, which Adobe writes inverted, and so Pillow reads.
func (d *jpegDecoder) inks() *image.CMYK {
	m := image.NewCMYK(image.Rect(0, 0, d.w, d.h))
	rgb := make([]uint8, 3*d.w)
	for y := range d.h {
		var rows [4][]uint8
		for i, c := range d.components {
			rows[i] = c.plane[y*c.stride:][:d.w]
		}
		if d.adobe == 2 {
			jpegRow(rgb, rows[0], rows[1], rows[2])
		}
		for x := range d.w {
			to := m.Pix[y*m.Stride+4*x:][:4]
			for i := range to {
				to[i] = 255 - rows[i][x]
			}
			if d.adobe == 2 { // inverted twice
				copy(to, rgb[3*x:][:3])
			}
		}
	}
	return m
}

// An entropy is the coded part of a scan.
type entropy struct {
	bitReader
	d       *jpegDecoder
	left    int  // units to the next restart
	restart byte // its marker
	ended   int  // blocks that have no more coefficients in this scan
}

func (d *jpegDecoder) entropy() *entropy {
	return &entropy{bitReader: bitReader{file: d.file, at: d.at}, d: d, left: d.interval, restart: 0xd0}
}

// unit goes to the next unit, behind a restart where there is to be one.
func (s *entropy) unit() bool {
	if s.d.interval == 0 {
		return true
	}
	if s.left == 0 {
		at, ok := s.marker()
		if !ok || s.file[at+1] != s.restart || s.ended > 0 {
			return false
		}
		s.bitReader = bitReader{file: s.file, at: at + 2}
		s.left, s.restart = s.d.interval, 0xd0+(s.restart+1)&7
		for i := range s.d.components {
			s.d.components[i].before = 0
		}
	}
	s.left--
	return true
}
