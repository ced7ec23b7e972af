package kernel

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// A Level is a set of machine instructions.
type Level int

const (
	Portable   Level = iota // Go alone
	AVX2                    // AVX2 and FMA, 256 bits
	AVX512                  // AVX-512 F, BW, DQ and VL, 512 bits
	AVX512BF16              // and its products of bfloat16
	AMX                     // and matrix tiles of them
)

var levelNames = []string{"portable", "avx2", "avx512", "avx512bf16", "amx"}

func (l Level) String() string { return levelNames[l] }

// variable names the environment variable that lowers the level.
const variable = "GOCLIP_KERNEL"

// level is the one in use.
var level = startLevel(os.Getenv(variable))

// CheckLevel reports a GOCLIP_KERNEL that names no level.
func CheckLevel() error {
	if name := os.Getenv(variable); name != "" && !slices.Contains(levelNames, name) {
		return fmt.Errorf("kernel: environment: %s: have %q; want one of %s", variable, name, strings.Join(levelNames, ", "))
	}
	return nil
}

// Best is the highest level of this machine and build.
func Best() Level { return best() }

// Active is the level in use: the best, unless the environment variable
// GOCLIP_KERNEL names a lower one when the program starts.
func Active() Level { return level }

func startLevel(name string) Level {
	for l := Portable; l < best(); l++ {
		if l.String() == name {
			return l
		}
	}
	return best()
}

// A tileShape is how large a tile of C the registers hold.
type tileShape struct{ rows, panels int } // a panel is panelWidth columns

var tileShapes = [...]tileShape{
	Portable: {6, 1}, AVX2: {6, 1}, AVX512: {14, 2}, AVX512BF16: {14, 2}, AMX: {14, 2},
}
