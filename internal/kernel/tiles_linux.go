//go:build amd64 && !purego

package kernel

import (
	"golang.org/x/sys/cpu"
	"golang.org/x/sys/unix"
)

// mayUseTiles requests permission from Linux, once for the process, to use the tile
// registers, which make the saved state of a thread 8 KB larger. Where it is denied,
// or a sandbox has no such call, other kernels run.
var mayUseTiles = cpu.X86.HasAMXTile && cpu.X86.HasAMXBF16 && func() bool {
	const request, tileData = 0x1023, 18 // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
	_, _, errno := unix.RawSyscall(unix.SYS_ARCH_PRCTL, request, tileData, 0)
	return errno == 0
}()
