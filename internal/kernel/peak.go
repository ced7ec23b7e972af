package kernel

import (
	"math"
	"time"
)

// Peak measures the multiply-adds that threads reach together at the level in
// use, in GFLOP/s, two operations to each: what no product can exceed. It takes
// about a fifth of a second and returns the best of its trials, which other
// load on the machine disturbs least.
func Peak(threads int) float64 { return peak(threads, multiplyAdds) }

// PeakBF16 is Peak for operands of bfloat16, where the level in use has
// instructions for them.
func PeakBF16(threads int) float64 { return peak(threads, multiplyAddsBF16) }

func peak(threads int, run func(n int) (flops float64)) float64 {
	p := NewPool(threads)
	defer p.Close()
	b := &burst{times: 1 << 20, run: run, flops: make([]float64, p.threads)} // 2 ms, so that waking threads counts little
	best := math.Inf(1)
	for range 100 {
		start := time.Now()
		p.run(b, p.threads)
		best = min(best, time.Since(start).Seconds())
	}
	var flops float64
	for _, f := range b.flops {
		flops += f
	}
	return flops / best / 1e9
}

// A burst is nothing but multiply-adds, the same in each tile.
type burst struct {
	times int
	run   func(n int) (flops float64)
	flops []float64 // of each tile
}

func (b *burst) do(_, tile int) { b.flops[tile] = b.run(b.times) }

// multiplyAddsGo runs eight chains, since a sum waits for the one before.
func multiplyAddsGo(n int) (flops float64) {
	var a, b, c, d, e, f, g, h float32
	x, y := float32(0.5), float32(n)
	for range n {
		a = a*x + y
		b = b*x + y
		c = c*x + y
		d = d*x + y
		e = e*x + y
		f = f*x + y
		g = g*x + y
		h = h*x + y
	}
	if a+b+c+d+e+f+g+h < 0 { // never, but now the sums are wanted
		return 0
	}
	return 2 * 8 * float64(n)
}
