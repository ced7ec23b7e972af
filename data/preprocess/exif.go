package preprocess

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// Orientation returns the one in the EXIF data of a JPEG, PNG or WebP file, 1 to
// 8, and 1 where there is none. A TIFF is turned as it is decoded and has none.
//
// Source: Exif 2.3, tag 0x0112.
func Orientation(file []byte) int {
	return directory(bytes.TrimPrefix(exifOf(file), []byte(exifStart))).orientation()
}

// exifStart is before EXIF data, in JPEG files always.
const exifStart = "Exif\x00\x00"

// WithOrientation returns a JPEG file, which has no EXIF data, with EXIF data that
// say an orientation, 1 to 8; 1 needs none.
func WithOrientation(file []byte, orientation int) []byte {
	if orientation == 1 {
		return file
	}
	data := []byte(exifStart + "MM\x00*\x00\x00\x00\x08" + // the directory is at 8
		"\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x00\x00\x00" + // one entry, of 16 bits
		"\x00\x00\x00\x00") // no other directory
	const value = len(exifStart) + 8 + 2 + 8 // behind the header, the count, tag, type and count
	data[value+1] = byte(orientation)
	out := append([]byte{}, file[:2]...) // the marker that starts a file
	out = append(out, 0xff, 0xe1)
	out = binary.BigEndian.AppendUint16(out, uint16(2+len(data)))
	out = append(out, data...)
	return append(out, file[2:]...)
}

// exifOf finds the EXIF data of a file.
func exifOf(file []byte) []byte {
	switch {
	case bytes.HasPrefix(file, []byte{0xff, 0xd8}):
		for at := 2; at+4 <= len(file) && file[at] == 0xff && file[at+1] != 0xda; {
			size := int(binary.BigEndian.Uint16(file[at+2:]))
			if size < 2 || at+2+size > len(file) {
				return nil
			}
			if data := file[at+4 : at+2+size]; file[at+1] == 0xe1 && bytes.HasPrefix(data, []byte(exifStart)) {
				return data
			}
			at += 2 + size
		}
	case bytes.HasPrefix(file, []byte("\x89PNG\r\n\x1a\n")):
		for at := int64(8); at+12 <= int64(len(file)); {
			size := int64(binary.BigEndian.Uint32(file[at:]))
			if at+12+size > int64(len(file)) {
				return nil
			}
			if string(file[at+4:at+8]) == "eXIf" {
				return file[at+8 : at+8+size]
			}
			at += 12 + size
		}
	case len(file) > 12 && string(file[:4]) == "RIFF" && string(file[8:12]) == "WEBP":
		for at := int64(12); at+8 <= int64(len(file)); {
			size := int64(binary.LittleEndian.Uint32(file[at+4:]))
			if at+8+size > int64(len(file)) {
				return nil
			}
			if string(file[at:at+4]) == "EXIF" {
				return file[at+8 : at+8+size]
			}
			at += 8 + size + size%2
		}
	}
	return nil
}

// oriented is m turned and mirrored as an orientation says it is to be shown.
func oriented(m *Image, orientation int) *Image {
	if orientation == 1 {
		return m
	}
	w, h := m.W, m.H
	if orientation >= 5 { // rows become columns
		w, h = h, w
	}
	out := &Image{W: w, H: h, Pix: make([]uint8, len(m.Pix)), form: m.form, quads: slices.Clone(m.quads)}
	for y := range h {
		for x := range w {
			fx, fy := x, y
			switch orientation {
			case 2:
				fx = m.W - 1 - x
			case 3:
				fx, fy = m.W-1-x, m.H-1-y
			case 4:
				fy = m.H - 1 - y
			case 5:
				fx, fy = y, x
			case 6:
				fx, fy = y, m.H-1-x
			case 7:
				fx, fy = m.W-1-y, m.H-1-x
			case 8:
				fx, fy = m.W-1-y, x
			}
			copy(out.Pix[3*(y*w+x):][:3], m.Pix[3*(fy*m.W+fx):])
			if m.quads != nil {
				copy(out.quads[pixelBytes*(y*w+x):][:pixelBytes], m.quads[pixelBytes*(fy*m.W+fx):])
			}
		}
	}
	return out
}
