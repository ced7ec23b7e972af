package weights

import (
	"bytes"
	"encoding/binary"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
)

// All halves, against the formula.
func TestHalf(t *testing.T) {
	for h := range 1 << 16 {
		exponent, fraction := h>>10&31, float64(h&1023)
		want := math.Ldexp(1024+fraction, exponent-25)
		switch {
		case exponent == 0:
			want = math.Ldexp(fraction, -24)
		case exponent == 31 && fraction == 0:
			want = math.Inf(1)
		case exponent == 31:
			want = math.NaN()
		}
		if h >= 1<<15 {
			want = math.Copysign(want, -1)
		}
		got := float64(half(uint16(h)))
		if math.Float64bits(got) != math.Float64bits(want) && !(math.IsNaN(got) && math.IsNaN(want)) {
			t.Errorf("half(%#04x) = %g, want %g", h, got, want)
		}
	}
}

// float64 rounds to nearest, ties to even; only finite values can be too large.
func TestFloat64(t *testing.T) {
	const most = math.MaxFloat32
	for _, test := range []struct{ in, want float64 }{
		{0.1, float64(float32(0.1))}, {1 + 0x1p-24, 1}, {1 + 0x1.8p-23, 1 + 0x1p-22},
		{math.Copysign(0, -1), math.Copysign(0, -1)},
		{0x1p-149, 0x1p-149}, {0x1p-151, 0}, {most, most}, {most + 0x1p102, most}, {math.Inf(-1), math.Inf(-1)},
	} {
		got, err := floats(F64, binary.LittleEndian.AppendUint64(nil, math.Float64bits(test.in)))
		if err != nil || float64(got[0]) != test.want || math.Signbit(float64(got[0])) != math.Signbit(test.want) {
			t.Errorf("%g = %v, %v; want %g", test.in, got, err, test.want)
		}
	}
	for _, v := range []float64{math.MaxFloat64, -1e39, most + 0x1p103} {
		_, err := floats(F64, binary.LittleEndian.AppendUint64(nil, math.Float64bits(v)))
		if err == nil || !strings.Contains(err.Error(), "want values that float32 can hold") {
			t.Errorf("%g: %v; want an error", v, err)
		}
	}
	if got, err := floats(F64, binary.LittleEndian.AppendUint64(nil, math.Float64bits(math.NaN()))); err != nil ||
		got[0] == got[0] {
		t.Errorf("NaN = %v, %v", got, err)
	}
}

func floats(d DType, raw []byte) ([]float32, error) {
	dst := make([]float32, len(raw)/d.Size())
	return dst, ReadFloat32s(bytes.NewReader(raw), 0, d, dst)
}

// Bits stay, NaN's too, through tensors longer than a block.
func TestBlocks(t *testing.T) {
	const n = block/2 + 17
	raw, want := make([]byte, 3, 4*n), make([]float32, n)
	for i := range want {
		bits := uint32(i) * 0x9e3779b1 &^ 0xffff
		want[i] = math.Float32frombits(bits)
		raw = binary.LittleEndian.AppendUint16(raw, uint16(bits>>16))
	}
	got := make([]float32, n)
	if err := ReadFloat32s(bytes.NewReader(raw), 3, BF16, got); err != nil {
		t.Fatal(err)
	}
	same := func(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) }
	if !slices.EqualFunc(got, want, same) {
		t.Error("a tensor of two blocks comes back otherwise")
	}
	if err := ReadFloat32s(bytes.NewReader(raw), 4, BF16, got); err == nil ||
		!strings.Contains(err.Error(), io.EOF.Error()) {
		t.Errorf("a file too short: %v; want EOF", err)
	}
	if err := ReadFloat32s(bytes.NewReader(nil), 0, F32, nil); err != nil {
		t.Errorf("no elements: %v", err)
	}
}

func TestInt64s(t *testing.T) {
	ones := []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	for d, want := range map[DType]int64{Bool: 255, U8: 255, I8: -1,
		I16: -1, U16: 1<<16 - 1, I32: -1, U32: 1<<32 - 1, I64: -1} {
		got := []int64{0}
		if err := ReadInt64s(bytes.NewReader(ones), 0, d, got); err != nil || got[0] != want {
			t.Errorf("%s = %d, %v; want %d", d, got, err, want)
		}
	}
	for d, want := range map[DType]string{U64: "want values that int64 can hold",
		F32: "have F32; want integers", "C64": "have C64"} {
		if err := ReadInt64s(bytes.NewReader(ones), 0, d, []int64{0}); err == nil ||
			!strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want error with %q", d, err, want)
		}
	}
	if err := ReadFloat32s(bytes.NewReader(ones), 0, I64, []float32{0}); err == nil ||
		!strings.Contains(err.Error(), "have I64; want floats") {
		t.Error(err)
	}
}

func BenchmarkReadFloat32s(b *testing.B) {
	for _, d := range []DType{F32, BF16, F16, F64} {
		b.Run(string(d), func(b *testing.B) {
			dst := make([]float32, 1<<22)
			r := bytes.NewReader(make([]byte, len(dst)*d.Size()))
			b.SetBytes(int64(4 * len(dst)))
			for b.Loop() {
				if err := ReadFloat32s(r, 0, d, dst); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
