//go:build !mpi

package dist

import (
	"fmt"
)

// Open is a run of one rank: this program is built without MPI. It is an error
// where a launcher has started several ranks, each of which would be a run of its
// own.
func Open() (Comm, error) {
	if l, ok := launched(); ok && l.size > 1 {
		return nil, fmt.Errorf("dist: %s has started %d ranks, but this program is built without MPI, "+
			"and each would train by itself; build it with -tags mpi", l.launcher, l.size)
	}
	return Single(), nil
}
