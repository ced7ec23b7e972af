//go:build unix

package bounded

import (
	"syscall"
	"time"
)

// processor is the time that this process has computed. A busy machine does
// not change it, as it does the time of day.
func processor() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
