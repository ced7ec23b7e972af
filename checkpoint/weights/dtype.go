package weights

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// A DType is the type of a tensor's elements, by its name in safetensors.
type DType string

const (
	F16  DType = "F16"
	BF16 DType = "BF16"
	F32  DType = "F32"
	F64  DType = "F64"

	Bool DType = "BOOL"
	U8   DType = "U8"
	I8   DType = "I8"
	I16  DType = "I16"
	U16  DType = "U16"
	I32  DType = "I32"
	U32  DType = "U32"
	I64  DType = "I64"
	U64  DType = "U64"
)

// sizes has the bytes of an element. Of the last line nothing reads the values.
var sizes = map[DType]int{
	F16: 2, BF16: 2, F32: 4, F64: 8,
	Bool: 1, U8: 1, I8: 1, I16: 2, U16: 2, I32: 4, U32: 4, I64: 8, U64: 8,
	"F8_E4M3": 1, "F8_E5M2": 1, "F8_E8M0": 1, "F8_E4M3FNUZ": 1, "F8_E5M2FNUZ": 1, "C64": 8,
}

// Size is the number of bytes of an element, or 0 for an unknown type.
func (d DType) Size() int { return sizes[d] }

// IsFloat reports whether File.ReadFloat32s reads the type.
func (d DType) IsFloat() bool { return d == F16 || d == BF16 || d == F32 || d == F64 }

// block is how many bytes are read at once, so that they stay in the L2 cache
// until they are converted.
const block = 64 << 10

// ReadFloat32s fills dst with floats of type d that begin at offset of r,
// little-endian.
func ReadFloat32s(r io.ReaderAt, offset int64, d DType, dst []float32) error {
	if !d.IsFloat() {
		return fmt.Errorf("have %s; want floats", d)
	}
	return read(r, offset, d, dst, float32s)
}

// ReadInt64s fills dst with integers or booleans of type d.
func ReadInt64s(r io.ReaderAt, offset int64, d DType, dst []int64) error {
	return read(r, offset, d, dst, int64s)
}

func read[T any](r io.ReaderAt, offset int64, d DType, dst []T, convert func([]T, []byte, DType) error) error {
	width := d.Size()
	buf := make([]byte, min(block, len(dst)*width))
	for len(dst) > 0 {
		n := min(len(buf)/width, len(dst))
		raw := buf[:n*width]
		if k, err := r.ReadAt(raw, offset); k < len(raw) {
			return fmt.Errorf("byte %d: %w", offset+int64(k), err)
		}
		if err := convert(dst[:n], raw, d); err != nil {
			return err
		}
		dst, offset = dst[n:], offset+int64(len(raw))
	}
	return nil
}

// float32s converts the little-endian elements of raw, one for each of dst.
func float32s(dst []float32, raw []byte, d DType) error {
	switch d {
	case F32:
		for i := range dst {
			dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
		}
	case BF16:
		for i := range dst {
			dst[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(raw[2*i:])) << 16)
		}
	case F16:
		for i := range dst {
			dst[i] = half(binary.LittleEndian.Uint16(raw[2*i:]))
		}
	case F64:
		for i := range dst {
			v := math.Float64frombits(binary.LittleEndian.Uint64(raw[8*i:]))
			dst[i] = float32(v)
			if math.IsInf(float64(dst[i]), 0) && !math.IsInf(v, 0) {
				return fmt.Errorf("have %g; want values that float32 can hold", v)
			}
		}
	}
	return nil
}

// half converts IEEE 754 half precision, exactly: as the bits of a float32 the
// exponent is 112 too small, for zero and denormals as well.
func half(h uint16) float32 {
	bits := math.Float32bits(math.Float32frombits(uint32(h&0x7fff)<<13) * 0x1p112)
	if h&0x7c00 == 0x7c00 { // infinity, or not a number
		bits |= 0xff << 23
	}
	return math.Float32frombits(bits | uint32(h>>15)<<31)
}

// int64s converts the little-endian elements of raw, one for each of dst.
func int64s(dst []int64, raw []byte, d DType) error {
	width := d.Size()
	for i := range dst {
		b := raw[i*width:]
		switch d {
		case Bool, U8:
			dst[i] = int64(b[0])
		case I8:
			dst[i] = int64(int8(b[0]))
		case I16:
			dst[i] = int64(int16(binary.LittleEndian.Uint16(b)))
		case U16:
			dst[i] = int64(binary.LittleEndian.Uint16(b))
		case I32:
			dst[i] = int64(int32(binary.LittleEndian.Uint32(b)))
		case U32:
			dst[i] = int64(binary.LittleEndian.Uint32(b))
		case I64, U64:
			dst[i] = int64(binary.LittleEndian.Uint64(b))
			if d == U64 && dst[i] < 0 {
				return fmt.Errorf("have %d; want values that int64 can hold", uint64(dst[i]))
			}
		default:
			return fmt.Errorf("have %s; want integers", d)
		}
	}
	return nil
}
