package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// transpose interleaves the words of eight rows: pairs, then fours, then halves.
func transpose() {
	text("transpose8AVX2",
		"(dst *float32, rowDst int, src *float32, rowSrc, n int)",
		`writes 8 columns of n rows, a multiple of 8:

	for i := range n {
		for j := range 8 {
			dst[i*rowDst+j] = src[j*rowSrc+i]
		}
	}

with strides in bytes.`)
	dst, rowDst, src, rowSrc, n := pointer("dst"), pointer("rowDst"), pointer("src"), pointer("rowSrc"), pointer("n")
	row3, d3 := GP64(), GP64()
	LEAQ(Mem{Base: rowSrc, Index: rowSrc, Scale: 2}, row3)
	LEAQ(Mem{Base: rowDst, Index: rowDst, Scale: 2}, d3)
	src4, next, next4 := GP64(), GP64(), GP64()
	LEAQ(Mem{Base: src, Index: rowSrc, Scale: 4}, src4)
	LEAQ(Mem{Base: src4, Index: rowSrc, Scale: 4}, next)
	LEAQ(Mem{Base: next, Index: rowSrc, Scale: 4}, next4)
	Label("loop")
	// The next eight rows lie too far apart for the processor to prefetch them
	// itself.
	for _, p := range []reg.GPVirtual{next, next4} {
		PREFETCHT0(Mem{Base: p})
		PREFETCHT0(Mem{Base: p, Index: rowSrc, Scale: 1})
		PREFETCHT0(Mem{Base: p, Index: rowSrc, Scale: 2})
		PREFETCHT0(Mem{Base: p, Index: row3, Scale: 1})
		ADDQ(Imm(32), p)
	}
	r := make([]reg.VecVirtual, 8)
	at := func(i int) Mem {
		base := src
		if i >= 4 {
			base = src4
		}
		return rowsOf(base, rowSrc, row3)[i%4]
	}
	for i := range r {
		r[i] = YMM()
		VMOVUPS(at(i), r[i])
	}
	t := make([]reg.VecVirtual, 8)
	for i := 0; i < 8; i += 2 { // pairs of rows
		t[i], t[i+1] = YMM(), YMM()
		VUNPCKLPS(r[i+1], r[i], t[i])
		VUNPCKHPS(r[i+1], r[i], t[i+1])
	}
	for i := 0; i < 8; i += 4 { // quads
		VSHUFPS(Imm(0x44), t[i+2], t[i], r[i])
		VSHUFPS(Imm(0xee), t[i+2], t[i], r[i+1])
		VSHUFPS(Imm(0x44), t[i+3], t[i+1], r[i+2])
		VSHUFPS(Imm(0xee), t[i+3], t[i+1], r[i+3])
	}
	dst4 := GP64()
	LEAQ(Mem{Base: dst, Index: rowDst, Scale: 4}, dst4)
	out := func(i int) Mem {
		base := dst
		if i >= 4 {
			base = dst4
		}
		return rowsOf(base, rowDst, d3)[i%4]
	}
	for i := range 4 {
		lo, hi := YMM(), YMM()
		VPERM2F128(Imm(0x20), r[i+4], r[i], lo)
		VPERM2F128(Imm(0x31), r[i+4], r[i], hi)
		VMOVUPS(lo, out(i))
		VMOVUPS(hi, out(i+4))
	}
	ADDQ(Imm(32), src)
	ADDQ(Imm(32), src4)
	LEAQ(Mem{Base: dst, Index: rowDst, Scale: 8}, dst)
	SUBQ(Imm(8), n)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// rowsOf are four rows from base on, where row3 is three times their distance.
func rowsOf(base, row, row3 reg.GPVirtual) [4]Mem {
	return [4]Mem{
		{Base: base}, {Base: base, Index: row, Scale: 1}, {Base: base, Index: row, Scale: 2}, {Base: base, Index: row3, Scale: 1},
	}
}

func pack() {
	text("packAVX2",
		"(dst *float32, stride int, b *float32, step, rowB, k, panels int)",
		`copies rows of b into panels of 16 columns:

	for i := range k {
		for panel := range panels {
			copy(dst[panel*stride+i*16:][:16], b[i*rowB+panel*step:])
		}
	}

with strides in bytes.`)
	dst, stride, b, step := pointer("dst"), pointer("stride"), pointer("b"), pointer("step")
	rowB, k := pointer("rowB"), pointer("k")
	Label("row")
	d, s, panels := GP64(), GP64(), pointer("panels")
	MOVQ(dst, d)
	MOVQ(b, s)
	Label("panel")
	lo, hi := YMM(), YMM()
	VMOVUPS(Mem{Base: s}, lo)
	VMOVUPS(Mem{Base: s, Disp: 32}, hi)
	VMOVUPS(lo, Mem{Base: d})
	VMOVUPS(hi, Mem{Base: d, Disp: 32})
	ADDQ(step, s)
	ADDQ(stride, d)
	DECQ(panels)
	JNZ(LabelRef("panel"))
	ADDQ(rowB, b)
	ADDQ(Imm(64), dst)
	DECQ(k)
	JNZ(LabelRef("row"))
	VZEROUPPER()
	RET()
}
