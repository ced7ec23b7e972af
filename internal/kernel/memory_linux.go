package kernel

import (
	"syscall"
	"unsafe"
)

// largePage is the size of a large page.
const largePage = 2 << 20

// inLargePages advises the system of the whole large pages in memory. Without
// them all is the same, only slower.
func inLargePages(memory []byte) {
	before := -uintptr(unsafe.Pointer(&memory[0])) % largePage
	if whole := uintptr(len(memory)) - before; whole <= uintptr(len(memory)) && whole >= largePage {
		_ = syscall.Madvise(memory[before:][:whole&^(largePage-1)], syscall.MADV_HUGEPAGE)
	}
}
