package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// packRows takes float32 or, if half, bfloat16.
func packRows(half bool) {
	name, kind, width, element := "packRowsBF16", "*float32", 128, "roundBF16(src[r*rowSrc+32*i+j])"
	if half {
		name, kind, width, element = "packRows16BF16", "*uint16", 64, "src[r*rowSrc+32*i+j]"
	}
	text(name,
		fmt.Sprintf("(dst *uint16, src %s, rowSrc, blocks int)", kind),
		fmt.Sprintf(`packs blocks that lie side by side in 16 rows of src into every other block of dst:

	for i := range blocks {
		for r := range 16 {
			for j := range 32 {
				dst[1024*i+32*r+j] = %s
			}
		}
	}

with rowSrc in bytes.`, element))
	to, from, row, rowSrc, blocks, rows := reg.RDI, reg.RSI, reg.RAX, reg.RBX, reg.RCX, reg.RDX
	Load(Param("dst"), to)
	Load(Param("src"), from)
	Load(Param("rowSrc"), rowSrc)
	Load(Param("blocks"), blocks)
	Label("block")
	MOVQ(from, row)
	MOVQ(U32(16), rows)
	Label("row")
	if half {
		VMOVDQU64(Mem{Base: row}, reg.Z0)
	} else {
		VMOVUPS(Mem{Base: row}, reg.Z1)
		VMOVUPS(Mem{Base: row, Disp: 64}, reg.Z2)
		emit("VCVTNE2PS2BF16 Z1, Z2, Z0", evex(pF2, 0x72, 0, 2, 1))
	}
	for ahead := range width / 64 {
		PREFETCHT0(Mem{Base: row, Disp: 4*width + 64*ahead})
	}
	VMOVDQU64(reg.Z0, Mem{Base: to})
	ADDQ(rowSrc, row)
	ADDQ(Imm(64), to)
	DECQ(rows)
	JNZ(LabelRef("row"))
	ADDQ(U32(uint32(width)), from)
	ADDQ(U32(block), to)
	DECQ(blocks)
	JNZ(LabelRef("block"))
	VZEROUPPER()
	RET()
}

// packPairs takes float32 or, if half, bfloat16.
func packPairs(half bool) {
	name, kind, width, element := "packPairsBF16", "*float32", 128, "roundBF16(src[(2*r+j%2)*rowSrc+16*i+j/2])"
	if half {
		name, kind, width, element = "packPairs16BF16", "*uint16", 64, "src[(2*r+j%2)*rowSrc+16*i+j/2]"
	}
	text(name,
		fmt.Sprintf("(dst *uint16, next int, src %s, rowSrc, pairs int)", kind),
		fmt.Sprintf(`packs 32 rows of src into pairs of blocks, whose rows have two rows of src in turn:

	for i := range 2 * pairs {
		for r := range 16 {
			for j := range 32 {
				dst[i/2*next+512*(i%%2)+32*r+j] = %s
			}
		}
	}

with next and rowSrc in bytes.`, element))
	to, next, from, rowSrc, pairs := reg.RDI, reg.R8, reg.RSI, reg.RBX, reg.RCX
	row, later, out, rows := reg.RAX, reg.R10, reg.R9, reg.RDX
	Load(Param("dst"), to)
	Load(Param("next"), next)
	Load(Param("src"), from)
	Load(Param("rowSrc"), rowSrc)
	Load(Param("pairs"), pairs)
	VMOVDQU64(turns, reg.Z3)
	Label("block")
	MOVQ(from, row)
	MOVQ(to, out)
	MOVQ(U32(16), rows)
	MOVQ(rowSrc, later)
	SHLQ(Imm(5), later)
	ADDQ(row, later)
	Label("row")
	for i := range 2 {
		at := Mem{Base: row, Disp: i * width / 2}
		below := at
		below.Index, below.Scale = rowSrc, 1
		if half {
			VMOVDQU(at, reg.Y0)
			VINSERTI64X4(Imm(1), below, reg.Z0, reg.Z0)
		} else {
			VMOVUPS(at, reg.Z1)
			VMOVUPS(below, reg.Z2)
			emit("VCVTNE2PS2BF16 Z1, Z2, Z0", evex(pF2, 0x72, 0, 2, 1))
		}
		if i*width/2%64 == 0 { // prefetch the rows of the next step of K
			at.Base, below.Base = later, later
			PREFETCHT0(at)
			PREFETCHT0(below)
		}
		VPERMW(reg.Z0, reg.Z3, reg.Z0)
		VMOVDQU64(reg.Z0, Mem{Base: out, Disp: i * block})
	}
	LEAQ(Mem{Base: row, Index: rowSrc, Scale: 2}, row)
	LEAQ(Mem{Base: later, Index: rowSrc, Scale: 2}, later)
	ADDQ(Imm(64), out)
	DECQ(rows)
	JNZ(LabelRef("row"))
	ADDQ(U32(uint32(width)), from)
	ADDQ(next, to)
	DECQ(pairs)
	JNZ(LabelRef("block"))
	VZEROUPPER()
	RET()
}

func roundBF16() {
	text("toBF16AVX512BF16", "(dst *uint16, src *float32, n int)", `rounds n floats, a multiple of 32:

	for i := range n {
		dst[i] = roundBF16(src[i])
	}`)
	Load(Param("dst"), reg.RDI)
	Load(Param("src"), reg.RSI)
	Load(Param("n"), reg.RCX)
	Label("loop")
	VMOVUPS(Mem{Base: reg.RSI}, reg.Z1)
	VMOVUPS(Mem{Base: reg.RSI, Disp: 64}, reg.Z2)
	emit("VCVTNE2PS2BF16 Z1, Z2, Z0", evex(pF2, 0x72, 0, 2, 1))
	VMOVDQU64(reg.Z0, Mem{Base: reg.RDI})
	ADDQ(U32(128), reg.RSI)
	ADDQ(Imm(64), reg.RDI)
	SUBQ(Imm(32), reg.RCX)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// transposeBlocks interleaves pairs, then fours of words, then lanes.
func transposeBlocks() {
	text("transposeBlocksAVX512",
		"(dst *uint16, next, blocks int)",
		`transposes blocks of 16 x 16 words of 32 bits in place:

	for i := range blocks {
		block := words(dst[i*next:])
		for r := range 16 {
			for c := range r {
				block[r][c], block[c][r] = block[c][r], block[r][c]
			}
		}
	}

with next in bytes.`)
	Load(Param("dst"), reg.RDI)
	Load(Param("next"), reg.RAX)
	Load(Param("blocks"), reg.RCX)
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
