// Package vm compiles a Gorgonia graph for given outputs and runs it.
//
// The plan holds only the operations that the outputs need, in the order in
// which the graph was built, and one arena in which values share memory when
// their lives do not overlap. A run is a loop over the steps and allocates
// nothing. Values read from the outputs are the arena's: they are valid until
// the next run.
package vm

import (
	"fmt"
	"slices"
	"sort"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/goclip/goclip/model/op"
)

// Options change how a graph is compiled.
type Options struct {
	// Pool runs the kernels; nil means one that the process shares.
	Pool *op.Pool

	// Place gives memory of the caller's to outputs, such as the gradients of
	// parameters, which then lie side by side.
	Place map[*G.Node][]float32

	// Lent is memory of the caller's that holds outputs of Place, such as the block
	// of all gradients. Until an output is written, a run uses its memory for other
	// values. It begins a cache line; see NewArena.
	Lent []float32

	// Accumulate adds what is placed to what its memory holds, instead of
	// overwriting it. Then nothing is lent.
	Accumulate bool

	// ForwardEnd is the last node of the forward pass, such as the loss. Values that
	// cost little are recomputed for the backward pass, instead of being kept; nil
	// keeps them.
	ForwardEnd *G.Node

	// Segments are recomputed for the backward pass, such as residual blocks.
	Segments []Segment

	// Arena is memory that machines share which do not run at the same time;
	// nil means memory of the machine's own. The outputs of one are valid until
	// another runs. Measure reports the size.
	Arena []float32

	// NoReuse gives every value memory of its own, and Poison fills values with
	// NaN once the plan says that nobody reads them again. Both are for tests.
	NoReuse, Poison bool
}

// A buffer is the memory of one value.
type buffer struct {
	node    *G.Node   // of an input or a constant, whose memory is outside
	placed  []float32 // the caller's memory, or nil
	shape   tensor.Shape
	bf16    bool
	size    int // elements
	offset  int // in the lent memory and, behind that, the arena, in floats
	def     int // the step that writes it
	end     int // the last step that reads it
	readers int
	output  bool    // of the plan
	skipped bool    // nobody reads it and its operation leaves it out
	root    *buffer // whose memory this takes over, or itself
}

// floats is the memory of b, in floats.
func (b *buffer) floats() int {
	if b.bf16 {
		return (b.size + 1) / 2
	}
	return b.size
}

// inArena reports whether the plan decides where b lies.
func (b *buffer) inArena() bool { return b.node == nil && b.placed == nil && !b.skipped }

// A step runs one operation.
type step struct {
	id      int64 // of the node
	name    string
	run     func(p *op.Pool, out, in []op.Buffer)
	add     func(p *op.Pool, out, in []op.Buffer) // is run, added to what out holds; may be nil
	traits  op.Traits
	in, out []*buffer
	ins     []op.Buffer // the memory of in and out
	outs    []op.Buffer

	recompute  func(p *op.Pool, out, in []op.Buffer) // computes the first result once more; may be nil
	fromSecond bool                                  // recompute reads the second result, not the arguments
}

// A plan is a graph made ready to run.
type plan struct {
	steps   []*step
	buffers []*buffer
	of      map[*G.Node][]*buffer // one for each result
	lent    []float32
}

// newPlan schedules what outputs need.
func newPlan(outputs G.Nodes, o Options) (*plan, error) {
	if o.Accumulate && len(o.Lent) > 0 {
		return nil, fmt.Errorf("vm: have lent memory and sums that lie in it; want one of them")
	}
	p := &plan{of: map[*G.Node][]*buffer{}, lent: o.Lent}
	for _, n := range reachable(outputs) {
		if err := p.add(n, outputs); err != nil {
			return nil, err
		}
	}
	if err := p.placeOutputs(outputs, o); err != nil {
		return nil, err
	}
	for _, g := range o.Segments {
		p.rematerialize(g)
	}
	if o.ForwardEnd != nil {
		p.recompute(slices.IndexFunc(p.steps, func(s *step) bool { return s.id > o.ForwardEnd.ID() }))
	}
	p.live(outputs)
	for _, s := range p.steps {
		for _, i := range s.traits.Optional {
			if i < len(s.out) {
				b := s.out[i]
				b.skipped = b.readers == 0 && b.end < len(p.steps)
			}
		}
	}
	if !o.NoReuse {
		p.takeOver()
	}
	return p, nil
}

// placeOutputs gives outputs the caller's memory.
func (p *plan) placeOutputs(outputs G.Nodes, o Options) error {
	for n := range o.Place {
		if !slices.Contains(outputs, n) {
			return fmt.Errorf("vm: %v: has memory but is not an output", n)
		}
	}
	for _, n := range outputs {
		p.of[n][0].output = true
		memory, ok := o.Place[n]
		if !ok {
			continue
		}
		b := p.of[n][0]
		if b.node != nil {
			return fmt.Errorf("vm: output %v: is an input; want the result of an operation to place", n)
		}
		if b.bf16 {
			return fmt.Errorf("vm: output %v: is bfloat16; want float32 to place", n)
		}
		if len(memory) != b.size {
			return fmt.Errorf("vm: output %v: have memory for %d floats; want %d", n, len(memory), b.size)
		}
		if o.Accumulate {
			p.accumulate(n, memory)
		} else {
			b.placed = memory
		}
	}
	return nil
}

// accumulate adds output n to memory: by the operation itself, or by a step
// after it.
func (p *plan) accumulate(n *G.Node, memory []float32) {
	b := p.of[n][0]
	i := slices.IndexFunc(p.steps, func(s *step) bool { return slices.Contains(s.out, b) })
	s := p.steps[i]
	if s.add != nil && !p.read(b) {
		s.run, b.placed = s.add, memory
		return
	}
	total := p.buffer(&buffer{shape: b.shape, placed: memory})
	p.of[n] = []*buffer{total}
	p.steps = slices.Insert(p.steps, i+1, &step{name: "accumulate", in: []*buffer{b}, out: []*buffer{total},
		run: func(p *op.Pool, out, in []op.Buffer) { p.Add(out[0].F, out[0].F, in[0].F) }})
}

// read reports whether a step reads b.
func (p *plan) read(b *buffer) bool {
	return slices.ContainsFunc(p.steps, func(s *step) bool { return slices.Contains(s.in, b) })
}

// live finds the steps that write each buffer and read it last.
func (p *plan) live(outputs G.Nodes) {
	for i, s := range p.steps {
		for _, b := range s.in {
			b.end = i
			b.readers++
		}
		for _, b := range s.out {
			b.def, b.end = i, i
		}
	}
	for _, n := range outputs {
		p.of[n][0].end = len(p.steps)
	}
}

// reachable returns the nodes that outputs depend on. A node's number is larger
// than those of its arguments, and forward nodes come before backward ones.
func reachable(outputs G.Nodes) G.Nodes {
	seen := map[*G.Node]bool{}
	var order, stack G.Nodes
	stack = append(stack, outputs...)
	for len(stack) > 0 {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if seen[n] {
			continue
		}
		seen[n] = true
		order = append(order, n)
		stack = append(stack, arguments(n)...)
	}
	sort.Slice(order, func(i, j int) bool { return order[i].ID() < order[j].ID() })
	return order
}

func arguments(n *G.Node) (args G.Nodes) {
	for it := n.Graph().From(n.ID()); it.Next(); {
		args = append(args, it.Node().(*G.Node))
	}
	return args
}

// add makes the step and the buffers of n.
func (p *plan) add(n *G.Node, outputs G.Nodes) error {
	args := arguments(n)
	if len(args) == 0 { // an input, or a constant
		p.of[n] = []*buffer{p.buffer(&buffer{node: n, shape: n.Shape()})}
		return nil
	}
	if pick, ok := n.Op().(op.Pick); ok {
		p.of[n] = p.of[args[0]][pick.I:][:1]
		return nil
	}
	s := &step{id: n.ID()}
	results := []tensor.Shape{n.Shape()}
	switch o := n.Op().(type) {
	case *op.Op:
		s.name, s.run, s.traits, results = o.String(), o.Run, o.Traits(), o.Results()
		s.add = o.Adder()
		s.recompute, s.fromSecond = o.Recompute()
	default:
		if n.Op().String() != "+ false" || !args[0].Shape().Eq(args[1].Shape()) || n.Dtype() != tensor.Float32 {
			return fmt.Errorf("vm: have %v; want operations of package op, and the sums of Backpropagate", n)
		}
		if p.fold(n, args, outputs) {
			return nil
		}
		s.name, s.traits.InPlace = "sum", []int{0, 1}
		s.run = func(p *op.Pool, out, in []op.Buffer) { p.Add(out[0].F, in[0].F, in[1].F) }
	}
	for _, a := range args {
		s.in = append(s.in, p.of[a][0])
	}
	for i, shape := range results {
		o, ok := n.Op().(*op.Op)
		s.out = append(s.out, p.buffer(&buffer{shape: shape, bf16: ok && o.BF16(i), def: len(p.steps)}))
	}
	p.of[n] = s.out
	p.steps = append(p.steps, s)
	return nil
}

// fold lets the operation that makes one summand of n, which nobody else reads,
// add the other one, if that is there before it. The sum has the same bits.
func (p *plan) fold(n *G.Node, args, outputs G.Nodes) bool {
	for i, a := range args {
		b, other := p.of[a][0], p.of[args[1-i]][0]
		at := slices.IndexFunc(p.steps, func(s *step) bool { return s.traits.AddsLast && s.out[0] == b })
		if at < 0 || other.def >= at || slices.Contains(outputs, a) || n.Graph().To(a.ID()).Len() > 1 {
			continue
		}
		s := p.steps[at]
		s.traits.AddsLast = false // it has one now
		s.in = append(s.in, other)
		p.of[n] = s.out[:1]
		return true
	}
	return false
}

func (p *plan) buffer(b *buffer) *buffer {
	b.size, b.root = b.shape.TotalSize(), b
	p.buffers = append(p.buffers, b)
	return b
}

// takeOver lets first results lie where an argument lay that nobody reads again.
func (p *plan) takeOver() {
	for i, s := range p.steps {
		out := s.out[0]
		if !out.inArena() {
			continue
		}
		for _, j := range s.traits.InPlace {
			in := s.in[j]
			if in.inArena() && in.end == i && in.bf16 == out.bf16 && !readTwice(s, in) {
				out.root = in.root
				in.root.end = max(in.root.end, out.end)
				break
			}
		}
	}
}

// readTwice reports whether b is two arguments of s: written in place for one, it
// would be gone for the other.
func readTwice(s *step, b *buffer) bool {
	first := slices.Index(s.in, b)
	return slices.Index(s.in[first+1:], b) >= 0
}
