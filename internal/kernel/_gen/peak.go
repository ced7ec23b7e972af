package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func peak() {
	function("peak", "(n int)", `runs twelve independent chains of multiply-adds, of vectors:

	for range n {
		for i := range sums {
			sums[i] += x * x
		}
	}`)
	n, x, acc := pointer("n"), zeros(1)[0], zeros(12)
	Label("loop")
	do(VFMADD231PS, x, x, acc)
	DECQ(n)
	JNZ(LabelRef("loop"))
	end()
}

func peakBF16() {
	text("peakBF16", "(n int)", `runs twelve independent chains of products of 32 pairs of bfloat16:

	for range n {
		for i := range sums {
			for j := range 16 {
				sums[i][j] += x[2*j]*y[2*j] + x[2*j+1]*y[2*j+1]
			}
		}
	}`)
	Load(Param("n"), reg.RCX)
	for i := range 14 {
		VPXORD(zmm[i], zmm[i], zmm[i])
	}
	Label("loop")
	for i := range 12 {
		emit(fmt.Sprintf("VDPBF16PS Z13, Z12, Z%d", i), evex(pF3, 0x52, i, 12, 13))
	}
	DECQ(reg.RCX)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

func peakAMX() {
	text("peakAMX", "(n int)", `runs four independent chains of products of tiles, 16 x 32 by 32 x 16 of bfloat16:

	for range n {
		for i := range sums {
			sums[i] += x * y
		}
	}`)
	Load(Param("n"), reg.RCX)
	LEAQ(tiles, reg.RAX)
	emit("LDTILECFG (AX)", vex(none, 0x49, 0, 0, 0, 0))
	for i := range 6 {
		emit(fmt.Sprintf("TILEZERO TMM%d", i), tileRegisters(pF2, 0x49, i, 0, 0))
	}
	Label("loop")
	for i := range 4 {
		emit(fmt.Sprintf("TDPBF16PS TMM5, TMM4, TMM%d", i), tileRegisters(pF3, 0x5c, i, 5, 4))
	}
	DECQ(reg.RCX)
	JNZ(LabelRef("loop"))
	emit("TILERELEASE", vex(none, 0x49, 0, 0, 0, 0xc0))
	RET()
}

func pause() {
	isa = instructionSet{}
	function("pause", "()", "is the PAUSE instruction: the processor waits in a loop.")
	PAUSE()
	RET()
}
