package vm

import (
	"fmt"
	"math"
	"unsafe"

	G "gorgonia.org/gorgonia"

	"github.com/goclip/goclip/model/op"
)

// A Machine runs a compiled graph. It implements gorgonia.VM.
type Machine struct {
	pool   *op.Pool
	steps  []*step
	inputs []input
	dead   [][][]float32 // after each step, what to poison
	stats  Stats
}

// An input is a value from outside and the places of the steps that read it.
type input struct {
	node  *G.Node
	size  int
	reads []*op.Buffer
}

var _ G.VM = (*Machine)(nil)

// Stats describes a plan.
type Stats struct {
	Steps      int
	ArenaBytes int
	SumBytes   int // what the values would take if none shared memory; 0 of Measure
	TakenOver  int // results that lie where an argument lay; 0 of Measure
}

// Compile makes a machine that computes outputs. Afterwards the values of the
// output nodes, such as node.Value(), show the results of the last run. An
// operation that is not of package op is an error.
func Compile(outputs G.Nodes, o Options) (*Machine, error) {
	p, err := newPlan(outputs, o)
	if err != nil {
		return nil, err
	}
	floats := p.place(!o.NoReuse)
	arena := o.Arena
	if arena == nil {
		arena = NewArena(4 * floats)
	}
	if len(arena) < floats {
		return nil, fmt.Errorf("vm: arena of %d bytes; want %d", 4*len(arena), 4*floats)
	}
	m := &Machine{pool: o.Pool.OrDefault(), steps: p.steps, stats: Stats{Steps: len(p.steps), ArenaBytes: 4 * floats}}
	memory := layout{o.Lent, arena}
	m.resolve(p, memory)
	if o.Poison {
		m.dead = make([][][]float32, len(p.steps)+1)
		for _, b := range p.buffers {
			if b.inArena() && b.root == b {
				m.dead[b.end] = append(m.dead[b.end], memory.floats(b))
			}
		}
	}
	for _, n := range outputs {
		b := p.of[n][0]
		if b.node != nil {
			continue
		}
		if err := G.UnsafeLet(n, op.NewValue(b.shape, memory.of(b))); err != nil {
			return nil, fmt.Errorf("vm: output %v: %w", n, err)
		}
	}
	return m, nil
}

// A layout is the memory in which a plan has placed its buffers.
type layout struct{ lent, arena []float32 }

// floats is the memory of b, or nil if its operation leaves it out.
func (l layout) floats(b *buffer) []float32 {
	if b.placed != nil || b.skipped {
		return b.placed
	}
	if at := b.root.offset; at < len(l.lent) {
		return l.lent[at:][:b.floats():b.floats()]
	}
	return l.arena[b.root.offset-lines(len(l.lent)):][:b.floats():b.floats()]
}

// of is the memory of b as an argument or a result.
func (l layout) of(b *buffer) op.Buffer {
	data := l.floats(b)
	if b.bf16 && data != nil {
		return op.Buffer{H: unsafe.Slice((*uint16)(unsafe.Pointer(&data[0])), b.size)}
	}
	return op.Buffer{F: data}
}

// resolve gives the steps their memory, and lists the inputs, which have theirs when
// a run begins.
func (m *Machine) resolve(p *plan, memory layout) {
	reads := map[*buffer][]*op.Buffer{}
	for _, s := range p.steps {
		s.ins, s.outs = make([]op.Buffer, len(s.in)), make([]op.Buffer, len(s.out))
		for i, b := range s.in {
			if b.node != nil {
				reads[b] = append(reads[b], &s.ins[i])
				continue
			}
			s.ins[i] = memory.of(b)
		}
		for i, b := range s.out {
			s.outs[i] = memory.of(b)
			if !b.skipped {
				m.stats.SumBytes += 4 * b.floats()
			}
			if b.root != b {
				m.stats.TakenOver++
			}
		}
	}
	for _, b := range p.buffers {
		if b.node != nil {
			m.inputs = append(m.inputs, input{b.node, b.size, reads[b]})
		}
	}
}

// Measure describes the plan of Compile with the same arguments, without the memory
// for it.
func Measure(outputs G.Nodes, o Options) (Stats, error) {
	p, err := newPlan(outputs, o)
	if err != nil {
		return Stats{}, err
	}
	return Stats{Steps: len(p.steps), ArenaBytes: 4 * p.place(!o.NoReuse)}, nil
}

// Stats describes the plan.
func (m *Machine) Stats() Stats { return m.stats }

// RunAll computes the outputs from the values that the inputs have now.
func (m *Machine) RunAll() error {
	if err := m.bind(); err != nil {
		return err
	}
	m.pool.Lock()
	defer m.pool.Unlock()
	for i, s := range m.steps {
		s.run(m.pool, s.outs, s.ins)
		if m.dead != nil {
			poison(m.dead[i])
		}
	}
	return nil
}

// bind gives the steps the values that the inputs have now.
func (m *Machine) bind() error {
	for _, in := range m.inputs {
		v := in.node.Value()
		if v == nil {
			return fmt.Errorf("vm: input %v has no value", in.node)
		}
		b, err := op.BufferOf(v)
		if err != nil {
			return fmt.Errorf("vm: input %v: %w", in.node, err)
		}
		if have := len(b.F) + len(b.H) + len(b.I); have != in.size {
			return fmt.Errorf("vm: input %v has %d elements; want %d", in.node, have, in.size)
		}
		for _, r := range in.reads {
			*r = b
		}
	}
	return nil
}

func poison(dead [][]float32) {
	nan := math.Float32frombits(math.MaxUint32) // both halves are NaN too, if they are bfloat16
	for _, x := range dead {
		for i := range x {
			x[i] = nan
		}
	}
}

// Reset does nothing: a machine can run again at once.
func (m *Machine) Reset() {}

// Close does nothing: the pool is the caller's.
func (m *Machine) Close() error { return nil }
