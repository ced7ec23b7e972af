package kernel

import "unsafe"

// lineFloats is a cache line.
const lineFloats = 16

// NewFloats returns n zeros that begin a cache line. Much memory is asked to lie
// in large pages, where the system has them: what a step passes over is far more
// than the processor knows the small pages of.
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
