package kernel

import "unsafe"

// lineFloats is the floats of a cache line.
const lineFloats = 16

// NewFloats returns n zeros that begin a cache line. Much memory lies in large pages,
// where the system has them: a step passes over far more small pages than the
// processor's table of addresses holds.
func NewFloats(n int) []float32 {
	x := make([]float32, n+lineFloats)
	skip := 0
	for uintptr(unsafe.Pointer(&x[skip]))%(4*lineFloats) != 0 {
		skip++
	}
	x = x[skip:][:n:n]
	if n > 0 {
		inLargePages(unsafe.Slice((*byte)(unsafe.Pointer(&x[0])), 4*n))
	}
	return x
}
