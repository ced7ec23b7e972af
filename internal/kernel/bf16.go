package kernel

import "math"

// A bfloat16 is the upper half of a float32: its exponent and 7 bits of its
// fraction. Here it is a uint16.

// roundBF16 is the bfloat16 nearest to a float32, the even one of two. NaN stays
// NaN and is made quiet; a number below the smallest normal one becomes 0 with
// its sign. The instruction of AVX512-BF16 does the same.
func roundBF16(x float32) uint16 {
	bits := math.Float32bits(x)
	switch {
	case x != x:
		return uint16(bits>>16) | 0x40
	case bits&0x7f800000 == 0:
		return uint16(bits >> 16 & 0x8000)
	}
	return uint16((bits + 0x7fff + bits>>16&1) >> 16)
}

func toBF16Go(dst []uint16, src []float32) {
	for i, v := range src {
		dst[i] = roundBF16(v)
	}
}

func fromBF16Go(dst []float32, src []uint16) {
	for i, v := range src {
		dst[i] = math.Float32frombits(uint32(v) << 16)
	}
}

// convertTask converts tiles: from to to16, or from16 to to, or from to to with the
// values rounded to bfloat16 in between. The slices that a conversion lacks are nil.
type convertTask struct {
	to, from     []float32
	to16, from16 []uint16
}

func (t *convertTask) do(_, tile int) {
	lo, hi := span(tile, max(len(t.to), len(t.to16)), elementTile)
	switch {
	case t.to16 != nil:
		toBF16(t.to16[lo:hi], t.from[lo:hi])
		return
	case t.from16 != nil:
		fromBF16(t.to[lo:hi], t.from16[lo:hi])
		return
	}
	var part [512]uint16
	for ; lo < hi; lo += len(part) {
		n := min(len(part), hi-lo)
		toBF16(part[:n], t.from[lo:lo+n])
		fromBF16(t.to[lo:lo+n], part[:n])
	}
}

func (p *Pool) convert(t convertTask) {
	p.conversion = t
	p.run(&p.conversion, ceil(max(len(t.to), len(t.to16)), elementTile))
	p.conversion = convertTask{}
}

// ToBF16 rounds x to bfloat16, to the nearest, the even one of two. NaN stays
// NaN; numbers below the smallest normal one become 0 with their sign. Every
// level gives the same bits.
func (p *Pool) ToBF16(y []uint16, x []float32) {
	check("ToBF16", "y", len(y), len(x))
	p.convert(convertTask{to16: y, from: x})
}

// FromBF16 is exact.
func (p *Pool) FromBF16(y []float32, x []uint16) {
	check("FromBF16", "y", len(y), len(x))
	p.convert(convertTask{to: y, from16: x})
}
