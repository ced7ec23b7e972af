package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// storeWhole writes zeros behind the mask, where rows have room for whole
// vectors: a masked store is slow.
func (p pass) storeWhole(w wide, to reg.GPVirtual) {
	p.clear(w)
	pass{vectors: p.vectors}.store(w, to)
}

// clearRest writes zeros from n floats, rounded up to a vector, to width floats, a
// multiple of 16. It destroys n.
func clearRest(row, n, width reg.GPVirtual, label string) {
	zero := zeros(1)[0]
	ADDQ(Imm(uint64(isa.lanes-1)), n)
	ANDQ(I8(int8(-isa.lanes)), n)
	JMP(LabelRef(label + "check"))
	Label(label)
	VMOVUPS(zero, Mem{Base: row, Index: n, Scale: 4})
	ADDQ(Imm(uint64(isa.lanes)), n)
	Label(label + "check")
	CMPQ(n, width)
	JLT(LabelRef(label))
}

// over runs body for n floats from the given rows, which stay.
func over(n reg.GPVirtual, vectors int, label string, rows []reg.GPVirtual, body func(p pass, at []reg.GPVirtual)) {
	left, at := GP64(), make([]reg.GPVirtual, len(rows))
	MOVQ(n, left)
	for i, row := range rows {
		at[i] = GP64()
		MOVQ(row, at[i])
	}
	each(left, vectors, label, at, func(p pass) { body(p, at) })
}

func attention() {
	softmaxRows()
	softmaxRowsGrad()
	logSum()
}

func softmaxRows() {
	function("softmaxRows",
		"(x *float32, stride, rows, seen, step, width int, scale float32, top, sum *float32)",
		`replaces the floats that each row sees by their softmax:

	for i := range rows {
		row := x[i*stride:][:width]
		n := seen + i*step
		top[i] = scale * max(row[:n]...)
		for j := range row[:n] {
			row[j] = exp(scale*row[j] - top[i])
			sum[i] += row[j]
		}
		for j := range row[:n] {
			row[j] *= 1 / sum[i]
		}
		clear(row[n:])
	}

with the stride in bytes. Width is a multiple of 16.`)
	x, seen, width := pointer("x"), pointer("seen"), pointer("width")
	tops, sums, rows := pointer("top"), pointer("sum"), pointer("rows")
	Label("row")
	least := fill(math.Inf(-1))
	largest := registers(2)
	do(VMOVAPS, least, largest)
	over(seen, 2, "max", []reg.GPVirtual{x}, func(p pass, at []reg.GPVirtual) {
		v := p.load(at[0])
		p.fillRest(v, least)
		do(VMAXPS, v, largest[:p.vectors], largest[:p.vectors])
	})
	scale, top := scalar("scale"), isa.register()
	VBROADCASTSS(fold(VMAXPS, largest), top)
	VMULPS(scale, top, top)
	VMOVSS(top.AsX(), Mem{Base: tops})
	total := zeros(2)
	over(seen, 2, "exp", []reg.GPVirtual{x}, func(p pass, at []reg.GPVirtual) {
		v := p.load(at[0])
		do(VFMSUB213PS, top, scale, v)
		expNegative(v)
		p.storeWhole(v, at[0])
		do(VADDPS, v, total[:p.vectors], total[:p.vectors])
	})
	all, inverse := sum(total), isa.register()
	VMOVSS(all, Mem{Base: sums})
	VBROADCASTSS(all, inverse)
	VDIVPS(inverse, fill(1), inverse)
	over(seen, 2, "scale", []reg.GPVirtual{x}, func(p pass, at []reg.GPVirtual) {
		v := pass{vectors: p.vectors}.load(at[0])
		do(VMULPS, inverse, v, v)
		pass{vectors: p.vectors}.store(v, at[0])
	})
	n := GP64()
	MOVQ(seen, n)
	clearRest(x, n, width, "clear")
	nextRow(x, seen)
	ADDQ(Imm(4), tops)
	ADDQ(Imm(4), sums)
	DECQ(rows)
	JNZ(LabelRef("row"))
	end()
}

// nextRow moves to the next row, which sees step more. There is no register
// left to hold stride and step.
func nextRow(x, seen reg.GPVirtual) {
	ADDQ(argument("stride"), x)
	ADDQ(argument("step"), seen)
}

func softmaxRowsGrad() {
	function("softmaxRowsGrad",
		"(x, dp *float32, stride, rows, seen, step, width int, scale float32, lse, delta *float32)",
		`replaces scores by their softmax, and dp by the gradient of the scores:

	for i := range rows {
		p, d := x[i*stride:][:width], dp[i*stride:][:width]
		n := seen + i*step
		for j := range n {
			p[j] = exp(scale*p[j] - lse[i])
			d[j] = p[j] * (d[j] - delta[i]) * scale
		}
		clear(p[n:])
		clear(d[n:])
	}

with the stride in bytes. Width is a multiple of 16.`)
	x, dp, seen, width := pointer("x"), pointer("dp"), pointer("seen"), pointer("width")
	lses, deltas, rows, scale := pointer("lse"), pointer("delta"), pointer("rows"), scalar("scale")
	Label("row")
	lse, delta := isa.register(), isa.register()
	VBROADCASTSS(Mem{Base: lses}, lse)
	VBROADCASTSS(Mem{Base: deltas}, delta)
	over(seen, 2, "grad", []reg.GPVirtual{x, dp}, func(p pass, at []reg.GPVirtual) {
		v := p.load(at[0])
		do(VFMSUB213PS, lse, scale, v)
		exp(v)
		p.storeWhole(v, at[0])
		d := p.load(at[1])
		do(VSUBPS, delta, d, d)
		do(VMULPS, scale, d, d)
		do(VMULPS, v, d, d)
		p.storeWhole(d, at[1])
	})
	n := GP64()
	MOVQ(seen, n)
	clearRest(x, n, width, "clear")
	MOVQ(seen, n)
	clearRest(dp, n, width, "dclear")
	stride := pointer("stride")
	ADDQ(stride, dp)
	nextRow(x, seen)
	ADDQ(Imm(4), lses)
	ADDQ(Imm(4), deltas)
	DECQ(rows)
	JNZ(LabelRef("row"))
	end()
}

// logSum takes the logarithm apart: log(2^e m) = e ln 2 + log(m), sqrt(1/2) <= m <
// sqrt(2), by the polynomial of Cephes' logf.
func logSum() {
	function("logSum", "(lse, top, sum *float32, n int)", `adds logarithms of positive sums that are not denormal:

	for i := range n {
		lse[i] = top[i] + log(sum[i])
	}`)
	lse, top, sums, n := pointer("lse"), pointer("top"), pointer("sum"), pointer("n")
	each(n, 2, "loop", []reg.GPVirtual{lse, top, sums}, func(p pass) {
		m := p.load(sums)
		e, q := like(m), like(m)
		// The bits of sqrt(1/2) go to 0, so that the exponent's field counts from there.
		do(VPSUBD, words(math.Float32bits(math.Sqrt2/2)), m, e)
		do(VPSRAD, Imm(23), e, e)
		do(VPSLLD, Imm(23), e, q)
		do(VPSUBD, q, m, q) // m
		do(VCVTDQ2PS, e, e)
		x, y, z := like(m), like(m), like(m)
		do(VSUBPS, fill(1), q, x)
		do(VMULPS, x, x, z)
		do(VMOVUPS, constant(7.0376836292e-2), y)
		for _, c := range []float64{
			-1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1,
			1.4249322787e-1, -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
		} {
			do(VFMADD213PS, constant(c), x, y)
		}
		do(VMULPS, x, y, y)
		do(VMULPS, z, y, y)
		do(VFMADD231PS, constant(-2.12194440e-4), e, y)
		do(VFNMADD231PS, constant(0.5), z, y)
		do(VADDPS, x, y, y)
		do(VFMADD231PS, constant(0.693359375), e, y)
		do(VADDPS, p.load(top), y, y)
		// NaN, which is no number to the bits above, stays.
		keepNaN(m, y)
		p.store(y, lse)
	})
	end()
}
