package dist

import (
	"fmt"
	"sync"
)

// Group joins n ranks within this process, so that go test -race can check what N
// ranks compute. Sums are added in the order of the ranks. Calls that do not
// agree fail on all ranks.
func Group(n int) []Comm {
	h := &hub{calls: make([]call, n)}
	h.changed = sync.NewCond(&h.mu)
	ranks := make([]Comm, n)
	for i := range ranks {
		ranks[i] = &member{h, i}
	}
	return ranks
}

// A hub is where the ranks of a Group meet.
type hub struct {
	mu      sync.Mutex
	changed *sync.Cond
	calls   []call // of the meeting at hand, by rank
	arrived int
	meeting int   // how many are over
	err     error // of the last one
	aborted bool
}

// A call is what a rank has come for.
type call struct {
	name     string
	dst, src []float32
	bytes    []byte
	to, from int
}

// meet waits for all ranks; the last one does the work of all.
func (h *hub) meet(rank int, c call, work func([]call) error) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.aborted {
		return ErrAborted
	}
	h.calls[rank] = c
	h.arrived++
	if h.arrived == len(h.calls) {
		if h.err = agree(h.calls); h.err == nil {
			h.err = work(h.calls)
		}
		h.arrived = 0
		h.meeting++
		h.changed.Broadcast()
		return h.err
	}
	for now := h.meeting; now == h.meeting; h.changed.Wait() {
		if h.aborted {
			return ErrAborted
		}
	}
	return h.err
}

// agree reports the first rank that has come for something else than rank 0.
func agree(calls []call) error {
	first := calls[0]
	for rank, c := range calls {
		if c.name != first.name || len(c.dst) != len(first.dst) || len(c.src) != len(first.src) ||
			len(c.bytes) != len(first.bytes) {
			return fmt.Errorf("dist: rank %d calls %s of %d numbers and %d bytes; rank 0 %s of %d and %d",
				rank, c.name, len(c.src), len(c.bytes), first.name, len(first.src), len(first.bytes))
		}
	}
	return nil
}

// A member is a rank of a Group.
type member struct {
	hub  *hub
	rank int
}

func (m *member) Rank() int    { return m.rank }
func (m *member) Size() int    { return len(m.hub.calls) }
func (m *member) Close() error { return nil }

func (m *member) Abort(int) {
	m.hub.mu.Lock()
	defer m.hub.mu.Unlock()
	m.hub.aborted = true
	m.hub.changed.Broadcast()
}

func (m *member) AllReduceSum(buf []float32) error {
	return m.hub.meet(m.rank, call{name: "AllReduceSum", dst: buf, src: buf}, func(calls []call) error {
		for i := range buf {
			sum := sumAt(calls, i)
			for _, c := range calls {
				c.dst[i] = sum
			}
		}
		return nil
	})
}

// sumAt is the sum of number i over the ranks.
func sumAt(calls []call, i int) (sum float32) {
	for _, c := range calls {
		sum += c.src[i]
	}
	return sum
}

func (m *member) AllGather(dst, src []float32) error {
	if len(dst) != m.Size()*len(src) {
		return fmt.Errorf("dist: AllGather of %d numbers from %d ranks into %d", len(src), m.Size(), len(dst))
	}
	return m.hub.meet(m.rank, call{name: "AllGather", dst: dst, src: src}, func(calls []call) error {
		for _, to := range calls {
			for rank, from := range calls {
				copy(to.dst[rank*len(src):], from.src)
			}
		}
		return nil
	})
}

func (m *member) ReduceScatterSum(dst, src []float32) error {
	if len(src) != m.Size()*len(dst) {
		return fmt.Errorf("dist: ReduceScatterSum of %d numbers to %d ranks of %d", len(src), m.Size(), len(dst))
	}
	return m.hub.meet(m.rank, call{name: "ReduceScatterSum", dst: dst, src: src}, func(calls []call) error {
		for rank, c := range calls {
			for i := range c.dst {
				c.dst[i] = sumAt(calls, rank*len(dst)+i)
			}
		}
		return nil
	})
}

func (m *member) SendRecv(dst, src []float32, to, from int) error {
	if n := m.Size(); to < 0 || to >= n || from < 0 || from >= n {
		return fmt.Errorf("dist: to rank %d, from rank %d; want 0 to %d", to, from, n-1)
	}
	c := call{name: "SendRecv", dst: dst, src: src, to: to, from: from}
	return m.hub.meet(m.rank, c, func(calls []call) error {
		for rank, c := range calls {
			if calls[c.from].to != rank {
				return fmt.Errorf("dist: rank %d waits for rank %d, which sends to rank %d",
					rank, c.from, calls[c.from].to)
			}
			copy(c.dst, calls[c.from].src)
		}
		return nil
	})
}

func (m *member) Broadcast(buf []byte, root int) error {
	if root < 0 || root >= m.Size() {
		return fmt.Errorf("dist: broadcast of rank %d; want 0 to %d", root, m.Size()-1)
	}
	return m.hub.meet(m.rank, call{name: "Broadcast", bytes: buf, from: root}, func(calls []call) error {
		for _, c := range calls {
			if c.from != root {
				return fmt.Errorf("dist: broadcast of rank %d and of rank %d", root, c.from)
			}
			copy(c.bytes, calls[root].bytes)
		}
		return nil
	})
}

func (m *member) Barrier() error {
	return m.hub.meet(m.rank, call{name: "Barrier"}, func([]call) error { return nil })
}
