//go:build mpi

package dist

import (
	"os"
	"testing"
)

// TestMain joins the job if mpirun has started the test.
func TestMain(m *testing.M) {
	joined, joinErr = Open()
	code := m.Run()
	if joinErr == nil && code == 0 {
		joinErr = joined.Close()
	}
	if joinErr != nil {
		code = 1
	}
	os.Exit(code)
}

var (
	joined  Comm
	joinErr error
)

// TestMPI runs every collective among the ranks of a job, and at lengths that use
// other algorithms. By itself it is a job of one:
//
//	go test -tags mpi -c -o dist.test ./internal/dist
//	mpirun -np 4 --oversubscribe --bind-to none ./dist.test -test.run MPI
func TestMPI(t *testing.T) {
	if joinErr != nil {
		t.Fatal(joinErr)
	}
	c := joined
	t.Logf("rank %d of %d", c.Rank(), c.Size())
	if err := exercise(c); err != nil {
		t.Error(err)
	}
	for _, n := range []int{1, 1000, 1 << 20} {
		buf := make([]float32, n)
		for i := range buf {
			buf[i] = float32(c.Rank() + i%7)
		}
		if err := c.AllReduceSum(buf); err != nil {
			t.Fatal(err)
		}
		ranks := c.Size()
		for i, x := range buf {
			if want := float32(ranks*(ranks-1)/2 + ranks*(i%7)); x != want {
				t.Fatalf("sum %d of %d is %v; want %v", i, n, x, want)
			}
		}
	}
}
