package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/reg"
)

// layerNorm reads the row three times: for the mean, the variance and the result.
func layerNorm() {
	function("layerNorm",
		"(y, x, gamma, beta *float32, n int, eps, inverse float32) (mean, rstd float32)",
		`normalizes one row; inverse is 1/n:

	for i := range n {
		mean += x[i] * inverse
	}
	for i := range n {
		variance += (x[i] - mean) * (x[i] - mean) * inverse
	}
	rstd = 1 / sqrt(variance+eps)
	for i := range n {
		y[i] = (x[i]-mean)*rstd*gamma[i] + beta[i]
	}
	return mean, rstd`)
	x, n := pointer("x"), pointer("n")
	inverse, total := scalar("inverse"), zeros(4)
	each(n, 4, "sum", []reg.GPVirtual{x}, func(p pass) {
		do(VADDPS, p.load(x), total[:p.vectors], total[:p.vectors])
	})
	mean := spread(total, inverse)
	x, n = pointer("x"), pointer("n")
	total = zeros(4)
	each(n, 4, "variance", []reg.GPVirtual{x}, func(p pass) {
		d := p.load(x)
		do(VSUBPS, mean, d, d)
		p.clear(d)
		do(VFMADD231PS, d, d, total[:p.vectors])
	})
	rstd := spread(total, inverse)
	VADDPS(scalar("eps"), rstd, rstd)
	VSQRTPS(rstd, rstd)
	VDIVPS(rstd, fill(1), rstd)
	Store(mean.AsX(), ReturnIndex(0))
	Store(rstd.AsX(), ReturnIndex(1))
	x, n = pointer("x"), pointer("n")
	y, gamma, beta := pointer("y"), pointer("gamma"), pointer("beta")
	each(n, 2, "write", []reg.GPVirtual{x, y, gamma, beta}, func(p pass) {
		v := p.load(x)
		do(VSUBPS, mean, v, v)
		do(VMULPS, rstd, v, v)
		do(VFMADD213PS, p.load(beta), p.load(gamma), v)
		p.store(v, y)
	})
	end()
	layerNormGrad()
}

// layerNormGrad reads the row twice: for the sums, and for dx.
func layerNormGrad() {
	function("layerNormGrad",
		"(dx, dgamma, dbeta, x, gamma, dy *float32, n int, mean, rstd, inverse float32)",
		`is the gradient of layerNorm for one row; it adds to dgamma and dbeta:

	for i := range n {
		xhat := (x[i] - mean) * rstd
		dbeta[i] += dy[i]
		dgamma[i] += dy[i] * xhat
		m1 += dy[i] * gamma[i] * inverse
		m2 += dy[i] * gamma[i] * xhat * inverse
	}
	for i := range n {
		xhat := (x[i] - mean) * rstd
		dx[i] = rstd * (dy[i]*gamma[i] - m1 - xhat*m2)
	}`)
	mean, rstd := scalar("mean"), scalar("rstd")
	m1, m2 := zeros(2), zeros(2)
	x, n := pointer("x"), pointer("n")
	dgamma, dbeta, dy := pointer("dgamma"), pointer("dbeta"), pointer("dy")
	gamma := pointer("gamma")
	each(n, 2, "sum", []reg.GPVirtual{x, dgamma, dbeta, gamma, dy}, func(p pass) {
		xhat, d := p.load(x), p.load(dy)
		do(VSUBPS, mean, xhat, xhat)
		do(VMULPS, rstd, xhat, xhat)
		b, g := p.load(dbeta), p.load(dgamma)
		do(VADDPS, d, b, b)
		p.store(b, dbeta)
		do(VFMADD231PS, d, xhat, g)
		p.store(g, dgamma)
		do(VMULPS, p.load(gamma), d, d)
		do(VADDPS, d, m1[:p.vectors], m1[:p.vectors])
		do(VFMADD231PS, d, xhat, m2[:p.vectors])
	})
	inverse := scalar("inverse")
	a1, a2 := spread(m1, inverse), spread(m2, inverse)
	x, n, dy, gamma = pointer("x"), pointer("n"), pointer("dy"), pointer("gamma")
	dx := pointer("dx")
	each(n, 2, "write", []reg.GPVirtual{x, dy, gamma, dx}, func(p pass) {
		xhat, d := p.load(x), p.load(dy)
		do(VSUBPS, mean, xhat, xhat)
		do(VMULPS, rstd, xhat, xhat)
		do(VMULPS, p.load(gamma), d, d)
		do(VSUBPS, a1, d, d)
		do(VFNMADD231PS, a2, xhat, d)
		do(VMULPS, rstd, d, d)
		p.store(d, dx)
	})
	end()
}
