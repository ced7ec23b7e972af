package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// An instructionSet is what vector kernels are written for.
type instructionSet struct {
	name     string // ends the names of its functions
	lanes    int    // floats of a vector
	register func() reg.VecVirtual
}

var (
	avx2   = instructionSet{"AVX2", 8, YMM}
	avx512 = instructionSet{"AVX512", 16, ZMM}

	isa instructionSet // of the function which is being written
)

// bytes is the size of vectors in memory.
func bytes(vectors int) int { return 4 * isa.lanes * vectors }

// wide is a run of vectors, a register each. Their instructions alternate,
// because the processor looks ahead too little to begin the long chain of one
// vector while it waits for the chain of another.
type wide []reg.VecVirtual

func registers(vectors int) wide {
	w := make(wide, vectors)
	for i := range w {
		w[i] = isa.register()
	}
	return w
}

// like returns registers for as many vectors as w has.
func like(w wide) wide { return registers(len(w)) }

func zeros(vectors int) wide {
	w := registers(vectors)
	do(VXORPS, w, w, w)
	return w
}

// fill returns one register of copies of c. An instruction that keeps NaN needs
// its constant in one, as its other operand is what it returns then.
func fill(c float64) reg.VecVirtual {
	y := isa.register()
	VMOVUPS(constant(c), y)
	return y
}

// do emits an instruction for each vector of the arguments that are wide; the
// others are the same for all.
func do(instruction func(...Op), args ...any) {
	vectors := 1
	for _, a := range args {
		if w, ok := a.(wide); ok {
			vectors = len(w)
		}
	}
	for i := range vectors {
		ops := make([]Op, len(args))
		for j, a := range args {
			if w, ok := a.(wide); ok {
				ops[j] = w[i]
			} else {
				ops[j] = a.(Op)
			}
		}
		instruction(ops...)
	}
}

// blend picks its second argument where the first is negative, else the third.
func blend(ops ...Op) {
	if isa.lanes == 8 {
		VBLENDVPS(ops[0], ops[1], ops[2], ops[3])
		return
	}
	negative := K()
	VPMOVD2M(ops[0], negative)
	VBLENDMPS(ops[1], ops[2], negative, ops[3])
}

// keepNaN replaces y by x where x is NaN.
func keepNaN(x, y wide) {
	const unordered = 3
	pick(unordered, x, x, x, y)
}

// pick replaces y by x where a comparison of a with b holds.
func pick(comparison uint64, a, b, x, y wide) {
	if isa.lanes == 8 {
		holds := like(x)
		do(VCMPPS, Imm(comparison), b, a, holds)
		do(blend, holds, x, y, y)
		return
	}
	for i := range x {
		holds := K()
		VCMPPS(Imm(comparison), b[i], a[i], holds)
		VMOVAPS(x[i], holds, y[i])
	}
}

// A pass is one execution of the body of a loop: over whole vectors, or over
// the last floats, fewer than a vector has, behind a mask.
type pass struct {
	vectors int
	mask    reg.Register // nil for whole vectors
}

// each emits body for passes over n floats, advancing the pointers: several
// vectors at a time, then one, then the rest.
func each(n reg.GPVirtual, vectors int, label string, pointers []reg.GPVirtual, body func(p pass)) {
	for _, v := range []int{vectors, 1} {
		again, done := label+"by", label+"one"
		if v == 1 {
			again, done = label+"by1", label+"rest"
		}
		SUBQ(U32(uint32(isa.lanes*v)), n)
		JLT(LabelRef(done))
		Label(again)
		body(pass{vectors: v})
		for _, p := range pointers {
			ADDQ(U32(uint32(bytes(v))), p)
		}
		SUBQ(U32(uint32(isa.lanes*v)), n)
		JGE(LabelRef(again))
		Label(done)
		ADDQ(U32(uint32(isa.lanes*v)), n)
	}
	JZ(LabelRef(label + "done"))
	body(pass{1, maskOf(n)})
	Label(label + "done")
}

// maskOf returns a mask of the first n floats. It destroys n.
func maskOf(n reg.GPVirtual) reg.Register {
	if isa.lanes == 16 {
		bits, mask := GP32(), K()
		MOVL(I32(-1), bits)
		BZHIL(n.As32(), bits, bits)
		KMOVW(bits, mask)
		return mask
	}
	table, mask := GP64(), YMM()
	LEAQ(maskTable(), table)
	NEGQ(n)
	VMOVUPS(Mem{Base: table, Index: n, Scale: 4, Disp: 32}, mask)
	return mask
}

var masks *Mem

// maskTable is eight words of ones, then eight of zeros: from n words before
// its middle it is a mask of n floats.
func maskTable() Mem {
	if masks == nil {
		m := GLOBL("masks", RODATA|NOPTR)
		for i := range 16 {
			DATA(4*i, U32([2]uint32{0xffffffff, 0}[i/8]))
		}
		masks = &m
	}
	return *masks
}

// load reads the pass's floats from p, zeros for those behind the mask.
func (p pass) load(from reg.GPVirtual) wide {
	w := registers(p.vectors)
	for i := range w {
		switch {
		case p.mask == nil:
			VMOVUPS(Mem{Base: from, Disp: bytes(i)}, w[i])
		case isa.lanes == 16:
			VMOVUPS_Z(Mem{Base: from}, p.mask, w[i])
		default:
			VMASKMOVPS(Mem{Base: from}, p.mask, w[i])
		}
	}
	return w
}

func (p pass) store(w wide, to reg.GPVirtual) {
	for i := range w {
		switch {
		case p.mask == nil:
			VMOVUPS(w[i], Mem{Base: to, Disp: bytes(i)})
		case isa.lanes == 16:
			VMOVUPS(w[i], p.mask, Mem{Base: to})
		default:
			VMASKMOVPS(w[i], p.mask, Mem{Base: to})
		}
	}
}

// clear makes w zero behind the mask, before it joins a sum.
func (p pass) clear(w wide) {
	switch {
	case p.mask == nil:
	case isa.lanes == 16:
		VMOVAPS_Z(w[0], p.mask, w[0])
	default:
		VANDPS(p.mask, w[0], w[0])
	}
}

// fillRest makes w equal to rest behind the mask.
func (p pass) fillRest(w wide, rest reg.VecVirtual) {
	switch {
	case p.mask == nil:
	case isa.lanes == 16:
		VBLENDMPS(w[0], rest, p.mask, w[0])
	default:
		VBLENDVPS(p.mask, w[0], rest, w[0])
	}
}

// sum adds the vectors and lanes of w into one float.
func sum(w wide) reg.VecVirtual { return fold(VADDPS, w) }

func fold(instruction func(...Op), w wide) reg.VecVirtual {
	for n := len(w) / 2; n > 0; n /= 2 {
		do(instruction, w[n:2*n], w[:n], w[:n])
	}
	y := w[0]
	if isa.lanes == 16 {
		y = YMM()
		VEXTRACTF64X4(Imm(1), w[0], y)
		instruction(w[0].AsY(), y, y)
	}
	x, t := XMM(), XMM()
	VEXTRACTF128(Imm(1), y.AsY(), x)
	instruction(y.AsX(), x, x)
	VPERMILPS(Imm(0x4e), x, t)
	instruction(t, x, x)
	VPERMILPS(Imm(0xb1), x, t)
	instruction(t, x, x)
	return x
}

// spread is the sum of w times scale, in all lanes.
func spread(w wide, scale reg.VecVirtual) reg.VecVirtual {
	y := isa.register()
	VBROADCASTSS(sum(w), y)
	VMULPS(scale, y, y)
	return y
}
