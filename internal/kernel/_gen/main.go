// Command gen writes the assembly of package kernel: for AVX2 with FMA, for
// AVX-512, and for products of bfloat16 with AVX512-BF16 and AMX. Run it through
// go generate in the package's folder.
package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"math"
	"strings"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("!purego")
	declare("../gemmtiles_amd64.go", "gemmTiles")
	gemm(avx2, 2, 6)
	gemm(avx512, 1, 14)
	gemm(avx512, 2, 14)
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

// declare makes a struct of the package known to signatures, from the file that
// declares it: so the offsets of its fields are those which the compiler gives them.
func declare(file, name string) {
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, file, nil, 0)
	if err != nil {
		panic(err)
	}
	p, err := new(types.Config).Check("kernel", set, []*ast.File{f}, nil)
	if err != nil {
		panic(err)
	}
	// Avo reads signatures in the scope of the universe and prints a type without
	// a package as it is.
	unqualified := types.NewTypeName(token.NoPos, nil, name, nil)
	types.NewNamed(unqualified, p.Scope().Lookup(name).Type().Underlying(), nil)
	types.Universe.Insert(unqualified)
}

// function begins an assembly function for the instruction set isa. Doc says, after
// the name, what it does, as a loop in Go.
func function(name, signature, doc string) { text(name+isa.name, signature, doc) }

// text begins an assembly function.
func text(name, signature, doc string) {
	TEXT(name, NOSPLIT, "func"+signature)
	Doc(strings.Split(name+" "+doc, "\n")...)
	Pragma("noescape")
}

func end() {
	VZEROUPPER()
	RET()
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
