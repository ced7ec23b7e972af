package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// gemm writes tiles of C, one below the other, each of the given number of rows
// and 16 columns. A is read through two strides, so that it need not be
// transposed; b is a packed panel of kc rows of 16. Strides are in bytes. To a
// product are added nothing, C, the bias or both as start is 0, 1, 2 or 3.
func gemm(rows int) {
	TEXT(fmt.Sprintf("gemm%dx16AVX2", rows), NOSPLIT,
		"func(tiles, kc int, a *float32, rowA, colA int, b, c *float32, rowC, start int, bias *float32)")
	Pragma("noescape")
	tiles, rowA, colA, first := pointer("tiles"), pointer("rowA"), pointer("colA"), pointer("a")
	c, rowC, start := pointer("c"), pointer("rowC"), pointer("start")
	row3, row5 := GP64(), GP64()
	LEAQ(Mem{Base: rowA, Index: rowA, Scale: 2}, row3)
	LEAQ(Mem{Base: rowA, Index: rowA, Scale: 4}, row5)
	rowsOfA := func(a reg.GPVirtual) []Mem {
		return []Mem{
			{Base: a},
			{Base: a, Index: rowA, Scale: 1},
			{Base: a, Index: rowA, Scale: 2},
			{Base: a, Index: row3, Scale: 1},
			{Base: a, Index: rowA, Scale: 4},
			{Base: a, Index: row5, Scale: 1},
		}
	}

	Label("tile")
	kc, a, b, p := pointer("kc"), GP64(), pointer("b"), GP64()
	MOVQ(first, a)
	acc := make([][2]reg.VecVirtual, rows)
	for i := range acc {
		acc[i] = [2]reg.VecVirtual{YMM(), YMM()}
		VXORPS(acc[i][0], acc[i][0], acc[i][0])
		VXORPS(acc[i][1], acc[i][1], acc[i][1])
	}
	TESTQ(U32(1), start) // ask for C now, need it at the end
	JZ(LabelRef("multiply"))
	MOVQ(c, p)
	for i := range acc {
		PREFETCHT0(Mem{Base: p})
		PREFETCHT0(Mem{Base: p, Disp: 63})
		if i < rows-1 {
			ADDQ(rowC, p)
		}
	}

	Label("multiply")
	b0, b1, x := YMM(), YMM(), YMM()
	step := func(disp int) {
		VMOVUPS(Mem{Base: b, Disp: disp}, b0)
		VMOVUPS(Mem{Base: b, Disp: disp + 32}, b1)
		for i, at := range rowsOfA(a)[:rows] {
			VBROADCASTSS(at, x)
			VFMADD231PS(b0, x, acc[i][0])
			VFMADD231PS(b1, x, acc[i][1])
		}
		ADDQ(colA, a)
	}
	SUBQ(Imm(4), kc)
	JLT(LabelRef("tail"))
	Label("by4")
	for u := range 4 {
		step(64 * u)
	}
	ADDQ(U32(256), b)
	SUBQ(Imm(4), kc)
	JGE(LabelRef("by4"))
	Label("tail")
	ADDQ(Imm(4), kc)
	JZ(LabelRef("bias"))
	Label("by1")
	step(0)
	ADDQ(Imm(64), b)
	DECQ(kc)
	JNZ(LabelRef("by1"))

	Label("bias")
	TESTQ(U32(2), start)
	JZ(LabelRef("add"))
	bias := pointer("bias")
	VMOVUPS(Mem{Base: bias}, b0)
	VMOVUPS(Mem{Base: bias, Disp: 32}, b1)
	for i := range acc {
		VADDPS(b0, acc[i][0], acc[i][0])
		VADDPS(b1, acc[i][1], acc[i][1])
	}
	Label("add")
	TESTQ(U32(1), start)
	JZ(LabelRef("store"))
	MOVQ(c, p)
	for i := range acc {
		VADDPS(Mem{Base: p}, acc[i][0], acc[i][0])
		VADDPS(Mem{Base: p, Disp: 32}, acc[i][1], acc[i][1])
		if i < rows-1 {
			ADDQ(rowC, p)
		}
	}
	Label("store")
	for i := range acc {
		VMOVUPS(acc[i][0], Mem{Base: c})
		VMOVUPS(acc[i][1], Mem{Base: c, Disp: 32})
		ADDQ(rowC, c)
	}
	LEAQ(rowsOfA(first)[rows-1], first)
	ADDQ(rowA, first)
	DECQ(tiles)
	JNZ(LabelRef("tile"))
	VZEROUPPER()
	RET()
}

// transpose writes 8 columns of n rows (n a multiple of 8): dst[k][0..7] =
// src[0..7][k], with row strides in bytes.
func transpose() {
	TEXT("transpose8AVX2", NOSPLIT, "func(dst *float32, rowDst int, src *float32, rowSrc, n int)")
	Pragma("noescape")
	dst, rowDst, src, rowSrc, n := pointer("dst"), pointer("rowDst"), pointer("src"), pointer("rowSrc"), pointer("n")
	row3, d3 := GP64(), GP64()
	LEAQ(Mem{Base: rowSrc, Index: rowSrc, Scale: 2}, row3)
	LEAQ(Mem{Base: rowDst, Index: rowDst, Scale: 2}, d3)
	src4, next, next4 := GP64(), GP64(), GP64()
	LEAQ(Mem{Base: src, Index: rowSrc, Scale: 4}, src4)
	LEAQ(Mem{Base: src4, Index: rowSrc, Scale: 4}, next)
	LEAQ(Mem{Base: next, Index: rowSrc, Scale: 4}, next4)
	Label("loop")
	// The next eight rows, which come after these, lie too far apart for the
	// processor to foresee.
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
		return [4]Mem{{Base: base}, {Base: base, Index: rowSrc, Scale: 1}, {Base: base, Index: rowSrc, Scale: 2}, {Base: base, Index: row3, Scale: 1}}[i%4]
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
		return [4]Mem{{Base: base}, {Base: base, Index: rowDst, Scale: 1}, {Base: base, Index: rowDst, Scale: 2}, {Base: base, Index: d3, Scale: 1}}[i%4]
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

// pack copies k rows of b into panels side by side, 16 columns to each, which
// lie a stride apart.
func pack() {
	TEXT("packAVX2", NOSPLIT, "func(dst *float32, stride int, b *float32, rowB, k, panels int)")
	Pragma("noescape")
	dst, stride, b, rowB, k := pointer("dst"), pointer("stride"), pointer("b"), pointer("rowB"), pointer("k")
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
	ADDQ(Imm(64), s)
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

// peak is the most that a multiplication could reach: twelve independent
// multiply-adds, n times. Benchmarks compare with it.
func peak() {
	TEXT("peakAVX2", NOSPLIT, "func(n int)")
	Pragma("noescape")
	n, x := pointer("n"), YMM()
	VXORPS(x, x, x)
	acc := make([]reg.VecVirtual, 12)
	for i := range acc {
		acc[i] = YMM()
		VXORPS(acc[i], acc[i], acc[i])
	}
	Label("loop")
	for _, a := range acc {
		VFMADD231PS(x, x, a)
	}
	DECQ(n)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}
