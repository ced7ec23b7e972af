package kernel

import (
	"testing"
	"unsafe"
)

// TestNewFloats holds sizes and places around a cache line and a large page.
func TestNewFloats(t *testing.T) {
	for _, n := range []int{0, 1, 15, 16, 17, 1 << 19, 1<<19 + 1, 3<<19 - 1} {
		x := NewFloats(n)
		if len(x) != n || cap(x) != n {
			t.Fatalf("%d floats: length %d, capacity %d", n, len(x), cap(x))
		}
		if at := uintptr(unsafe.Pointer(unsafe.SliceData(x))); n > 0 && at%64 != 0 {
			t.Errorf("%d floats begin at %#x, inside of a cache line", n, at)
		}
		for i, v := range x {
			if v != 0 {
				t.Fatalf("%d floats: [%d] = %g", n, i, v)
			}
			x[i] = 1
		}
	}
}
