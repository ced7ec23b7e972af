package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// gemm writes tiles of C side by side, each of the given number of rows and
// vectors. A is read through two strides, so that it need not be transposed; b
// is kc rows, rowB apart, in panels of 16 floats, which lie panel apart, and the
// last vector of every tile has the floats of mask. Strides are in bytes. To a
// product are added nothing, from, the bias or both as start
// is 0, 1, 2 or 3. Next is where the rows of A lie that come after these.
//
// AVX2 has one shape, of one panel, and no mask. With AVX-512 up to 14 rows of
// 32 columns fill the 32 registers; the shape of one panel is for what is left.
func gemm(set instructionSet, rows, vectors int) {
	isa = set
	name, last := fmt.Sprintf("gemm%dx%d", rows, isa.lanes*vectors), ""
	if isa.lanes == 16 {
		last = ", mask uint16"
	}
	function(name, "(tiles, pace, rest int, a *float32, rowA, colA int, b *float32, rowB, panel int, c *float32, rowC int, from *float32, start int, bias, next *float32, tileNext int"+last+")")
	rowA, colA := pointer("rowA"), pointer("colA")
	row3, row5, row7 := GP64(), GP64(), GP64()
	LEAQ(Mem{Base: rowA, Index: rowA, Scale: 2}, row3)
	LEAQ(Mem{Base: rowA, Index: rowA, Scale: 4}, row5)
	var mask reg.Register
	if isa.lanes == 16 {
		k := K()
		Load(Param("mask"), k)
		mask = k
	}
	if rows > 7 {
		LEAQ(Mem{Base: row3, Index: rowA, Scale: 4}, row7)
	}
	rowsOfA := func(a, a7 reg.GPVirtual) (at []Mem) {
		for _, base := range []reg.GPVirtual{a, a7} {
			at = append(at, Mem{Base: base},
				Mem{Base: base, Index: rowA, Scale: 1},
				Mem{Base: base, Index: rowA, Scale: 2},
				Mem{Base: base, Index: row3, Scale: 1},
				Mem{Base: base, Index: rowA, Scale: 4},
				Mem{Base: base, Index: row5, Scale: 1},
				Mem{Base: base, Index: row3, Scale: 2})
		}
		return at
	}
	// whole says that vector v of a row has no mask.
	whole := func(v int) bool { return mask == nil || v < vectors-1 }

	Label("tile")
	a, a7, b, p := pointer("a"), GP64(), pointer("b"), GP64()
	if rows > 7 {
		LEAQ(Mem{Base: a, Index: row7, Scale: 1}, a7)
	}
	acc := make([]wide, rows)
	for i := range acc {
		acc[i] = zeros(vectors)
	}
	panels := []Mem{{Base: b}, {Base: b, Disp: 32}}
	if isa.lanes == 16 && vectors == 2 {
		panel := pointer("panel")
		panels[1] = Mem{Base: b, Index: panel, Scale: 1}
	}
	bs, x, rowB := registers(vectors), isa.register(), pointer("rowB")
	step := func() {
		for v, m := range panels[:vectors] {
			VMOVUPS(m, bs[v])
		}
		ADDQ(rowB, b)
		for i, at := range rowsOfA(a, a7)[:rows] {
			VBROADCASTSS(at, x)
			do(VFMADD231PS, bs, x, acc[i])
		}
		ADDQ(colA, a)
		if rows > 7 {
			ADDQ(colA, a7)
		}
	}
	// Before every pace steps ask for a row of what is needed at the end, and for
	// a part of the rows of A that come next, as asking for all at once would
	// stall. After the last row, take the rest.
	kc, ask, next, from := GP64(), GP64(), pointer("next"), pointer("from")
	MOVQ(U64(uint64(rows)), ask)
	MOVQ(argument("c"), p)
	SUBQ(p, from)
	CMPQ(argument("pace"), Imm(0))
	JNE(LabelRef("ask"))
	XORQ(ask, ask)
	Label("ask")
	DECQ(ask)
	JLT(LabelRef("rest"))
	PREFETCHT0(Mem{Base: p})
	PREFETCHT0(Mem{Base: p, Disp: bytes(vectors) - 1})
	PREFETCHT0(Mem{Base: p, Index: from, Scale: 1})
	PREFETCHT0(Mem{Base: p, Index: from, Scale: 1, Disp: bytes(vectors) - 1})
	ADDQ(argument("rowC"), p)
	PREFETCHT1(Mem{Base: next})
	PREFETCHT1(Mem{Base: next, Disp: 64})
	ADDQ(rowA, next)
	MOVQ(argument("pace"), kc)
	JMP(LabelRef("steps"))
	Label("rest")
	CMPQ(ask, I8(-1))
	JNE(LabelRef("bias"))
	MOVQ(argument("rest"), kc)
	TESTQ(kc, kc)
	JZ(LabelRef("bias"))
	Label("steps")
	if isa.lanes == 8 && rows == 6 { // most tiles, of short steps: four hide the loop
		SUBQ(Imm(4), kc)
		JLT(LabelRef("few"))
		Label("four")
		for range 4 {
			step()
		}
		SUBQ(Imm(4), kc)
		JGE(LabelRef("four"))
		Label("few")
		ADDQ(Imm(4), kc)
		JZ(LabelRef("ask"))
	}
	Label("one")
	step()
	DECQ(kc)
	JNZ(LabelRef("one"))
	JMP(LabelRef("ask"))

	Label("bias")
	TESTQ(U32(2), argument("start"))
	JZ(LabelRef("add"))
	p = pointer("bias")
	for v := range vectors {
		m := Mem{Base: p, Disp: bytes(v)}
		if whole(v) {
			VMOVUPS(m, bs[v])
		} else {
			VMOVUPS_Z(m, mask, bs[v])
		}
	}
	for i := range acc {
		do(VADDPS, bs, acc[i], acc[i])
	}
	Label("add")
	c, rowC := pointer("c"), pointer("rowC")
	TESTQ(U32(1), argument("start"))
	JZ(LabelRef("store"))
	p = pointer("from")
	for i := range acc {
		for v := range vectors {
			m := Mem{Base: p, Disp: bytes(v)}
			if whole(v) {
				VADDPS(m, acc[i][v], acc[i][v])
			} else {
				VMOVUPS_Z(m, mask, x)
				VADDPS(x, acc[i][v], acc[i][v])
			}
		}
		if i < rows-1 {
			ADDQ(rowC, p)
		}
	}
	Label("store")
	for i := range acc {
		for v := range vectors {
			m := Mem{Base: c, Disp: bytes(v)}
			if whole(v) {
				VMOVUPS(acc[i][v], m)
			} else {
				VMOVUPS(acc[i][v], mask, m)
			}
		}
		if i < rows-1 {
			ADDQ(rowC, c)
		}
	}
	width := Imm(uint64(bytes(vectors)))
	if bytes(vectors) > 127 {
		width = U32(uint32(bytes(vectors)))
	}
	ADDQ(width, argument("c"))
	ADDQ(width, argument("from"))
	ADDQ(width, argument("bias"))
	p = pointer("panel")
	if isa.lanes == 16 && vectors == 2 {
		ADDQ(p, p)
	}
	ADDQ(p, argument("b"))
	p = pointer("tileNext")
	ADDQ(p, argument("next"))
	DECQ(argument("tiles"))
	JNZ(LabelRef("tile"))
	end()
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

// pack copies k rows of b into panels of 16 columns, which lie a stride apart. In
// b, a panel begins step after the one before.
func pack() {
	TEXT("packAVX2", NOSPLIT, "func(dst *float32, stride int, b *float32, step, rowB, k, panels int)")
	Pragma("noescape")
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

// peak is the most that a multiplication could reach: twelve independent
// multiply-adds, n times. See Peak.
func peak() {
	function("peak", "(n int)")
	n, x, acc := pointer("n"), zeros(1)[0], zeros(12)
	Label("loop")
	do(VFMADD231PS, x, x, acc)
	DECQ(n)
	JNZ(LabelRef("loop"))
	end()
}

// pause tells the processor that it waits in a loop.
func pause() {
	isa = instructionSet{}
	function("pause", "()")
	PAUSE()
	RET()
}
