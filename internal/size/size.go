// Package size reads sizes of memory and files, such as 512MiB.
package size

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

var units = []struct {
	name  string
	bytes float64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40},
	{"kB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}}

// Parse returns the bytes that text says, a positive number and a unit.
func Parse(text string) (int64, error) {
	for _, u := range units {
		number, ok := strings.CutSuffix(text, u.name)
		if !ok {
			continue
		}
		if v, err := strconv.ParseFloat(strings.TrimSpace(number), 64); err == nil &&
			v > 0 && v*u.bytes < math.MaxInt64 {
			return int64(math.Round(v * u.bytes)), nil
		}
	}
	return 0, fmt.Errorf("%q; want a size, such as 512MiB or 2GiB", text)
}
