package bench

import (
	"os"
	"strconv"
	"strings"
)

// peakRSS is the most memory that the process had resident, in bytes; 0 if the
// system does not report it. Getrusage would count what the parent process had as well.
func peakRSS() int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	kib, _, _ := strings.Cut(rest, " kB")
	n, err := strconv.ParseInt(strings.TrimSpace(kib), 10, 64)
	if err != nil {
		return 0
	}
	return n << 10
}
