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
// words transposed. The blocks of 32 rows of A, or columns of B, lie in the order
// of K, two for each step of it.
const block = 1024

var zmm = func() (all []reg.Physical) {
	for _, r := range reg.Vector.Registers() {
		if r.Size() == 64 {
			all = append(all, r)
		}
	}
	return all
}()

// Turns is the order of words that puts the two halves of a vector in turn, and
// tiles configures the eight tile registers as 16 rows of 64 bytes each.
var turns, tiles Mem

func tables() {
	turns = GLOBL("turns", RODATA|NOPTR)
	for i := range 16 {
		DATA(4*i, U32(uint32(i|(16+i)<<16)))
	}
	tiles = GLOBL("tiles", RODATA|NOPTR)
	const palette, width, rows = 1, 0x0040004000400040, 0x1010101010101010
	for i, word := range []uint64{palette, 0, width, width, 0, 0, rows, 0} {
		DATA(8*i, U64(word))
	}
}

// bf16 writes the kernels of AVX512-BF16 and AMX.
func bf16() {
	isa = avx512
	tables()
	roundBF16()
	packRows(false)
	packRows(true)
	packPairs(false)
	packPairs(true)
	transposeBlocks()
	products("productBF16", func() {}, dotProducts)
	products("productAMX", tileProducts, storeTiles)
	peakBF16()
	peakAMX()
}

// products writes a kernel whose sums are made between begin and end, by whom they
// are left in s, 4 KB. They are taken from there while the next panel's are begun.
func products(name string, begin, end func()) {
	text(name,
		"(panels, rows, steps int, a, b *uint16, s, c *float32, c16 *uint16, rowC int, bias, addend *float32, rowAdd int, mask uint32)",
		productsDoc)
	s, c, rowC, addend, done := reg.R8, reg.R10, reg.R11, reg.R12, reg.R15
	masks := []reg.Register{reg.K1, reg.K2, reg.K3} // of the two vectors and of both together
	Load(Param("s"), s)
	Load(Param("c"), c)
	TESTQ(c, c)
	CMOVQEQ(argument("c16"), c)
	Load(Param("rowC"), rowC)
	Load(Param("addend"), addend)
	VPXORD(reg.Z30, reg.Z30, reg.Z30)
	VPXORD(reg.Z31, reg.Z31, reg.Z31)
	MOVQ(I32(-1), reg.RAX)
	for _, k := range masks {
		KMOVD(reg.EAX, k)
	}
	if name == "productAMX" {
		LEAQ(tiles, reg.RAX)
		emit("LDTILECFG (AX)", vex(none, 0x49, 0, 0, 0, 0))
	}
	XORQ(done, done) // bytes of a row of the panel whose sums lie in s
	Label("panel")
	begin()
	TESTQ(done, done)
	JZ(LabelRef("end"))
	Label("take")
	takeSums(s, c, rowC, addend, done)
	CMPQ(argument("panels"), Imm(0))
	JE(LabelRef("return"))
	Label("end")
	end()
	MOVQ(U32(128), done)
	CMPQ(argument("c16"), Imm(0))
	JE(LabelRef("next"))
	MOVQ(U32(64), done)
	Label("next")
	DECQ(argument("panels"))
	JNZ(LabelRef("panel"))
	MOVL(argument("mask"), reg.EAX)
	KMOVW(reg.EAX, reg.K1)
	KMOVD(reg.EAX, reg.K3)
	SHRL(Imm(16), reg.EAX)
	KMOVW(reg.EAX, reg.K2)
	JMP(LabelRef("take"))
	Label("return")
	if name == "productAMX" {
		emit("TILERELEASE", vex(none, 0x49, 0, 0, 0, 0xc0))
	}
	VZEROUPPER()
	RET()
}

const productsDoc = `computes panels of C of 32 columns, side by side, from at most 32 rows of packed A:

	for panel := range panels {
		for i := range rows {
			for j := range 32 { // of the last panel, those in mask
				var sum float32
				for k := range 32 * steps {
					sum += float32(A[i][k]) * float32(B[panel][k][j])
				}
				if bias != nil {
					sum += bias[32*panel+j]
				}
				if addend != nil {
					sum += addend[i*rowAdd+32*panel+j]
				}
				if c16 != nil {
					c16[i*rowC+32*panel+j] = roundBF16(sum)
				} else {
					c[i*rowC+32*panel+j] = sum
				}
			}
		}
	}

where A and B are a and b, packed, strides are in bytes, and s is 4 KB for the sums of a panel.`

// takeSums writes a panel of C.
func takeSums(s, c, rowC, addend, panel reg.GPPhysical) {
	from, to, plus, rows, rowAdd, c16 := reg.RAX, reg.R9, reg.RBX, reg.RCX, reg.RDX, reg.R13
	MOVQ(argument("bias"), from)
	TESTQ(from, from)
	JZ(LabelRef("add"))
	VMOVUPS_Z(Mem{Base: from}, reg.K1, reg.Z30)
	VMOVUPS_Z(Mem{Base: from, Disp: 64}, reg.K2, reg.Z31)
	ADDQ(U32(128), argument("bias"))
	Label("add")
	MOVQ(argument("rows"), rows)
	MOVQ(argument("rowAdd"), rowAdd)
	MOVQ(argument("c16"), c16)
	MOVQ(s, from)
	MOVQ(c, to)
	MOVQ(addend, plus)
	Label("row")
	VADDPS(Mem{Base: from}, reg.Z30, reg.Z0)
	VADDPS(Mem{Base: from, Disp: 64}, reg.Z31, reg.Z1)
	ADDQ(U32(128), from)
	TESTQ(addend, addend)
	JZ(LabelRef("store"))
	VMOVUPS_Z(Mem{Base: plus}, reg.K1, reg.Z2)
	VMOVUPS_Z(Mem{Base: plus, Disp: 64}, reg.K2, reg.Z3)
	VADDPS(reg.Z2, reg.Z0, reg.Z0)
	VADDPS(reg.Z3, reg.Z1, reg.Z1)
	ADDQ(rowAdd, plus)
	Label("store")
	TESTQ(c16, c16)
	JNZ(LabelRef("round"))
	VMOVUPS(reg.Z0, reg.K1, Mem{Base: to})
	VMOVUPS(reg.Z1, reg.K2, Mem{Base: to, Disp: 64})
	ADDQ(rowC, to)
	DECQ(rows)
	JNZ(LabelRef("row"))
	JMP(LabelRef("taken"))
	Label("round")
	emit("VCVTNE2PS2BF16 Z0, Z1, Z0", evex(pF2, 0x72, 0, 1, 0))
	VMOVDQU16(reg.Z0, reg.K3, Mem{Base: to})
	ADDQ(rowC, to)
	DECQ(rows)
	JNZ(LabelRef("row"))
	Label("taken")
	ADDQ(panel, c)
	TESTQ(addend, addend)
	JZ(LabelRef("beside"))
	ADDQ(U32(128), addend)
	Label("beside")
}

// tileProducts keeps four tiles of sums, which use each tile of A and B twice.
func tileProducts() {
	a, b, stride, step := reg.RAX, reg.RCX, reg.RSI, reg.RDI
	c, rowC, left := reg.R9, reg.R11, reg.RDX
	const as, bs = 4, 6 // the first of two tiles
	MOVQ(argument("a"), a)
	MOVQ(argument("b"), b)
	MOVQ(argument("steps"), step)
	MOVQ(argument("rows"), left)
	LEAQ(Mem{Base: reg.R10, Index: reg.R15, Scale: 1}, c)
	MOVQ(U32(64), stride)
	for i := range 4 {
		emit(fmt.Sprintf("TILEZERO TMM%d", i), tileRegisters(pF2, 0x49, i, 0, 0))
	}
	load := func(tile int, base reg.GPPhysical, disp int) {
		emit(fmt.Sprintf("TILELOADD %d(%s)(SI*1), TMM%d", disp, base.Asm(), tile),
			tileMemory(pF2, 0x4b, tile, base, stride, disp))
	}
	multiply := func(i, j int) {
		emit(fmt.Sprintf("TDPBF16PS TMM%d, TMM%d, TMM%d", bs+j, as+i, 2*i+j), tileRegisters(pF3, 0x5c, 2*i+j, bs+j, as+i))
	}
	Label("step")
	load(bs, b, 0)
	load(as, a, 0)
	// Prefetch C, which is needed at the end: four rows at each of the first steps.
	TESTQ(left, left)
	JLE(LabelRef("prefetched"))
	for range 4 {
		PREFETCHT0(Mem{Base: c})
		PREFETCHT0(Mem{Base: c, Disp: 64})
		ADDQ(rowC, c)
	}
	SUBQ(Imm(4), left)
	Label("prefetched")
	multiply(0, 0)
	load(bs+1, b, block)
	multiply(0, 1)
	load(as+1, a, block)
	multiply(1, 0)
	multiply(1, 1)
	ADDQ(U32(2*block), a)
	ADDQ(U32(2*block), b)
	DECQ(step)
	JNZ(LabelRef("step"))
	MOVQ(b, argument("b"))
}

// storeTiles puts the sums where takeSums finds them.
func storeTiles() {
	s, stride := reg.R8, reg.RSI
	MOVQ(U32(128), stride)
	for i := range 4 {
		disp := i/2*16*128 + i%2*64
		emit(fmt.Sprintf("TILESTORED TMM%d, %d(R8)(SI*1)", i, disp), tileMemory(pF3, 0x4b, i, s, stride, disp))
	}
}

// dotProducts makes sums of 8 rows at a time, 32 columns in two registers each.
func dotProducts() {
	a, b, step, pair, s, group := reg.RAX, reg.RCX, reg.RDI, reg.RSI, reg.RBX, reg.RDX
	MOVQ(reg.R8, s)
	XORQ(group, group)
	Label("group")
	MOVQ(argument("a"), a)
	ADDQ(group, a)
	MOVQ(argument("b"), b)
	MOVQ(argument("steps"), step)
	for i := range 16 {
		VPXORD(zmm[i], zmm[i], zmm[i])
	}
	Label("step")
	MOVQ(U32(16), pair)
	Label("pair")
	VMOVDQU64(Mem{Base: b}, zmm[16])
	VMOVDQU64(Mem{Base: b, Disp: block}, zmm[17])
	for r := range 8 {
		x := 18 + r%4
		VPBROADCASTD(Mem{Base: a, Disp: 64 * r}, zmm[x])
		for j := range 2 {
			emit(fmt.Sprintf("VDPBF16PS Z%d, Z%d, Z%d", 16+j, x, 2*r+j), evex(pF3, 0x52, 2*r+j, x, 16+j))
		}
	}
	ADDQ(Imm(4), a)
	ADDQ(Imm(64), b)
	DECQ(pair)
	JNZ(LabelRef("pair"))
	ADDQ(U32(2*block-64), a)
	ADDQ(U32(block), b)
	DECQ(step)
	JNZ(LabelRef("step"))
	for i := range 16 {
		VMOVUPS(zmm[i], Mem{Base: s, Disp: 64 * i})
	}
	ADDQ(U32(16*64), s)
	ADDQ(U32(8*64), group)
	CMPQ(group, U32(2*block))
	JNE(LabelRef("group"))
	MOVQ(b, argument("b"))
}

func convertBF16() {
	function("toBF16", "(dst *uint16, src *float32, n int)", `rounds n floats, a multiple of 16:

	for i := range n {
		dst[i] = roundBF16(src[i])
	}`)
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

	function("fromBF16", "(dst *float32, src *uint16, n int)", `widens n numbers, a multiple of 16:

	for i := range n {
		dst[i] = math.Float32frombits(uint32(src[i]) << 16)
	}`)
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
