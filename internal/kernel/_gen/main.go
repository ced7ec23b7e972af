// Command gen writes the assembly of package kernel: for AVX2 with FMA, for
// AVX-512, and for products of bfloat16 with AVX512-BF16 and AMX. Run it through
// go generate in the package's folder.
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
		gemm(avx2, rows, 2)
	}
	for rows := 1; rows <= 14; rows++ {
		gemm(avx512, rows, 1)
		gemm(avx512, rows, 2)
	}
	transpose()
	pack()
	pause()
	for _, isa = range []instructionSet{avx2, avx512} {
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
		weightedRows()
		convertBF16()
	}
	bf16()
	Generate()
}

// pointer loads an integer or pointer parameter.
func pointer(name string) reg.GPVirtual {
	p := GP64()
	Load(Param(name), p)
	return p
}

// argument is a parameter in memory, where no register is left to hold it.
func argument(name string) Mem {
	p, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return p.Addr
}

// scalar broadcasts a float parameter.
func scalar(name string) reg.VecVirtual {
	y := isa.register()
	VBROADCASTSS(argument(name), y)
	return y
}

var constants = map[uint32]Mem{}

// constant is a vector of copies of x in memory.
func constant(x float64) Mem { return words(math.Float32bits(float32(x))) }

func words(bits uint32) Mem {
	m, ok := constants[bits]
	if !ok {
		m = GLOBL(fmt.Sprintf("c%08x", bits), RODATA|NOPTR)
		for i := range 8 {
			DATA(8*i, U64(uint64(bits)<<32|uint64(bits)))
		}
		constants[bits] = m
	}
	return m
}
