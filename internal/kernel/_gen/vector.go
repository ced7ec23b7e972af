package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// exp replaces x by e^x, with an error below 2 ulp: x = n ln 2 + r, and e^r by
// the polynomial of Cephes' expf. Below -87.3 the result is 0, above 88 it
// stays e^88. NaN stays NaN.
func exp(x reg.VecVirtual) {
	n, p, live := YMM(), YMM(), YMM()
	VCMPPS(Imm(5), constant(-87.3), x, live) // not less than, so true of NaN
	VMAXPS(x, load1(-87.3), x)
	VMINPS(x, load1(88), x)
	VMULPS(constant(math.Log2E), x, n)
	VROUNDPS(Imm(0), n, n)
	VFNMADD231PS(constant(0.693359375), n, x)
	VFNMADD231PS(constant(-2.12194440e-4), n, x)
	VMOVUPS(constant(1.9875691500e-4), p)
	for _, c := range []float64{1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1, 1, 1} {
		VFMADD213PS(constant(c), x, p)
	}
	VCVTPS2DQ(n, n)
	VPADDD(words(127), n, n)
	VPSLLD(Imm(23), n, n)
	VMULPS(n, p, x)
	VANDPS(live, x, x)
}

func load1(c float64) reg.VecVirtual {
	y := YMM()
	VMOVUPS(constant(c), y)
	return y
}

// exponential: dst = exp(scale x + shift), and the sum.
func exponential() {
	TEXT("expSumAVX2", NOSPLIT, "func(dst, x *float32, n int, scale, shift float32) float32")
	Pragma("noescape")
	dst, x, n := pointer("dst"), pointer("x"), pointer("n")
	scale, shift, total := scalar("scale"), scalar("shift"), zero()
	each(n, "loop", []reg.GPVirtual{dst, x}, func() {
		v := load(x)
		VFMADD213PS(shift, scale, v)
		exp(v)
		VADDPS(v, total, total)
		store(v, dst)
	})
	Store(sum(total), ReturnIndex(0))
	VZEROUPPER()
	RET()

	TEXT("maxAVX2", NOSPLIT, "func(x *float32, n int) float32")
	Pragma("noescape")
	x, n = pointer("x"), pointer("n")
	largest := load1(math.Inf(-1))
	each(n, "loop", []reg.GPVirtual{x}, func() { VMAXPS(load(x), largest, largest) })
	h, t := XMM(), XMM()
	VEXTRACTF128(Imm(1), largest, h)
	VMAXPS(largest.AsX(), h, h)
	VPERMILPS(Imm(0x4e), h, t)
	VMAXPS(t, h, h)
	VPERMILPS(Imm(0xb1), h, t)
	VMAXPS(t, h, h)
	Store(h, ReturnIndex(0))
	VZEROUPPER()
	RET()
}

// normalCDF returns the normal distribution function of x and exp(-x²/2). With
// t = 1/(1 + 0.3 |x|/sqrt 2), erfc(z)/2 = t poly(t) exp(-z²) to 2.1e-8 of its value.
func normalCDF(x reg.VecVirtual) (cdf, density reg.VecVirtual) {
	abs, t, low := YMM(), YMM(), YMM()
	cdf, density = YMM(), YMM()
	VANDPS(words(0x7fffffff), x, abs)
	VMULPS(x, x, density)
	VMOVAPS(density, low) // the rounding error of x², put back after exp
	VFMSUB231PS(x, x, low)
	VMULPS(constant(-0.5), density, density)
	exp(density)
	VMULPS(constant(-0.5), low, low)
	VFMADD213PS(density, density, low)
	VMOVAPS(low, density)
	one := load1(1)
	VMOVAPS(one, t)
	VFMADD231PS(constant(0.30/math.Sqrt2), abs, t)
	VDIVPS(t, one, t)
	VMOVUPS(constant(-0.06506347654377151), cdf)
	for _, c := range []float64{0.24431457568068718, -0.2594619826369317, 0.27786999035161264, -0.050265919379159044, 0.10880208933181736, 0.07380051834867345, 0.08541380513119402, 0.08459038911108477} {
		VFMADD213PS(constant(c), t, cdf)
	}
	VMULPS(t, cdf, cdf)
	VMULPS(density, cdf, cdf)
	VSUBPS(cdf, one, one)
	VBLENDVPS(x, cdf, one, cdf) // by the sign of x: cdf where x < 0, else 1 - cdf
	return cdf, density
}

// unary writes f over n floats: y = f(x).
func unary(name string, f func(x reg.VecVirtual) reg.VecVirtual) {
	TEXT(name, NOSPLIT, "func(y, x *float32, n int)")
	Pragma("noescape")
	y, x, n := pointer("y"), pointer("x"), pointer("n")
	each(n, "loop", []reg.GPVirtual{y, x}, func() { store(f(load(x)), y) })
	VZEROUPPER()
	RET()
}

// chain writes dx = dy f'(x).
func chain(name string, f func(x reg.VecVirtual) reg.VecVirtual) {
	TEXT(name, NOSPLIT, "func(dx, x, dy *float32, n int)")
	Pragma("noescape")
	dx, x, dy, n := pointer("dx"), pointer("x"), pointer("dy"), pointer("n")
	each(n, "loop", []reg.GPVirtual{dx, x, dy}, func() {
		d := f(load(x))
		VMULPS(Mem{Base: dy}, d, d)
		store(d, dx)
	})
	VZEROUPPER()
	RET()
}

func gelu() {
	unary("geluAVX2", func(x reg.VecVirtual) reg.VecVirtual {
		cdf, _ := normalCDF(x)
		VMULPS(x, cdf, cdf)
		return cdf
	})
	chain("geluGradAVX2", func(x reg.VecVirtual) reg.VecVirtual {
		cdf, density := normalCDF(x)
		VMULPS(constant(1/math.Sqrt(2*math.Pi)), density, density)
		VFMADD231PS(density, x, cdf)
		return cdf
	})
}

// sigmoid returns 1/(1 + exp(-a x)).
func sigmoid(x reg.VecVirtual, a float64) reg.VecVirtual {
	e, one := YMM(), load1(1)
	VMULPS(constant(-a), x, e)
	exp(e)
	VADDPS(one, e, e)
	VDIVPS(e, one, e)
	return e
}

func quickGELU() {
	unary("quickGELUAVX2", func(x reg.VecVirtual) reg.VecVirtual {
		s := sigmoid(x, 1.702)
		VMULPS(x, s, s)
		return s
	})
	chain("quickGELUGradAVX2", func(x reg.VecVirtual) reg.VecVirtual {
		s := sigmoid(x, 1.702) // s + 1.702 x s (1 - s)
		rest := load1(1)
		VSUBPS(s, rest, rest)
		VMULPS(x, rest, rest)
		VMULPS(constant(1.702), rest, rest)
		VFMADD213PS(s, s, rest)
		return rest
	})
}

// tanhGELU: 0.5 x (1 + tanh u) = x sigmoid(2u), u = sqrt(2/pi) (x + 0.044715 x³).
func tanhGELU() {
	gate := func(x reg.VecVirtual) (s, square reg.VecVirtual) {
		square = YMM()
		u := YMM()
		VMULPS(x, x, square)
		VMOVUPS(constant(1), u)
		VFMADD231PS(constant(0.044715), square, u)
		VMULPS(x, u, u)
		return sigmoid(u, 2*math.Sqrt(2/math.Pi)), square
	}
	unary("tanhGELUAVX2", func(x reg.VecVirtual) reg.VecVirtual {
		s, _ := gate(x)
		VMULPS(x, s, s)
		return s
	})
	chain("tanhGELUGradAVX2", func(x reg.VecVirtual) reg.VecVirtual {
		s, square := gate(x) // s + x s (1 - s) 2u'
		slope, rest := YMM(), load1(1)
		VMOVUPS(constant(2*math.Sqrt(2/math.Pi)), slope)
		VFMADD231PS(constant(2*math.Sqrt(2/math.Pi)*3*0.044715), square, slope)
		VSUBPS(s, rest, rest)
		VMULPS(x, rest, rest)
		VMULPS(slope, rest, rest)
		VFMADD213PS(s, s, rest)
		return rest
	})
}

func layerNorm() {
	TEXT("layerNormAVX2", NOSPLIT, "func(y, x, gamma, beta *float32, n int, eps, inverse float32) (mean, rstd float32)")
	Pragma("noescape")
	x, n := pointer("x"), pointer("n")
	inverse, total := scalar("inverse"), zero()
	each(n, "sum", []reg.GPVirtual{x}, func() { VADDPS(Mem{Base: x}, total, total) })
	mean := YMM()
	VBROADCASTSS(sum(total), mean)
	VMULPS(inverse, mean, mean)
	x, n = pointer("x"), pointer("n")
	VXORPS(total, total, total)
	each(n, "variance", []reg.GPVirtual{x}, func() {
		d := load(x)
		VSUBPS(mean, d, d)
		VFMADD231PS(d, d, total)
	})
	rstd := YMM()
	VBROADCASTSS(sum(total), rstd)
	VMULPS(inverse, rstd, rstd)
	VADDPS(scalar("eps"), rstd, rstd)
	VSQRTPS(rstd, rstd)
	VDIVPS(rstd, load1(1), rstd)
	Store(mean.AsX(), ReturnIndex(0))
	Store(rstd.AsX(), ReturnIndex(1))
	x, n = pointer("x"), pointer("n")
	y, gamma, beta := pointer("y"), pointer("gamma"), pointer("beta")
	each(n, "write", []reg.GPVirtual{x, y, gamma, beta}, func() {
		v, b := load(x), load(beta)
		VSUBPS(mean, v, v)
		VMULPS(rstd, v, v)
		VFMADD132PS(Mem{Base: gamma}, b, v)
		store(v, y)
	})
	VZEROUPPER()
	RET()

	TEXT("layerNormGradAVX2", NOSPLIT, "func(dx, dgamma, dbeta, x, gamma, dy *float32, n int, mean, rstd, inverse float32)")
	Pragma("noescape")
	mean, rstd = scalar("mean"), scalar("rstd")
	m1, m2 := zero(), zero()
	x, n = pointer("x"), pointer("n")
	dgamma, dbeta, dy := pointer("dgamma"), pointer("dbeta"), pointer("dy")
	gamma = pointer("gamma")
	each(n, "sum", []reg.GPVirtual{x, dgamma, dbeta, gamma, dy}, func() {
		xhat, d := load(x), load(dy)
		VSUBPS(mean, xhat, xhat)
		VMULPS(rstd, xhat, xhat)
		b, g := load(dbeta), load(dgamma)
		VADDPS(d, b, b)
		store(b, dbeta)
		VFMADD231PS(d, xhat, g)
		store(g, dgamma)
		VMULPS(Mem{Base: gamma}, d, d)
		VADDPS(d, m1, m1)
		VFMADD231PS(d, xhat, m2)
	})
	inverse = scalar("inverse")
	a1, a2 := YMM(), YMM()
	VBROADCASTSS(sum(m1), a1)
	VBROADCASTSS(sum(m2), a2)
	VMULPS(inverse, a1, a1)
	VMULPS(inverse, a2, a2)
	x, n, dy, gamma = pointer("x"), pointer("n"), pointer("dy"), pointer("gamma")
	dx := pointer("dx")
	each(n, "write", []reg.GPVirtual{x, dy, gamma, dx}, func() {
		xhat, d := load(x), load(dy)
		VSUBPS(mean, xhat, xhat)
		VMULPS(rstd, xhat, xhat)
		VMULPS(Mem{Base: gamma}, d, d)
		VSUBPS(a1, d, d)
		VFNMADD231PS(a2, xhat, d)
		VMULPS(rstd, d, d)
		store(d, dx)
	})
	VZEROUPPER()
	RET()
}

func elementwise() {
	TEXT("addAVX2", NOSPLIT, "func(z, x, y *float32, n int)")
	Pragma("noescape")
	z, x, y, n := pointer("z"), pointer("x"), pointer("y"), pointer("n")
	each(n, "loop", []reg.GPVirtual{z, x, y}, func() {
		v := load(x)
		VADDPS(Mem{Base: y}, v, v)
		store(v, z)
	})
	VZEROUPPER()
	RET()

	TEXT("axpyAVX2", NOSPLIT, "func(y, x *float32, n int, a float32)") // y += a x
	Pragma("noescape")
	y, x, n = pointer("y"), pointer("x"), pointer("n")
	a := scalar("a")
	each(n, "loop", []reg.GPVirtual{y, x}, func() {
		v := load(y)
		VFMADD231PS(Mem{Base: x}, a, v)
		store(v, y)
	})
	VZEROUPPER()
	RET()

	TEXT("dotAVX2", NOSPLIT, "func(x, y *float32, n int) float32")
	Pragma("noescape")
	x, y, n = pointer("x"), pointer("y"), pointer("n")
	total := zero()
	each(n, "loop", []reg.GPVirtual{x, y}, func() {
		v := load(x)
		VFMADD231PS(Mem{Base: y}, v, total)
	})
	Store(sum(total), ReturnIndex(0))
	VZEROUPPER()
	RET()

	// ds = p (dp - delta) scale, the gradient of a softmax row.
	TEXT("softmaxGradAVX2", NOSPLIT, "func(ds, p, dp *float32, n int, delta, scale float32)")
	Pragma("noescape")
	ds, p, dp, n := pointer("ds"), pointer("p"), pointer("dp"), pointer("n")
	delta, scale := scalar("delta"), scalar("scale")
	each(n, "loop", []reg.GPVirtual{ds, p, dp}, func() {
		v := load(dp)
		VSUBPS(delta, v, v)
		VMULPS(Mem{Base: p}, v, v)
		VMULPS(scale, v, v)
		store(v, ds)
	})
	VZEROUPPER()
	RET()
}

// adamW: m and v move towards g and g², value shrinks by keep and moves by
// rate m / (sqrt(v) inverse + eps).
func adamW() {
	TEXT("adamWAVX2", NOSPLIT, "func(value, grad, m, v *float32, n int, gradScale, beta1, beta2, keep, rate, inverse, eps float32)")
	Pragma("noescape")
	value, grad, m, v, n := pointer("value"), pointer("grad"), pointer("m"), pointer("v"), pointer("n")
	gradScale, beta1, beta2 := scalar("gradScale"), scalar("beta1"), scalar("beta2")
	keep, rate, inverse, eps := scalar("keep"), scalar("rate"), scalar("inverse"), scalar("eps")
	each(n, "loop", []reg.GPVirtual{value, grad, m, v}, func() {
		g, a, d := load(grad), load(m), YMM()
		VMULPS(gradScale, g, g)
		VSUBPS(g, a, a) // m = g + beta1 (m - g)
		VFMADD213PS(g, beta1, a)
		store(a, m)
		VMULPS(g, g, g)
		b := load(v)
		VSUBPS(g, b, b)
		VFMADD213PS(g, beta2, b)
		store(b, v)
		VSQRTPS(b, d)
		VFMADD213PS(eps, inverse, d)
		VDIVPS(d, a, a)
		w := load(value)
		VMULPS(keep, w, w)
		VFNMADD231PS(rate, a, w)
		store(w, value)
	})
	VZEROUPPER()
	RET()
}
