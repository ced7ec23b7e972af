// Package dist is what the ranks of a run on several machines say to each other:
// sums, gathers and broadcasts. [Single] is a run of one rank, [Group] joins ranks
// within one process for tests, and [Open] joins the job that mpirun or srun has
// started, in a program built with -tags mpi.
//
// There is no second way for one rank: all runs go through a Comm.
package dist

import (
	"errors"
	"fmt"
)

// A Comm is a fixed group of ranks. Its methods are collective, Rank, Size and Abort
// apart: all ranks call the same ones in the same order with the same lengths. One
// goroutine at a time may use it.
type Comm interface {
	// Rank is this rank's number, of 0 to Size-1.
	Rank() int
	Size() int

	// AllReduceSum makes of each number in buf its sum over the ranks. All get the
	// same bits.
	AllReduceSum(buf []float32) error

	// AllGather fills dst with the src of all ranks, by rank; len(dst) is
	// Size*len(src).
	AllGather(dst, src []float32) error

	// ReduceScatterSum fills dst with this rank's part of the sum of src over the
	// ranks; len(src) is Size*len(dst).
	ReduceScatterSum(dst, src []float32) error

	// SendRecv sends src to the rank to and fills dst with what the rank from sends.
	SendRecv(dst, src []float32, to, from int) error

	// Broadcast fills buf with the buf of the rank root.
	Broadcast(buf []byte, root int) error

	// Barrier returns when all ranks have called it.
	Barrier() error

	// Abort ends the job: the processes of all ranks end with code where an MPI
	// runs them, and calls of the others fail with ErrAborted in a Group.
	Abort(code int)

	// Close leaves the group, at the end of a run that went well.
	Close() error
}

// ErrAborted says that another rank has ended the job.
var ErrAborted = errors.New("dist: another rank has ended the job")

// single is a group of one.
type single struct{}

// Single is a run of one rank.
func Single() Comm { return single{} }

func (single) Rank() int                    { return 0 }
func (single) Size() int                    { return 1 }
func (single) AllReduceSum([]float32) error { return nil }
func (single) Broadcast([]byte, int) error  { return nil }
func (single) Barrier() error               { return nil }
func (single) Abort(int)                    {}
func (single) Close() error                 { return nil }

func (single) AllGather(dst, src []float32) error        { return copyAll(dst, src) }
func (single) ReduceScatterSum(dst, src []float32) error { return copyAll(dst, src) }

func (single) SendRecv(dst, src []float32, to, from int) error {
	if to != 0 || from != 0 {
		return fmt.Errorf("dist: to rank %d, from rank %d; want 0, the only rank", to, from)
	}
	return copyAll(dst, src)
}

func copyAll(dst, src []float32) error {
	if len(dst) != len(src) {
		return fmt.Errorf("dist: %d numbers of one rank into %d", len(src), len(dst))
	}
	copy(dst, src)
	return nil
}
