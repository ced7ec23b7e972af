// Command gen writes the assembly of package kernel: AVX2 with FMA. Run it
// through go generate in the package's folder.
package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("!purego")
	for rows := 1; rows <= 6; rows++ {
		gemm(rows)
	}
	transpose()
	exponential()
	gelu()
	quickGELU()
	tanhGELU()
	layerNorm()
	elementwise()
	contrast()
	adamW()
	Generate()
}

// gemm writes a tile of C of the given number of rows and 16 columns. A is
// read through two strides, so that it is never transposed; b is a packed panel
// of kc rows of 16. Strides are in bytes. The tile starts from 0, C, the bias or
// C plus the bias as start is 0, 1, 2 or 3.
func gemm(rows int) {
	TEXT(fmt.Sprintf("gemm%dx16AVX2", rows), NOSPLIT,
		"func(kc int, a *float32, rowA, colA int, b, c *float32, rowC, start int, bias *float32)")
	Pragma("noescape")
	kc, a, rowA, colA := pointer("kc"), pointer("a"), pointer("rowA"), pointer("colA")
	b, c, rowC, start := pointer("b"), pointer("c"), pointer("rowC"), pointer("start")
	row3, row5 := GP64(), GP64()
	LEAQ(Mem{Base: rowA, Index: rowA, Scale: 2}, row3)
	LEAQ(Mem{Base: rowA, Index: rowA, Scale: 4}, row5)

	acc := make([][2]reg.VecVirtual, rows)
	for i := range acc {
		acc[i] = [2]reg.VecVirtual{YMM(), YMM()}
		VXORPS(acc[i][0], acc[i][0], acc[i][0])
		VXORPS(acc[i][1], acc[i][1], acc[i][1])
	}
	TESTQ(U32(2), start)
	JZ(LabelRef("nobias"))
	bias := pointer("bias")
	for i := range acc {
		VMOVUPS(Mem{Base: bias}, acc[i][0])
		VMOVUPS(Mem{Base: bias, Disp: 32}, acc[i][1])
	}
	Label("nobias")
	TESTQ(U32(1), start)
	JZ(LabelRef("loop"))
	load := GP64()
	MOVQ(c, load)
	for i := range acc {
		VADDPS(Mem{Base: load}, acc[i][0], acc[i][0])
		VADDPS(Mem{Base: load, Disp: 32}, acc[i][1], acc[i][1])
		if i < rows-1 {
			ADDQ(rowC, load)
		}
	}

	Label("loop")
	b0, b1, x := YMM(), YMM(), YMM()
	rowsOfA := []Mem{
		{Base: a},
		{Base: a, Index: rowA, Scale: 1},
		{Base: a, Index: rowA, Scale: 2},
		{Base: a, Index: row3, Scale: 1},
		{Base: a, Index: rowA, Scale: 4},
		{Base: a, Index: row5, Scale: 1},
	}
	step := func(disp int) {
		VMOVUPS(Mem{Base: b, Disp: disp}, b0)
		VMOVUPS(Mem{Base: b, Disp: disp + 32}, b1)
		for i := range acc {
			VBROADCASTSS(rowsOfA[i], x)
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
	JZ(LabelRef("store"))
	Label("by1")
	step(0)
	ADDQ(Imm(64), b)
	DECQ(kc)
	JNZ(LabelRef("by1"))

	Label("store")
	for i := range acc {
		VMOVUPS(acc[i][0], Mem{Base: c})
		VMOVUPS(acc[i][1], Mem{Base: c, Disp: 32})
		if i < rows-1 {
			ADDQ(rowC, c)
		}
	}
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
	src4 := GP64()
	LEAQ(Mem{Base: src, Index: rowSrc, Scale: 4}, src4)
	Label("loop")
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

// pointer loads an integer or pointer parameter.
func pointer(name string) reg.GPVirtual {
	p := GP64()
	Load(Param(name), p)
	return p
}

// scalar broadcasts a float parameter.
func scalar(name string) reg.VecVirtual {
	p, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	y := YMM()
	VBROADCASTSS(p.Addr, y)
	return y
}

var constants = map[uint32]Mem{}

// constant is eight copies of x in memory.
func constant(x float64) Mem {
	bits := math.Float32bits(float32(x))
	return words(bits)
}

func words(bits uint32) Mem {
	m, ok := constants[bits]
	if !ok {
		m = GLOBL(fmt.Sprintf("c%08x", bits), RODATA|NOPTR)
		for i := range 8 {
			DATA(4*i, U32(bits))
		}
		constants[bits] = m
	}
	return m
}
