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
	pack()
	peak()
	exponential()
	gelu()
	quickGELU()
	tanhGELU()
	layerNorm()
	elementwise()
	contrast()
	attention()
	adamW()
	Generate()
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
