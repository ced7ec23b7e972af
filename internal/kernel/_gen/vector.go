package main

import (
	"fmt"
	"math"
	"strings"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// exp replaces x by e^x, with an error below 2 ulp. Above 88 it stays e^88,
// below -87.7 it is 0, and NaN stays NaN.
func exp(x wide) {
	do(VMINPS, x, fill(88), x)
	expNegative(x)
}

// expNegative is exp where x <= 88: x = n ln 2 + r, and e^r by the polynomial
// of Cephes' expf. Adding 1.5 2^23 + 127 rounds x/ln 2 to n and leaves n + 127,
// which is the exponent of 2^n, in the low bits; for n = -127 that is 0.
func expNegative(x wide) {
	const magic = 1.5*(1<<23) + 127
	do(VMAXPS, x, fill(-88), x)
	power, n := like(x), like(x)
	do(VMOVUPS, constant(magic), power)
	do(VFMADD231PS, constant(math.Log2E), x, power)
	do(VMOVAPS, power, n)
	do(VSUBPS, constant(magic), n, n)
	do(VFNMADD231PS, constant(0.693359375), n, x)
	do(VFNMADD231PS, constant(-2.12194440e-4), n, x)
	do(VPSLLD, Imm(23), power, power)
	p := n
	do(VMOVUPS, constant(1.9875691500e-4), p)
	for _, c := range []float64{
		1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1, 1, 1,
	} {
		do(VFMADD213PS, constant(c), x, p)
	}
	do(VMULPS, power, p, x)
}

func exponential() {
	function("expSum",
		"(dst, x *float32, n int, scale, shift float32) float32",
		`writes exponentials and returns their sum:

	for i := range n {
		dst[i] = exp(scale*x[i] + shift)
		sum += dst[i]
	}
	return sum`)
	dst, x, n := pointer("dst"), pointer("x"), pointer("n")
	scale, shift, total := scalar("scale"), scalar("shift"), zeros(2)
	each(n, 2, "loop", []reg.GPVirtual{dst, x}, func(p pass) {
		v := p.load(x)
		do(VFMADD213PS, shift, scale, v)
		exp(v)
		p.clear(v)
		do(VADDPS, v, total[:p.vectors], total[:p.vectors])
		p.store(v, dst)
	})
	Store(sum(total), ReturnIndex(0))
	end()

	function("max", "(x *float32, n int) float32", `returns the largest of n floats:

	m := -Inf
	for i := range n {
		m = max(m, x[i])
	}
	return m`)
	x, n = pointer("x"), pointer("n")
	least := fill(math.Inf(-1))
	largest := registers(4)
	do(VMOVAPS, least, largest)
	each(n, 4, "loop", []reg.GPVirtual{x}, func(p pass) {
		v := p.load(x)
		p.fillRest(v, least)
		do(VMAXPS, v, largest[:p.vectors], largest[:p.vectors])
	})
	Store(fold(VMAXPS, largest), ReturnIndex(0))
	end()
}

// normalCDF returns the normal distribution function of x and exp(-x²/2). With
// t = 1/(1 + 0.3 |x|/sqrt 2), erfc(z)/2 = t poly(t) exp(-z²) to 2.1e-8 of its
// value. From |x| = 14 on the density is 0, and x² need not be finite.
func normalCDF(x wide) (cdf, density wide) {
	abs, t := like(x), like(x)
	cdf, density = like(x), like(x)
	do(VANDPS, words(0x7fffffff), x, abs)
	do(VMINPS, abs, fill(14), abs)
	do(VMULPS, abs, abs, density)
	do(VMULPS, constant(-0.5), density, density)
	expNegative(density)
	one := fill(1)
	do(VMOVAPS, one, t)
	do(VFMADD231PS, constant(0.30/math.Sqrt2), abs, t)
	do(VDIVPS, t, one, t)
	do(VMOVUPS, constant(-0.06506347654377151), cdf)
	for _, c := range []float64{
		0.24431457568068718, -0.2594619826369317, 0.27786999035161264, -0.050265919379159044,
		0.10880208933181736, 0.07380051834867345, 0.08541380513119402, 0.08459038911108477,
	} {
		do(VFMADD213PS, constant(c), t, cdf)
	}
	do(VMULPS, t, cdf, cdf)
	do(VMULPS, density, cdf, cdf)
	do(VSUBPS, cdf, one, t)
	do(blend, x, cdf, t, cdf) // by the sign of x: cdf where x < 0, else 1 - cdf
	return cdf, density
}

// unary writes y = f(x) for n floats; formula is f in Go.
func unary(name, formula string, f func(x wide) wide) {
	function(name, "(y, x *float32, n int)", fmt.Sprintf(`computes the activation of n floats:

	for i := range n {
		y[i] = %s
	}`, formula))
	y, x, n := pointer("y"), pointer("x"), pointer("n")
	each(n, 2, "loop", []reg.GPVirtual{y, x}, func(p pass) { p.store(f(p.load(x)), y) })
	end()
}

// chain writes dx = dy f(x), where f is a derivative; formula is that in Go.
func chain(name, formula string, f func(x wide) wide) {
	function(name, "(dx, x, dy *float32, n int)", fmt.Sprintf(`computes the gradient of the activation of n floats:

	for i := range n {
		%s
	}`, strings.ReplaceAll(formula, "\n", "\n\t\t")))
	dx, x, dy, n := pointer("dx"), pointer("x"), pointer("dy"), pointer("n")
	each(n, 2, "loop", []reg.GPVirtual{dx, x, dy}, func(p pass) {
		d := f(p.load(x))
		do(VMULPS, p.load(dy), d, d)
		p.store(d, dx)
	})
	end()
}

func gelu() {
	unary("gelu", "x[i] * (1 + erf(x[i]/sqrt(2))) / 2", func(x wide) wide {
		cdf, _ := normalCDF(x)
		do(VMULPS, x, cdf, cdf)
		return cdf
	})
	chain("geluGrad", `cdf := (1 + erf(x[i]/sqrt(2))) / 2
dx[i] = dy[i] * (cdf + x[i]*exp(-x[i]*x[i]/2)/sqrt(2*Pi))`, func(x wide) wide {
		cdf, density := normalCDF(x)
		do(VMULPS, constant(1/math.Sqrt(2*math.Pi)), density, density)
		do(VFMADD231PS, density, x, cdf)
		return cdf
	})
}

// sigmoid replaces u by 1/(1 + exp(-u)). It takes the exponential of -|u|, which
// cannot overflow.
func sigmoid(u wide) {
	e, one := like(u), fill(1)
	do(VORPS, words(1<<31), u, e)
	expNegative(e)
	do(blend, u, e, one, u)
	do(VADDPS, one, e, e)
	do(VDIVPS, e, u, u)
}

func quickGELU() {
	gate := func(x wide) wide {
		s := like(x)
		do(VMULPS, constant(1.702), x, s)
		sigmoid(s)
		return s
	}
	unary("quickGELU", "x[i] / (1 + exp(-1.702*x[i]))", func(x wide) wide {
		s := gate(x)
		do(VMULPS, x, s, s)
		return s
	})
	chain("quickGELUGrad", `s := 1 / (1 + exp(-1.702*x[i]))
dx[i] = dy[i] * (s + 1.702*x[i]*s*(1-s))`, func(x wide) wide {
		s := gate(x) // s + 1.702 x s (1 - s)
		rest := like(x)
		do(VSUBPS, s, fill(1), rest)
		do(VMULPS, s, rest, rest)
		do(VMULPS, constant(1.702), rest, rest)
		do(VFMADD213PS, s, x, rest)
		return rest
	})
}

// tanhGELU: 0.5 x (1 + tanh u) = x sigmoid(2u), u = sqrt(2/pi) (x + 0.044715 x³).
func tanhGELU() {
	c := 2 * math.Sqrt(2/math.Pi)
	gate := func(x wide) (s, square wide) {
		s, square = like(x), like(x)
		do(VMULPS, x, x, square)
		do(VMOVUPS, constant(c), s)
		do(VFMADD231PS, constant(c*0.044715), square, s)
		do(VMULPS, x, s, s)
		sigmoid(s)
		return s, square
	}
	unary("tanhGELU", "0.5 * x[i] * (1 + tanh(sqrt(2/Pi)*(x[i]+0.044715*x[i]*x[i]*x[i])))", func(x wide) wide {
		s, _ := gate(x)
		do(VMULPS, x, s, s)
		return s
	})
	chain("tanhGELUGrad", `c := 2 * sqrt(2/Pi)
s := 1 / (1 + exp(-c*(x[i]+0.044715*x[i]*x[i]*x[i])))
dx[i] = dy[i] * (s + x[i]*s*(1-s)*c*(1+3*0.044715*x[i]*x[i]))`, func(x wide) wide {
		s, square := gate(x) // s + x s (1 - s) 2u'
		slope, rest := like(x), like(x)
		do(VMOVUPS, constant(c), slope)
		do(VFMADD231PS, constant(c*3*0.044715), square, slope)
		do(VSUBPS, s, fill(1), rest)
		do(VMULPS, x, rest, rest)
		do(VMULPS, slope, rest, rest)
		do(VFMADD213PS, s, s, rest)
		return rest
	})
}

func elementwise() {
	function("add", "(z, x, y *float32, n int)", `adds n floats:

	for i := range n {
		z[i] = x[i] + y[i]
	}`)
	z, x, y, n := pointer("z"), pointer("x"), pointer("y"), pointer("n")
	each(n, 4, "loop", []reg.GPVirtual{z, x, y}, func(p pass) {
		v := p.load(x)
		do(VADDPS, p.load(y), v, v)
		p.store(v, z)
	})
	end()

	function("scale", "(y, x *float32, n int, s float32)", `multiplies n floats:

	for i := range n {
		y[i] = s * x[i]
	}`)
	y, x, n = pointer("y"), pointer("x"), pointer("n")
	s := scalar("s")
	each(n, 4, "loop", []reg.GPVirtual{y, x}, func(p pass) {
		v := p.load(x)
		do(VMULPS, s, v, v)
		p.store(v, y)
	})
	end()

	function("axpy", "(y, x *float32, n int, a float32)", `adds multiples to n floats:

	for i := range n {
		y[i] += a * x[i]
	}`)
	y, x, n = pointer("y"), pointer("x"), pointer("n")
	a := scalar("a")
	each(n, 4, "loop", []reg.GPVirtual{y, x}, func(p pass) {
		v := p.load(y)
		do(VFMADD231PS, p.load(x), a, v)
		p.store(v, y)
	})
	end()

	function("dot", "(x, y *float32, n int) float32", `returns the dot product of n floats:

	for i := range n {
		sum += x[i] * y[i]
	}
	return sum`)
	x, y, n = pointer("x"), pointer("y"), pointer("n")
	total := zeros(4)
	each(n, 4, "loop", []reg.GPVirtual{x, y}, func(p pass) {
		do(VFMADD231PS, p.load(x), p.load(y), total[:p.vectors])
	})
	Store(sum(total), ReturnIndex(0))
	end()
}

func contrast() {
	function("contrast",
		"(z, other *float32, n int, scale, shift float32) float32",
		`replaces cosines by the weights of their gradient:

	for i := range n {
		w := exp(scale*z[i]+shift) + exp(scale*z[i]-other[i])
		sum += w * z[i]
		z[i] = w
	}
	return sum`)
	z, other, n := pointer("z"), pointer("other"), pointer("n")
	scale, shift, total := scalar("scale"), scalar("shift"), zeros(2)
	each(n, 2, "loop", []reg.GPVirtual{z, other}, func(p pass) {
		own, theirs := p.load(z), p.load(other)
		do(VFMSUB231PS, own, scale, theirs) // scale own - theirs
		do(VFMADD213PS, shift, scale, own)
		exp(theirs)
		exp(own)
		do(VADDPS, theirs, own, own)
		do(VFMADD231PS, p.load(z), own, total[:p.vectors])
		p.store(own, z)
	})
	Store(sum(total), ReturnIndex(0))
	end()
}

func adamW() {
	function("adamW",
		"(value, grad, m, v *float32, n int, gradScale, beta1, beta2, keep, rate, inverse, eps float32)",
		`updates n parameters and their moments:

	for i := range n {
		g := gradScale * grad[i]
		m[i] = g + beta1*(m[i]-g)
		v[i] = g*g + beta2*(v[i]-g*g)
		value[i] = value[i]*keep - rate*m[i]/(sqrt(v[i])*inverse+eps)
	}`)
	value, grad, m, v, n := pointer("value"), pointer("grad"), pointer("m"), pointer("v"), pointer("n")
	gradScale, beta1, beta2 := scalar("gradScale"), scalar("beta1"), scalar("beta2")
	keep, rate, inverse, eps := scalar("keep"), scalar("rate"), scalar("inverse"), scalar("eps")
	each(n, 2, "loop", []reg.GPVirtual{value, grad, m, v}, func(p pass) {
		g, a := p.load(grad), p.load(m)
		do(VMULPS, gradScale, g, g)
		do(VSUBPS, g, a, a) // m = g + beta1 (m - g)
		do(VFMADD213PS, g, beta1, a)
		p.store(a, m)
		do(VMULPS, g, g, g)
		b := p.load(v)
		do(VSUBPS, g, b, b)
		do(VFMADD213PS, g, beta2, b)
		p.store(b, v)
		do(VSQRTPS, b, b)
		do(VFMADD213PS, eps, inverse, b)
		do(VDIVPS, b, a, a)
		w := p.load(value)
		do(VMULPS, keep, w, w)
		do(VFNMADD231PS, rate, a, w)
		p.store(w, value)
	})
	end()
}
