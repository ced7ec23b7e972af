//go:build mpi

package dist

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"unsafe"

	"github.com/ebitengine/purego"
)

// Library is the environment variable that names the MPI library to open.
const Library = "GOCLIP_MPI_LIBRARY"

// Open joins the job that a launcher has started; without one it is a run of one
// rank. The library is Open MPI's or MPICH's, whichever the launcher belongs to,
// opened at run time, so that one program serves both.
func Open() (Comm, error) {
	l, ok := launched()
	if !ok {
		return Single(), nil
	}
	names := []string{"libmpi.so.40", "libmpich.so.12", "libmpi.so.12", "libmpi.so"}
	if !l.openMPI {
		names = []string{"libmpich.so.12", "libmpi.so.12", "libmpi.so.40", "libmpi.so"}
	}
	if name := os.Getenv(Library); name != "" {
		names = []string{name}
	}
	lib, err := openLibrary(names)
	if err != nil {
		return nil, err
	}
	return start(lib, l)
}

func openLibrary(names []string) (handle uintptr, err error) {
	var missing []error
	for _, name := range names {
		// Open MPI opens its own parts, which need its symbols.
		if handle, err = purego.Dlopen(name, purego.RTLD_NOW|purego.RTLD_GLOBAL); err == nil {
			return handle, nil
		}
		missing = append(missing, err)
	}
	return 0, fmt.Errorf("dist: no MPI library among %s (%w); install Open MPI or MPICH, or name its file in %s",
		strings.Join(names, ", "), missing[0], Library)
}

// An mpi is this rank of MPI_COMM_WORLD. All calls are made by one goroutine on the
// thread that called MPI_Init_thread, so that MPI_THREAD_FUNNELED is enough.
type mpi struct {
	call functions
	handles
	rank, size int
	work       chan func()
	done       chan struct{}
}

// functions are what is called of an MPI library. Each returns 0 or the number of
// an error.
type functions struct {
	initThread         func(argc, argv uintptr, required int32, provided *int32) int32
	setErrhandler      func(comm, handler uintptr) int32
	commRank, commSize func(comm uintptr, n *int32) int32
	allreduce          func(src uintptr, dst unsafe.Pointer, n int32, kind, op, comm uintptr) int32
	allgather          func(src unsafe.Pointer, n int32, kind uintptr, dst unsafe.Pointer, m int32,
		kind2, comm uintptr) int32
	reduceScatter func(src, dst unsafe.Pointer, n int32, kind, op, comm uintptr) int32
	sendrecv      func(src unsafe.Pointer, n int32, kind uintptr, to, tag int32, dst unsafe.Pointer, m int32,
		kind2 uintptr, from, tag2 int32, comm, status uintptr) int32
	bcast       func(buf unsafe.Pointer, n int32, kind uintptr, root int32, comm uintptr) int32
	barrier     func(comm uintptr) int32
	abort       func(comm uintptr, code int32) int32
	finalize    func() int32
	errorString func(code int32, text *byte, n *int32) int32
}

// handles are what the headers of a library define: addresses in Open MPI, numbers
// in MPICH and its kin.
type handles struct {
	world, float, byte, sum, errorsReturn uintptr
	inPlace, ignored                      uintptr
}

// mpich are the numbers of MPICH's ABI, which Intel MPI and MVAPICH share.
var mpich = handles{
	world: 0x44000000, float: 0x4c00040a, byte: 0x4c00010d, sum: 0x58000003, errorsReturn: 0x54000001,
	inPlace: ^uintptr(0), ignored: 1,
}

// threadFunneled is MPI_THREAD_FUNNELED in both.
const threadFunneled = 1

// maxCount is how many numbers one call may carry: a C int.
const maxCount = 1 << 30

func start(lib uintptr, l launch) (Comm, error) {
	m := &mpi{work: make(chan func()), done: make(chan struct{})}
	if err := m.bind(lib); err != nil {
		return nil, err
	}
	ready := make(chan error)
	go func() {
		runtime.LockOSThread()
		ready <- m.join(l)
		for f := range m.work {
			f()
		}
		close(m.done)
	}()
	if err := <-ready; err != nil {
		return nil, err
	}
	return m, nil
}

// bind finds the functions and handles of a library.
func (m *mpi) bind(lib uintptr) error {
	for name, f := range map[string]any{
		"MPI_Init_thread": &m.call.initThread, "MPI_Comm_set_errhandler": &m.call.setErrhandler,
		"MPI_Comm_rank": &m.call.commRank, "MPI_Comm_size": &m.call.commSize, "MPI_Allreduce": &m.call.allreduce,
		"MPI_Allgather": &m.call.allgather, "MPI_Reduce_scatter_block": &m.call.reduceScatter,
		"MPI_Sendrecv": &m.call.sendrecv, "MPI_Bcast": &m.call.bcast, "MPI_Barrier": &m.call.barrier, "MPI_Abort": &m.call.abort,
		"MPI_Finalize": &m.call.finalize, "MPI_Error_string": &m.call.errorString,
	} {
		symbol, err := purego.Dlsym(lib, name)
		if err != nil {
			return fmt.Errorf("dist: the MPI library lacks %s: %w", name, err)
		}
		purego.RegisterFunc(f, symbol)
	}
	m.handles = mpich
	if _, err := purego.Dlsym(lib, "ompi_mpi_comm_world"); err != nil {
		return nil
	}
	m.inPlace, m.ignored = 1, 0
	for name, h := range map[string]*uintptr{
		"ompi_mpi_comm_world": &m.world, "ompi_mpi_float": &m.float, "ompi_mpi_byte": &m.byte,
		"ompi_mpi_op_sum": &m.sum, "ompi_mpi_errors_return": &m.errorsReturn,
	} {
		var err error
		if *h, err = purego.Dlsym(lib, name); err != nil {
			return fmt.Errorf("dist: Open MPI lacks %s: %w", name, err)
		}
	}
	return nil
}

// join starts MPI. A job whose size is not the launcher's was opened by the
// library of another one.
func (m *mpi) join(l launch) error {
	var provided, rank, size int32
	if err := m.check("MPI_Init_thread", m.call.initThread(0, 0, threadFunneled, &provided)); err != nil {
		return err
	}
	if provided < threadFunneled {
		return fmt.Errorf("dist: MPI allows threads at level %d; want %d, MPI_THREAD_FUNNELED", provided, threadFunneled)
	}
	err := errors.Join(
		m.check("MPI_Comm_set_errhandler", m.call.setErrhandler(m.world, m.errorsReturn)),
		m.check("MPI_Comm_rank", m.call.commRank(m.world, &rank)),
		m.check("MPI_Comm_size", m.call.commSize(m.world, &size)))
	if err != nil {
		return err
	}
	m.rank, m.size = int(rank), int(size)
	if l.size > 1 && m.size != l.size {
		return fmt.Errorf("dist: MPI knows %d ranks, %s has started %d: the library is another MPI's; "+
			"name the right one in %s", m.size, l.launcher, l.size, Library)
	}
	return nil
}

// check makes an error of what a function of MPI returned.
func (m *mpi) check(name string, code int32) error {
	if code == 0 {
		return nil
	}
	text, n := make([]byte, 1024), int32(0)
	m.call.errorString(code, &text[0], &n)
	return fmt.Errorf("dist: rank %d: %s: %s", m.rank, name, text[:min(max(int(n), 0), len(text))])
}

// do runs a call on MPI's thread. The memory that it is given must stay where it is.
func (m *mpi) do(name string, call func() int32, held ...[]float32) error {
	var pin runtime.Pinner
	defer pin.Unpin()
	for _, x := range held {
		if len(x) > 0 {
			pin.Pin(&x[0])
		}
	}
	var code int32
	over := make(chan struct{})
	m.work <- func() {
		code = call()
		close(over)
	}
	<-over
	return m.check(name, code)
}

func (m *mpi) Rank() int { return m.rank }
func (m *mpi) Size() int { return m.size }

func pointer(x []float32) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(x)) }

func (m *mpi) AllReduceSum(buf []float32) error {
	for at := 0; at < len(buf); at += maxCount {
		part := buf[at:min(at+maxCount, len(buf))]
		err := m.do("MPI_Allreduce", func() int32 {
			return m.call.allreduce(m.inPlace, pointer(part), int32(len(part)), m.float, m.sum, m.world)
		}, part)
		if err != nil {
			return err
		}
	}
	return nil
}

func (m *mpi) AllGather(dst, src []float32) error {
	if len(dst) != m.size*len(src) || len(src) > maxCount {
		return fmt.Errorf("dist: AllGather of %d numbers from %d ranks into %d", len(src), m.size, len(dst))
	}
	n := int32(len(src))
	return m.do("MPI_Allgather", func() int32 {
		return m.call.allgather(pointer(src), n, m.float, pointer(dst), n, m.float, m.world)
	}, dst, src)
}

func (m *mpi) ReduceScatterSum(dst, src []float32) error {
	if len(src) != m.size*len(dst) || len(dst) > maxCount {
		return fmt.Errorf("dist: ReduceScatterSum of %d numbers to %d ranks of %d", len(src), m.size, len(dst))
	}
	return m.do("MPI_Reduce_scatter_block", func() int32 {
		return m.call.reduceScatter(pointer(src), pointer(dst), int32(len(dst)), m.float, m.sum, m.world)
	}, dst, src)
}

func (m *mpi) SendRecv(dst, src []float32, to, from int) error {
	if len(src) > maxCount || len(dst) > maxCount {
		return fmt.Errorf("dist: SendRecv of %d numbers; want at most %d", len(src), maxCount)
	}
	return m.do("MPI_Sendrecv", func() int32 {
		return m.call.sendrecv(pointer(src), int32(len(src)), m.float, int32(to), 0,
			pointer(dst), int32(len(dst)), m.float, int32(from), 0, m.world, m.ignored)
	}, dst, src)
}

func (m *mpi) Broadcast(buf []byte, root int) error {
	var pin runtime.Pinner
	defer pin.Unpin()
	for at := 0; at < len(buf); at += maxCount {
		part := buf[at:min(at+maxCount, len(buf))]
		pin.Pin(&part[0])
		err := m.do("MPI_Bcast", func() int32 {
			return m.call.bcast(unsafe.Pointer(&part[0]), int32(len(part)), m.byte, int32(root), m.world)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (m *mpi) Barrier() error {
	return m.do("MPI_Barrier", func() int32 { return m.call.barrier(m.world) })
}

// Abort does not wait for a call that hangs on MPI's thread: MPI allows it of any
// thread once the job is lost.
func (m *mpi) Abort(code int) { m.call.abort(m.world, int32(code)) }

// Close ends MPI. No call may follow.
func (m *mpi) Close() error {
	err := m.do("MPI_Finalize", func() int32 { return m.call.finalize() })
	close(m.work)
	<-m.done
	return err
}
