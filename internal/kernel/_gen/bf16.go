package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Operands of a product of bfloat16 are packed into blocks of 1 KB: 16 rows of 64
// bytes, a tile register. A block of A is 16 rows of it by 32 of K. One of B has
// pairs of K in its rows: 16 pairs by 16 columns. Each is the other with its 32-bit
// words transposed.
const block = 1024

var zmm = func() (all []reg.Physical) {
	for _, r := range reg.Vector.Registers() {
		if r.Size() == 64 {
			all = append(all, r)
		}
	}
	return all
}()

// bf16 writes the kernels of AVX512-BF16 and AMX.
func bf16() {
	isa = avx512
	packRows(false)
	packRows(true)
	order := turns()
	packPairs(false, order)
	packPairs(true, order)
	transposeBlocks()
	products("productBF16", dotProducts)
	products("productAMX", tileProducts)
}

// load16 loads a physical register from a parameter.
func load16(name string, r reg.GPPhysical) { Load(Param(name), r) }

// packRows packs blocks along rows of src: row r of block i is 32 numbers
// from column 32i on of row r, rounded unless they are bfloat16 already.
func packRows(half bool) {
	name, kind, width := "packRowsBF16", "*float32", 128
	if half {
		name, kind, width = "packRows16BF16", "*uint16", 64
	}
	TEXT(name, NOSPLIT, fmt.Sprintf("func(dst *uint16, src %s, rowSrc, blocks int)", kind))
	Pragma("noescape")
	load16("dst", reg.RDI)
	load16("rowSrc", reg.RBX)
	load16("blocks", reg.RCX)
	load16("src", reg.RSI)
	Label("block")
	MOVQ(reg.RSI, reg.RAX)
	MOVQ(U32(16), reg.RDX)
	Label("row")
	if half {
		VMOVDQU64(Mem{Base: reg.RAX}, reg.Z0)
	} else {
		VMOVUPS(Mem{Base: reg.RAX}, reg.Z1)
		VMOVUPS(Mem{Base: reg.RAX, Disp: 64}, reg.Z2)
		emit("VCVTNE2PS2BF16 Z1, Z2, Z0", evex(pF2, 0x72, 0, 2, 1))
	}
	PREFETCHT0(Mem{Base: reg.RAX, Disp: 4 * width})
	VMOVDQU64(reg.Z0, Mem{Base: reg.RDI})
	ADDQ(reg.RBX, reg.RAX)
	ADDQ(Imm(64), reg.RDI)
	DECQ(reg.RDX)
	JNZ(LabelRef("row"))
	ADDQ(U32(uint32(width)), reg.RSI)
	DECQ(reg.RCX)
	JNZ(LabelRef("block"))
	VZEROUPPER()
	RET()
}

// packPairs packs blocks side by side, next bytes apart in dst: row r of
// block i has columns 16i on of rows 2r and 2r+1 of src, in turn.
func packPairs(half bool, order Mem) {
	name, kind, width := "packPairsBF16", "*float32", 64
	if half {
		name, kind, width = "packPairs16BF16", "*uint16", 32
	}
	TEXT(name, NOSPLIT, fmt.Sprintf("func(dst *uint16, next int, src %s, rowSrc, blocks int)", kind))
	Pragma("noescape")
	load16("dst", reg.RDI)
	load16("next", reg.R8)
	load16("rowSrc", reg.RBX)
	load16("blocks", reg.RCX)
	load16("src", reg.RSI)
	VMOVDQU64(order, reg.Z3)
	Label("block")
	MOVQ(reg.RSI, reg.RAX)
	MOVQ(reg.RDI, reg.R9)
	MOVQ(U32(16), reg.RDX)
	Label("pair")
	if half {
		VMOVDQU(Mem{Base: reg.RAX}, reg.Y0)
		VINSERTI64X4(Imm(1), Mem{Base: reg.RAX, Index: reg.RBX, Scale: 1}, reg.Z0, reg.Z0)
	} else {
		VMOVUPS(Mem{Base: reg.RAX}, reg.Z1)
		VMOVUPS(Mem{Base: reg.RAX, Index: reg.RBX, Scale: 1}, reg.Z2)
		emit("VCVTNE2PS2BF16 Z1, Z2, Z0", evex(pF2, 0x72, 0, 2, 1))
	}
	PREFETCHT0(Mem{Base: reg.RAX, Disp: 4 * width})
	PREFETCHT0(Mem{Base: reg.RAX, Index: reg.RBX, Scale: 1, Disp: 4 * width})
	VPERMW(reg.Z0, reg.Z3, reg.Z0)
	VMOVDQU64(reg.Z0, Mem{Base: reg.R9})
	LEAQ(Mem{Base: reg.RAX, Index: reg.RBX, Scale: 2}, reg.RAX)
	ADDQ(Imm(64), reg.R9)
	DECQ(reg.RDX)
	JNZ(LabelRef("pair"))
	ADDQ(U32(uint32(width)), reg.RSI)
	ADDQ(reg.R8, reg.RDI)
	DECQ(reg.RCX)
	JNZ(LabelRef("block"))
	VZEROUPPER()
	RET()
}

// turns is the order of words that puts the two halves of a vector in turn.
func turns() Mem {
	m := GLOBL("turns", RODATA|NOPTR)
	for i := range 16 {
		DATA(4*i, U32(uint32(i|(16+i)<<16)))
	}
	return m
}

// transposeBlocks transposes, in place, the 32-bit words of blocks that lie next
// bytes apart: pairs, then fours of words, then of lanes.
func transposeBlocks() {
	TEXT("transposeBlocksAVX512", NOSPLIT, "func(dst *uint16, next, blocks int)")
	Pragma("noescape")
	load16("dst", reg.RDI)
	load16("next", reg.RAX)
	load16("blocks", reg.RCX)
	Label("block")
	x, y := zmm[:16], zmm[16:]
	for i := range x {
		VMOVDQU64(Mem{Base: reg.RDI, Disp: 64 * i}, x[i])
	}
	for i := 0; i < 16; i += 2 {
		VPUNPCKLDQ(x[i+1], x[i], y[i])
		VPUNPCKHDQ(x[i+1], x[i], y[i+1])
	}
	for i := 0; i < 16; i += 4 {
		for j := range 2 {
			VPUNPCKLQDQ(y[i+j+2], y[i+j], x[i+2*j])
			VPUNPCKHQDQ(y[i+j+2], y[i+j], x[i+2*j+1])
		}
	}
	// Now lane l of x[4i+j] has column 4l+j of rows 4i to 4i+3.
	for j := range 4 {
		for i := 0; i < 2; i++ {
			VSHUFI64X2(Imm(0x88), x[8*i+4+j], x[8*i+j], y[4*j+2*i])
			VSHUFI64X2(Imm(0xdd), x[8*i+4+j], x[8*i+j], y[4*j+2*i+1])
		}
		for odd := range 2 {
			VSHUFI64X2(Imm(0x88), y[4*j+2+odd], y[4*j+odd], x[j+4*odd])
			VSHUFI64X2(Imm(0xdd), y[4*j+2+odd], y[4*j+odd], x[j+4*odd+8])
		}
	}
	for i := range x {
		VMOVDQU64(x[i], Mem{Base: reg.RDI, Disp: 64 * i})
	}
	ADDQ(reg.RAX, reg.RDI)
	DECQ(reg.RCX)
	JNZ(LabelRef("block"))
	VZEROUPPER()
	RET()
}

// products writes C, 32 rows after 32, of 32 columns: the products of the packed
// blocks of A and two columns of blocks of B, whose next row or column of blocks
// is next bytes on, with bias and addend if they are not nil. Sums are made by
// body in s, 4 KB. Columns are those of mask.
func products(name string, body func()) {
	TEXT(name, NOSPLIT, "func(rows, steps int, a, b *uint16, next int, s, c *float32, rowC int, bias, addend *float32, rowAdd int, mask uint32)")
	Pragma("noescape")
	rows, s, c, rowC, addend, rowAdd := reg.R9, reg.R8, reg.R10, reg.R11, reg.R12, reg.R13
	load16("rows", rows)
	load16("s", s)
	load16("c", c)
	load16("rowC", rowC)
	load16("addend", addend)
	load16("rowAdd", rowAdd)
	Load(Param("mask"), reg.EAX)
	KMOVW(reg.EAX, reg.K1)
	SHRL(Imm(16), reg.EAX)
	KMOVW(reg.EAX, reg.K2)
	VPXORD(reg.Z30, reg.Z30, reg.Z30)
	VPXORD(reg.Z31, reg.Z31, reg.Z31)
	load16("bias", reg.RAX)
	TESTQ(reg.RAX, reg.RAX)
	JZ(LabelRef("begin"))
	VMOVUPS_Z(Mem{Base: reg.RAX}, reg.K1, reg.Z30)
	VMOVUPS_Z(Mem{Base: reg.RAX, Disp: 64}, reg.K2, reg.Z31)
	Label("begin")
	if name == "productAMX" {
		LEAQ(tiles(), reg.RAX)
		emit("LDTILECFG (AX)", vex(none, 0x49, 0, 0, 0, 0))
	}
	Label("unit")
	body()

	MOVQ(s, reg.RAX)
	MOVQ(U32(32), reg.RCX)
	CMPQ(reg.RCX, rows)
	CMOVQGT(rows, reg.RCX)
	SUBQ(reg.RCX, rows)
	Label("row")
	VADDPS(Mem{Base: reg.RAX}, reg.Z30, reg.Z0)
	VADDPS(Mem{Base: reg.RAX, Disp: 64}, reg.Z31, reg.Z1)
	TESTQ(addend, addend)
	JZ(LabelRef("store"))
	VMOVUPS_Z(Mem{Base: addend}, reg.K1, reg.Z2)
	VMOVUPS_Z(Mem{Base: addend, Disp: 64}, reg.K2, reg.Z3)
	VADDPS(reg.Z2, reg.Z0, reg.Z0)
	VADDPS(reg.Z3, reg.Z1, reg.Z1)
	ADDQ(rowAdd, addend)
	Label("store")
	VMOVUPS(reg.Z0, reg.K1, Mem{Base: c})
	VMOVUPS(reg.Z1, reg.K2, Mem{Base: c, Disp: 64})
	ADDQ(Imm(128), reg.RAX)
	ADDQ(rowC, c)
	DECQ(reg.RCX)
	JNZ(LabelRef("row"))

	load16("next", reg.RAX)
	ADDQ(reg.RAX, reg.RAX)
	ADDQ(reg.RAX, argument("a"))
	TESTQ(rows, rows)
	JNZ(LabelRef("unit"))
	if name == "productAMX" {
		emit("TILERELEASE", vex(none, 0x49, 0, 0, 0, 0xc0))
	}
	VZEROUPPER()
	RET()
}

// tiles configures the eight tile registers: 16 rows of 64 bytes each.
func tiles() Mem {
	m := GLOBL("tiles", RODATA|NOPTR)
	DATA(0, U64(1))
	DATA(8, U64(0))
	DATA(16, U64(0x0040004000400040))
	DATA(24, U64(0x0040004000400040))
	DATA(32, U64(0))
	DATA(40, U64(0))
	DATA(48, U64(0x1010101010101010))
	DATA(56, U64(0))
	return m
}

// tileProducts keeps four tiles of sums, which use each tile of A and B twice.
func tileProducts() {
	a0, a1, b0, b1, stride, step := reg.RAX, reg.RBX, reg.RCX, reg.RDX, reg.RSI, reg.RDI
	sums := [2][2]int{{0, 1}, {2, 3}}
	as, bs := [2]int{4, 5}, [2]int{6, 7}
	load16("a", a0)
	load16("b", b0)
	load16("next", b1)
	LEAQ(Mem{Base: a0, Index: b1, Scale: 1}, a1)
	ADDQ(b0, b1)
	load16("steps", step)
	MOVQ(U32(64), stride)
	for i := range 4 {
		emit(fmt.Sprintf("TILEZERO TMM%d", i), tileRegisters(pF2, 0x49, i, 0, 0))
	}
	load := func(tile int, base reg.GPPhysical) {
		emit(fmt.Sprintf("TILELOADD (%s)(SI*1), TMM%d", base.Asm(), tile), tileMemory(pF2, 0x4b, tile, base, stride))
	}
	multiply := func(i, j int) {
		emit(fmt.Sprintf("TDPBF16PS TMM%d, TMM%d, TMM%d", bs[j], as[i], sums[i][j]), tileRegisters(pF3, 0x5c, sums[i][j], bs[j], as[i]))
	}
	Label("step")
	load(bs[0], b0)
	load(as[0], a0)
	multiply(0, 0)
	load(bs[1], b1)
	multiply(0, 1)
	load(as[1], a1)
	multiply(1, 0)
	multiply(1, 1)
	for _, p := range []reg.GPPhysical{a0, a1, b0, b1} {
		ADDQ(U32(block), p)
	}
	DECQ(step)
	JNZ(LabelRef("step"))

	MOVQ(U32(128), stride)
	to := reg.RAX
	for i := range 2 {
		for j := range 2 {
			LEAQ(Mem{Base: reg.R8, Disp: 16*128*i + 64*j}, to)
			emit(fmt.Sprintf("TILESTORED TMM%d, (AX)(SI*1)", sums[i][j]), tileMemory(pF3, 0x4b, sums[i][j], to, stride))
		}
	}
}

// dotProducts makes sums of 8 rows at a time, 32 columns in two registers each.
func dotProducts() {
	a, b0, b1, step, pair, s, group := reg.RAX, reg.RCX, reg.RDX, reg.RDI, reg.RSI, reg.RBX, reg.R15
	MOVQ(reg.R8, s)
	XORQ(group, group)
	Label("group")
	load16("b", b0)
	load16("next", b1)
	load16("a", a)
	// Groups 0 and 1 are the halves of a block's rows, 2 and 3 those of the next.
	TESTQ(U32(2), group)
	JZ(LabelRef("upper"))
	ADDQ(b1, a)
	Label("upper")
	TESTQ(U32(1), group)
	JZ(LabelRef("half"))
	ADDQ(U32(block/2), a)
	Label("half")
	ADDQ(b0, b1)
	load16("steps", step)
	for i := range 16 {
		VPXORD(zmm[i], zmm[i], zmm[i])
	}
	Label("step")
	MOVQ(U32(16), pair)
	Label("pair")
	VMOVDQU64(Mem{Base: b0}, zmm[16])
	VMOVDQU64(Mem{Base: b1}, zmm[17])
	for r := range 8 {
		x := 18 + r%4
		VPBROADCASTD(Mem{Base: a, Disp: 64 * r}, zmm[x])
		for j := range 2 {
			emit(fmt.Sprintf("VDPBF16PS Z%d, Z%d, Z%d", 16+j, x, 2*r+j), evex(pF3, 0x52, 2*r+j, x, 16+j))
		}
	}
	ADDQ(Imm(4), a)
	ADDQ(Imm(64), b0)
	ADDQ(Imm(64), b1)
	DECQ(pair)
	JNZ(LabelRef("pair"))
	ADDQ(U32(block-64), a)
	DECQ(step)
	JNZ(LabelRef("step"))
	for i := range 16 {
		VMOVUPS(zmm[i], Mem{Base: s, Disp: 64 * i})
	}
	ADDQ(U32(16*64), s)
	INCQ(group)
	CMPQ(group, U32(4))
	JNE(LabelRef("group"))
}

// convertBF16 rounds n floats, a multiple of 16, to bfloat16, and widens them. The
// processor's own instruction gives the same bits and is no faster: both wait for
// memory.
func convertBF16() {
	function("toBF16", "(dst *uint16, src *float32, n int)")
	dst, src, n := pointer("dst"), pointer("src"), pointer("n")
	vectors := 16 / isa.lanes
	Label("loop")
	x := registers(vectors)
	upper, y, t := like(x), like(x), like(x)
	for i := range x {
		VMOVUPS(Mem{Base: src, Disp: bytes(i)}, x[i])
	}
	do(VPSRLD, Imm(16), x, upper)
	do(VANDPS, bits(1), upper, y)
	do(VPADDD, bits(0x7fff), y, y)
	do(VPADDD, x, y, y)
	do(VPSRLD, Imm(16), y, y)
	do(VANDPS, bits(0x7fffffff), x, t)
	zero, smallest := like(x), like(x)
	do(VMOVUPS, words(0x00800000), smallest)
	do(VANDPS, bits(0x8000), upper, zero)
	const less, unordered = 1, 3
	pick(less, t, smallest, zero, y)
	do(VORPS, bits(0x40), upper, upper)
	pick(unordered, x, x, upper, y)
	if isa.lanes == 16 {
		VPMOVDW(y[0], Mem{Base: dst})
	} else {
		VPACKUSDW(y[1], y[0], y[0])
		VPERMQ(Imm(0xd8), y[0], y[0])
		VMOVDQU(y[0], Mem{Base: dst})
	}
	ADDQ(Imm(64), src)
	ADDQ(Imm(32), dst)
	SUBQ(Imm(16), n)
	JNZ(LabelRef("loop"))
	end()

	function("fromBF16", "(dst *float32, src *uint16, n int)")
	dst, src, n = pointer("dst"), pointer("src"), pointer("n")
	Label("loop")
	w := registers(vectors)
	for i := range w {
		VPMOVZXWD(Mem{Base: src, Disp: bytes(i) / 2}, w[i])
	}
	do(VPSLLD, Imm(16), w, w)
	for i := range w {
		VMOVUPS(w[i], Mem{Base: dst, Disp: bytes(i)})
	}
	ADDQ(Imm(32), src)
	ADDQ(Imm(64), dst)
	SUBQ(Imm(16), n)
	JNZ(LabelRef("loop"))
	end()
}

// bits is a register of copies of a word.
func bits(word uint32) reg.VecVirtual {
	y := isa.register()
	VMOVUPS(words(word), y)
	return y
}
