//go:build amd64 && !purego

package kernel

import (
	"golang.org/x/sys/cpu"
	"golang.org/x/sys/unix"
)

// mayUseTiles asks Linux, once, for leave to use the tile registers: they make
// what is saved of a thread 8 KB larger. The leave is the whole process's. Without
// it, or in a sandbox that knows no such call, there are other kernels.
var mayUseTiles = cpu.X86.HasAMXTile && cpu.X86.HasAMXBF16 && func() bool {
	const request, tileData = 0x1023, 18 // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
	_, _, errno := unix.RawSyscall(unix.SYS_ARCH_PRCTL, request, tileData, 0)
	return errno == 0
}()
