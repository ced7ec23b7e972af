//go:build linux || darwin

package checkpoint

import "golang.org/x/sys/unix"

func freeBytes(path string) (int64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(path, &s); err != nil {
		return 0, err
	}
	return int64(s.Bavail) * int64(s.Bsize), nil //nolint:unconvert // Bsize is of another type on Darwin
}
