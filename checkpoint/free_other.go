//go:build !linux && !darwin && !windows

package checkpoint

import "math"

// freeBytes knows nothing here, and a full disk shows when it is written.
func freeBytes(string) (int64, error) { return math.MaxInt64, nil }
