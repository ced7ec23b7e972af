package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// weightedRows keeps four vectors of sums in registers.
func weightedRows() {
	const fraction, vectors = 22, 4
	function("weightedRows",
		"(dst *uint8, n int, src *uint8, stride int, taps *int32, count int)",
		`sums rows of bytes, each times its tap; n is a multiple of 64:

	for i := range n {
		sum := int32(1 << 21)
		for k := range count {
			sum += taps[k] * int32(src[k*stride+i])
		}
		dst[i] = uint8(min(max(sum>>22, 0), 255))
	}`)
	dst, n, src, stride := pointer("dst"), pointer("n"), pointer("src"), pointer("stride")
	taps, count := pointer("taps"), pointer("count")
	width := isa.lanes * vectors // bytes
	sums, pixels, tap := registers(vectors), registers(vectors), isa.register()
	row, at, left := GP64(), GP64(), GP64()

	Label("columns")
	do(VMOVUPS, words(1<<(fraction-1)), sums)
	MOVQ(src, row)
	MOVQ(taps, at)
	MOVQ(count, left)
	Label("rows")
	VPBROADCASTD(Mem{Base: at}, tap)
	for i := range vectors {
		VPMOVZXBD(Mem{Base: row, Disp: isa.lanes * i}, pixels[i])
	}
	do(VPMULLD, tap, pixels, pixels)
	do(VPADDD, pixels, sums, sums)
	ADDQ(stride, row)
	ADDQ(Imm(4), at)
	DECQ(left)
	JNZ(LabelRef("rows"))

	do(VPSRAD, Imm(fraction), sums, sums)
	if isa.lanes == 16 {
		zero := isa.register()
		VPXORD(zero, zero, zero)
		do(VPMAXSD, zero, sums, sums)
		for i := range vectors {
			VPMOVUSDB(sums[i], Mem{Base: dst, Disp: isa.lanes * i})
		}
	} else { // packing goes by halves of a register
		order := YMM()
		VMOVUPS(halvesInOrder(), order)
		VPACKSSDW(sums[1], sums[0], sums[0])
		VPACKSSDW(sums[3], sums[2], sums[2])
		VPACKUSWB(sums[2], sums[0], sums[0])
		VPERMD(sums[0], order, sums[0])
		VMOVUPS(sums[0], Mem{Base: dst})
	}
	ADDQ(U32(uint32(width)), dst)
	ADDQ(U32(uint32(width)), src)
	SUBQ(U32(uint32(width)), n)
	JNZ(LabelRef("columns"))
	end()
}

// halvesInOrder says where the words of four packed vectors belong.
func halvesInOrder() Mem {
	m := GLOBL("halvesInOrder", RODATA|NOPTR)
	for i, word := range []uint32{0, 4, 1, 5, 2, 6, 3, 7} {
		DATA(4*i, U32(word))
	}
	return m
}
