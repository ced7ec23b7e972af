package dist

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
)

// together calls f on all ranks at once and returns their errors.
func together(ranks []Comm, f func(c Comm) error) []error {
	errs := make([]error, len(ranks))
	var all sync.WaitGroup
	for i, c := range ranks {
		all.Go(func() { errs[i] = f(c) })
	}
	all.Wait()
	return errs
}

// exercise checks every collective of one rank by numbers that say whose they are.
func exercise(c Comm) error {
	n, r := c.Size(), float32(c.Rank())
	ranks := make([]float32, n) // 0, 1, ...
	var sum float32
	for i := range ranks {
		ranks[i] = float32(i)
		sum += float32(i)
	}
	var errs []error
	want := func(what string, got, want []float32, err error) {
		if err != nil || !slices.Equal(got, want) {
			errs = append(errs, errors.Join(errors.New(what), err))
		}
	}
	buf := []float32{r, 2 * r, 1}
	err := c.AllReduceSum(buf)
	want("AllReduceSum", buf, []float32{sum, 2 * sum, float32(n)}, err)

	all := make([]float32, n)
	err = c.AllGather(all, []float32{r})
	want("AllGather", all, ranks, err)

	part := make([]float32, 1)
	err = c.ReduceScatterSum(part, ranks)
	want("ReduceScatterSum", part, []float32{float32(n) * r}, err)

	next, before := (c.Rank()+1)%n, (c.Rank()+n-1)%n
	err = c.SendRecv(part, []float32{r}, next, before)
	want("SendRecv", part, []float32{float32(before)}, err)

	text := []byte{byte(c.Rank()), 'x'}
	err = c.Broadcast(text, n-1)
	want("Broadcast", []float32{float32(text[0])}, []float32{float32(n - 1)}, err)
	want("Broadcast of nothing", nil, nil, c.Broadcast(nil, 0))
	want("AllReduceSum of nothing", nil, nil, c.AllReduceSum(nil))
	want("Barrier", nil, nil, c.Barrier())
	return errors.Join(errs...)
}

func TestGroup(t *testing.T) {
	for n := 1; n <= 4; n++ {
		for rank, err := range together(Group(n), exercise) {
			if err != nil {
				t.Errorf("rank %d of %d: %v", rank, n, err)
			}
		}
	}
	if err := exercise(Single()); err != nil {
		t.Errorf("one rank: %v", err)
	}
}

// Ranks that do not agree all fail, and can go on.
func TestGroupDisagrees(t *testing.T) {
	ranks := Group(3)
	for what, f := range map[string]func(c Comm) error{
		"lengths": func(c Comm) error { return c.AllReduceSum(make([]float32, c.Rank())) },
		"calls": func(c Comm) error {
			if c.Rank() == 1 {
				return c.Barrier()
			}
			return c.Broadcast(nil, 0)
		},
		"roots": func(c Comm) error { return c.Broadcast([]byte{1}, c.Rank()) },
		"ring":  func(c Comm) error { return c.SendRecv(nil, nil, 0, 1) },
	} {
		for rank, err := range together(ranks, f) {
			if err == nil || !strings.HasPrefix(err.Error(), "dist: ") {
				t.Errorf("%s: rank %d: %v; want an error", what, rank, err)
			}
		}
	}
	for rank, err := range together(ranks, exercise) {
		if err != nil {
			t.Errorf("afterwards: rank %d: %v", rank, err)
		}
	}
}

// Each collective refuses what does not fit the number of ranks by itself.
func TestLengths(t *testing.T) {
	for name, c := range map[string]Comm{"group": Group(2)[0], "single": Single()} {
		for what, err := range map[string]error{
			"AllGather":        c.AllGather(make([]float32, 3), make([]float32, 2)),
			"ReduceScatterSum": c.ReduceScatterSum(make([]float32, 2), make([]float32, 3)),
			"SendRecv":         c.SendRecv(nil, nil, 2, 0),
		} {
			if err == nil {
				t.Errorf("%s: %s: no error", name, what)
			}
		}
	}
}

// A rank that aborts frees those that wait for it.
func TestGroupAborts(t *testing.T) {
	errs := together(Group(3), func(c Comm) error {
		if c.Rank() == 1 {
			c.Abort(1)
			return nil
		}
		return c.Barrier()
	})
	if errs[1] != nil || !errors.Is(errs[0], ErrAborted) || !errors.Is(errs[2], ErrAborted) {
		t.Errorf("%v; want ErrAborted on ranks 0 and 2", errs)
	}
}

func TestLaunched(t *testing.T) {
	for _, name := range []string{"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MPI_LOCALNRANKS", "SLURM_STEP_NUM_TASKS"} {
		t.Setenv(name, "")
	}
	if l, ok := launched(); ok {
		t.Errorf("launched() = %v; want none", l)
	}
	t.Setenv("PMI_SIZE", "4")
	if l, ok := launched(); !ok || l.size != 4 || l.openMPI {
		t.Errorf("launched() = %v, %t; want 4 ranks of MPICH", l, ok)
	}
	t.Setenv("OMPI_COMM_WORLD_SIZE", "2")
	if l, ok := launched(); !ok || l.size != 2 || !l.openMPI {
		t.Errorf("launched() = %v, %t; want 2 ranks of Open MPI", l, ok)
	}
}
