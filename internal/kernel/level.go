package kernel

import "os"

// A Level is a set of machine instructions.
type Level int

const (
	Portable Level = iota // Go alone
	AVX2                  // AVX2 and FMA, 256 bits
)

func (l Level) String() string { return [...]string{"portable", "avx2"}[l] }

// level is the one in use.
var level = startLevel(os.Getenv("GOCLIP_KERNEL"))

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
