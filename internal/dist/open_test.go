//go:build !mpi

package dist

import (
	"strings"
	"testing"
)

// A program without MPI does not run as several.
func TestOpenWithoutMPI(t *testing.T) {
	t.Setenv("OMPI_COMM_WORLD_SIZE", "1")
	if c, err := Open(); err != nil || c.Size() != 1 {
		t.Errorf("one rank: %v", err)
	}
	t.Setenv("OMPI_COMM_WORLD_SIZE", "2")
	if _, err := Open(); err == nil || !strings.Contains(err.Error(), "has started 2 processes; want one") {
		t.Errorf("two ranks: %v; want an error", err)
	}
}
