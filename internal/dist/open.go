//go:build !mpi

package dist

import "fmt"

// Open is a run of one rank: this program is built without MPI. Several ranks are an
// error.
func Open() (Comm, error) {
	if err := Alone(); err != nil {
		return nil, fmt.Errorf("%w; a program built with -tags mpi joins them", err)
	}
	return Single(), nil
}
