package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// wide is a run of vectors of 8 floats, a register each. Their instructions
// alternate, because the processor looks ahead too little to begin one long
// chain of a vector while it waits for that of another.
type wide []reg.VecVirtual

func registers(vectors int) wide {
	w := make(wide, vectors)
	for i := range w {
		w[i] = YMM()
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

// fill returns one register of eight c. An instruction that keeps NaN needs
// its constant in one, as its other operand is what it returns then.
func fill(c float64) reg.VecVirtual {
	y := YMM()
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
func blend(ops ...Op) { VBLENDVPS(ops[0], ops[1], ops[2], ops[3]) }

// A pass is one execution of the body of a loop: over whole vectors, or over
// the last floats, fewer than 8, behind a mask.
type pass struct {
	vectors int
	mask    reg.VecVirtual // nil for whole vectors
}

// each emits body for passes over n floats, advancing the pointers: several
// vectors at a time, then one, then the rest.
func each(n reg.GPVirtual, vectors int, label string, pointers []reg.GPVirtual, body func(p pass)) {
	for _, v := range []int{vectors, 1} {
		again, done := label+"by", label+"one"
		if v == 1 {
			again, done = label+"by1", label+"rest"
		}
		SUBQ(U32(uint32(8*v)), n)
		JLT(LabelRef(done))
		Label(again)
		body(pass{vectors: v})
		for _, p := range pointers {
			ADDQ(U32(uint32(32*v)), p)
		}
		SUBQ(U32(uint32(8*v)), n)
		JGE(LabelRef(again))
		Label(done)
		ADDQ(U32(uint32(8*v)), n)
	}
	JZ(LabelRef(label + "done"))
	table, mask := GP64(), YMM()
	LEAQ(maskTable(), table)
	NEGQ(n)
	VMOVUPS(Mem{Base: table, Index: n, Scale: 4, Disp: 32}, mask)
	body(pass{1, mask})
	Label(label + "done")
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
		if p.mask != nil {
			VMASKMOVPS(Mem{Base: from}, p.mask, w[i])
		} else {
			VMOVUPS(Mem{Base: from, Disp: 32 * i}, w[i])
		}
	}
	return w
}

func (p pass) store(w wide, to reg.GPVirtual) {
	for i := range w {
		if p.mask != nil {
			VMASKMOVPS(w[i], p.mask, Mem{Base: to})
		} else {
			VMOVUPS(w[i], Mem{Base: to, Disp: 32 * i})
		}
	}
}

// clear makes w zero behind the mask, before it joins a sum.
func (p pass) clear(w wide) {
	if p.mask != nil {
		do(VANDPS, p.mask, w, w)
	}
}

// sum adds the vectors and lanes of w into one float.
func sum(w wide) reg.VecVirtual { return fold(VADDPS, w) }

func fold(instruction func(...Op), w wide) reg.VecVirtual {
	for n := len(w) / 2; n > 0; n /= 2 {
		do(instruction, w[n:2*n], w[:n], w[:n])
	}
	x, t := XMM(), XMM()
	VEXTRACTF128(Imm(1), w[0], x)
	instruction(w[0].AsX(), x, x)
	VPERMILPS(Imm(0x4e), x, t)
	instruction(t, x, x)
	VPERMILPS(Imm(0xb1), x, t)
	instruction(t, x, x)
	return x
}

// spread is the sum of w times scale, in all lanes.
func spread(w wide, scale reg.VecVirtual) reg.VecVirtual {
	y := YMM()
	VBROADCASTSS(sum(w), y)
	VMULPS(scale, y, y)
	return y
}
