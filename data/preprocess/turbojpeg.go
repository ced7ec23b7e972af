//go:build turbojpeg

package preprocess

// #cgo LDFLAGS: -lturbojpeg
// #include <turbojpeg.h>
import "C"

import (
	"bytes"
	"fmt"
	"image"
	"runtime"
	"strings"
	"unsafe"
)

// turboJPEG says that JPEG files are decoded by libjpeg-turbo, the library
// under Pillow, where it is installed.
const turboJPEG = true

// A turbo holds a decompressor of libjpeg-turbo, made when it is needed.
type turbo struct {
	handle C.tjhandle
	cmyk   []uint8
}

// decode decodes a JPEG of at most maxPixels. Unless short is 0, a large one
// comes at 1/2, 1/4 or 1/8 of its size, its shorter side no shorter than that,
// as after Pillow's draft. As with Pillow, a file that ends early is an error,
// and damage inside of it is not. Inks that are to be stored are for jpegDecoder.
func (t *turbo) decode(file []byte, maxPixels, short int, stored bool) (*Image, error) {
	if t.handle == nil {
		if t.handle = C.tjInitDecompress(); t.handle == nil {
			return nil, fmt.Errorf("preprocess: libjpeg-turbo: %s", C.GoString(C.tjGetErrorStr2(nil)))
		}
		runtime.AddCleanup(t, func(handle C.tjhandle) { C.tjDestroy(handle) }, t.handle)
	}
	defer runtime.KeepAlive(t)
	data, size := (*C.uchar)(unsafe.Pointer(&file[0])), C.ulong(len(file))
	var w, h, subsampling, colors C.int
	if C.tjDecompressHeader3(t.handle, data, size, &w, &h, &subsampling, &colors) != 0 {
		return nil, errNotSimple // such as odd ratios of chroma, which image/jpeg knows
	}
	inks := colors == C.TJCS_CMYK || colors == C.TJCS_YCCK
	if inks && stored {
		return nil, errNotSimple
	}
	if err := checkSize("jpeg", int(w), int(h), maxPixels); err != nil {
		return nil, err
	}
	if err := checkScans(file, int(w), int(h)); err != nil {
		return nil, err
	}
	for scale := C.int(8); short > 0 && scale > 1; scale /= 2 {
		if min(w, h)/scale >= C.int(short) {
			w, h = (w+scale-1)/scale, (h+scale-1)/scale
			break
		}
	}
	m := newImage(image.Rect(0, 0, int(w), int(h)))
	pixels, format := m.Pix, C.int(C.TJPF_RGB)
	if inks {
		t.cmyk = grow(t.cmyk, 4*int(w)*int(h))
		pixels, format = t.cmyk, C.TJPF_CMYK
	}
	if C.tjDecompress2(t.handle, data, size, (*C.uchar)(unsafe.Pointer(&pixels[0])), w, 0, h, format, C.TJFLAG_LIMITSCANS) != 0 {
		if err := t.failed(file); err != nil {
			return nil, err
		}
	}
	if inks {
		for i := range len(t.cmyk) / 4 { // inverted, as Adobe writes them and Pillow supposes
			for c := range 3 {
				m.Pix[3*i+c] = unink(255-t.cmyk[4*i+c], 255-t.cmyk[4*i+3])
			}
		}
	}
	return m, nil
}

// failed says what went wrong, or nothing where Pillow would go on.
func (t *turbo) failed(file []byte) error {
	reason := C.GoString(C.tjGetErrorStr2(t.handle))
	const eof = "Premature end of JPEG file"
	if C.tjGetErrorCode(t.handle) == C.TJERR_WARNING && !strings.Contains(reason, eof) {
		if bytes.Contains(file[bytes.LastIndex(file, []byte{0xff, 0xda})+1:], []byte{0xff, 0xd9}) {
			return nil
		}
		reason = eof
	}
	return fmt.Errorf("preprocess: jpeg: %s", reason)
}
