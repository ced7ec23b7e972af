// Package op holds the operations of the model that Gorgonia lacks.
//
// There is one file per operation, with its parts always in the same order:
// the Builder method that callers use, the rule with its attributes, shapes,
// run and grad. This file adapts a rule to Gorgonia, once for all of them.
package op

import (
	"fmt"
	"hash"
	"hash/fnv"
	"slices"
	"sync/atomic"

	"github.com/chewxy/hm"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/goclip/goclip/internal/kernel"
)

// A Buffer holds an argument or a result: float32, bfloat16 (the upper half of a
// float32), or the int32 of tokens. A result that nobody reads is a nil slice.
type Buffer struct {
	F []float32
	H []uint16
	I []int32
}

// BFloat16 is the type of nodes whose values are bfloat16.
var BFloat16 = tensor.Uint16

// A rule is one operation: its attributes, without its arguments or any state.
type rule interface {
	// String names the rule and its attributes.
	String() string
	// shapes checks the argument shapes and returns the result shapes.
	shapes(in []tensor.Shape) (out []tensor.Shape, err error)
	// run computes out from in. The shapes are those of shapes.
	run(p *kernel.Pool, out, in []Buffer, shapes []tensor.Shape)
}

// A differentiable rule also builds its gradient graph.
type differentiable interface {
	rule
	// grad returns the gradient of each argument, nil where it has none. The
	// last parameter is the gradient of out[0], the only result that takes
	// part in the loss.
	grad(b *Builder, in, out []*G.Node, dy *G.Node) []*G.Node
	// wrt says which arguments have a gradient.
	wrt() []bool
}

// A taker is a rule whose first result may take over the memory of an
// argument, because run reads each element of it before it writes it.
type taker interface {
	takes() []int
}

// A tokenReader is a rule one of whose arguments holds token ids.
type tokenReader interface {
	tokens() int
}

// A rounder is a rule some of whose results are bfloat16.
type rounder interface {
	rounds() []int
}

// A halfReader is a rule some of whose arguments may be bfloat16.
type halfReader interface {
	halves() []int
}

// A skipper is a rule whose run leaves out some results that nobody reads.
type skipper interface {
	skips() []int
}

// A summer is a rule whose run adds one more argument, the last, to the first
// result.
type summer interface {
	sums()
}

// An adder is a rule whose run can add its only result to what its memory holds.
type adder interface {
	add(p *kernel.Pool, out, in []Buffer, shapes []tensor.Shape)
}

// A Builder builds expression graphs. Its first error sticks: from then on its
// methods do nothing and return nil, so that a model reads as plain
// expressions and checks Err once, at the end.
type Builder struct {
	// BF16 rounds the operands of matrix products to bfloat16, forward and back,
	// and stores values that go from one operation into a product, or from a
	// product into attention or an activation, as bfloat16, and their gradients.
	// Sums are float32, and so is everything else: the residual stream, LayerNorm,
	// softmax, loss, and the gradients of parameters.
	BF16 bool

	g     *G.ExprGraph
	names map[string]bool
	err   error
}

// NewBuilder returns a builder that adds to g.
func NewBuilder(g *G.ExprGraph) *Builder { return &Builder{g: g, names: map[string]bool{}} }

// Err returns the first error of b, or nil.
func (b *Builder) Err() error { return b.err }

// Input adds a value that is given before each run: parameters, images and
// tokens. A name that the builder has seen is an error, because Gorgonia would
// make both one node.
func (b *Builder) Input(name string, dt tensor.Dtype, shape ...int) *G.Node {
	if b.err != nil {
		return nil
	}
	if b.names[name] {
		b.err = fmt.Errorf("op: input %q: occurs twice; want a name of its own", name)
		return nil
	}
	b.names[name] = true
	return G.NewTensor(b.g, dt, len(shape), G.WithShape(shape...), G.WithName(name))
}

// apply applies r to in and returns its results.
func (b *Builder) apply(r rule, results int, in ...*G.Node) []*G.Node {
	none := make([]*G.Node, results)
	if b.err != nil {
		return none
	}
	op := &Op{rule: r, serial: serials.Add(1), bf16: b.BF16}
	for i, x := range in {
		if x == nil {
			b.err = fmt.Errorf("op: %v: argument %d is nil", r, i)
			return none
		}
		want, have := tensor.Float32, x.Dtype()
		if t, ok := r.(tokenReader); ok && t.tokens() == i {
			want = tensor.Int32
		}
		if h, ok := r.(halfReader); ok && have == BFloat16 && slices.Contains(h.halves(), i) {
			want = BFloat16
		}
		if have != want {
			b.err = fmt.Errorf("op: %v: argument %d: have %v; want %v", r, i, have, want)
			return none
		}
		op.in = append(op.in, x.Shape())
		op.types = append(op.types, x.Type())
	}
	if op.out, b.err = r.shapes(op.in); b.err != nil {
		b.err = fmt.Errorf("op: %v: %w", r, b.err)
		return none
	}
	y, err := G.ApplyOp(op, in...)
	if err != nil {
		b.err = fmt.Errorf("op: %v: %w", r, err)
		return none
	}
	return b.split(op, y)
}

// split returns one node for each result of op, which are together y.
func (b *Builder) split(op *Op, y *G.Node) []*G.Node {
	if len(op.out) == 1 {
		return []*G.Node{y}
	}
	out := make([]*G.Node, len(op.out))
	for i, s := range op.out {
		node, err := G.ApplyOp(Pick{i, s, packed(op.out), op.Half(i)}, y)
		if err != nil && b.err == nil {
			b.err = fmt.Errorf("op: %v: %w", y, err)
		}
		out[i] = node
	}
	return out
}

// serials numbers operations, because Gorgonia makes two operations one node
// when a 32-bit hash of them is equal.
var serials atomic.Uint64

// An Op is a rule applied in a graph. It implements gorgonia.SDOp.
type Op struct {
	rule
	serial uint64
	bf16   bool      // of its builder
	types  []hm.Type // of the arguments
	in     []tensor.Shape
	out    []tensor.Shape
}

// Results returns the shapes of the results.
func (o *Op) Results() []tensor.Shape { return o.out }

// Half says that a result is bfloat16.
func (o *Op) Half(result int) bool {
	r, ok := o.rule.(rounder)
	return ok && slices.Contains(r.rounds(), result)
}

// Takes lists the arguments whose memory the first result may take over.
func (o *Op) Takes() []int {
	if t, ok := o.rule.(taker); ok {
		return t.takes()
	}
	return nil
}

// Skips lists the results that Run leaves out when their memory is nil.
func (o *Op) Skips() []int {
	if s, ok := o.rule.(skipper); ok {
		return s.skips()
	}
	return nil
}

// Sums says that Run adds one more argument, the last, to the first result.
func (o *Op) Sums() bool {
	_, ok := o.rule.(summer)
	return ok
}

// Adder is Run that adds the result to what its memory holds, or nil.
func (o *Op) Adder() func(p *kernel.Pool, out, in []Buffer) {
	a, ok := o.rule.(adder)
	if !ok {
		return nil
	}
	return func(p *kernel.Pool, out, in []Buffer) { a.add(p, out, in, o.in) }
}

// Run computes the results.
func (o *Op) Run(p *kernel.Pool, out, in []Buffer) { o.run(p, out, in, o.in) }

// Arity and the methods below implement gorgonia.Op.
func (o *Op) Arity() int { return len(o.types) }

// InferShape gives the packed shape of all results.
func (o *Op) InferShape(...G.DimSizer) (tensor.Shape, error) { return packed(o.out), nil }

// ReturnsPtr says that results are new values.
func (o *Op) ReturnsPtr() bool { return false }

// CallsExtern says that there is no device.
func (o *Op) CallsExtern() bool { return false }

// OverwritesInput says that Do leaves its arguments alone.
func (o *Op) OverwritesInput() int { return -1 }

// WriteHash writes what makes o different from every other operation.
func (o *Op) WriteHash(h hash.Hash) { fmt.Fprintf(h, "%v#%d", o.rule, o.serial) }

// Hashcode is the hash that Gorgonia compares.
func (o *Op) Hashcode() uint32 { return hashOf(o) }

// Type is the function type from the arguments to the packed results.
func (o *Op) Type() hm.Type {
	return hm.NewFnType(append(o.types[:len(o.types):len(o.types)], typeOf(packed(o.out), len(o.out) == 1 && o.Half(0)))...)
}

// Do runs o on its own, as Gorgonia's tape machine does.
func (o *Op) Do(values ...G.Value) (G.Value, error) {
	in, out := make([]Buffer, len(values)), make([]Buffer, len(o.out))
	for i, v := range values {
		var err error
		if in[i], err = BufferOf(v); err != nil {
			return nil, fmt.Errorf("op: %v: argument %d: %w", o.rule, i, err)
		}
	}
	results := make(tuple, len(o.out))
	for i, s := range o.out {
		if o.Half(i) {
			out[i].H = make([]uint16, s.TotalSize())
		} else {
			out[i].F = make([]float32, s.TotalSize())
		}
		results[i] = NewValue(s, out[i])
	}
	p := kernel.NewPool(1)
	defer p.Close()
	o.Run(p, out, in)
	if len(results) == 1 {
		return results[0], nil
	}
	return results, nil
}

// DiffWRT says which arguments have a gradient.
func (o *Op) DiffWRT(arity int) []bool {
	if d, ok := o.rule.(differentiable); ok {
		return d.wrt()
	}
	return make([]bool, arity)
}

// SymDiff builds the gradient.
func (o *Op) SymDiff(in G.Nodes, y, dy *G.Node) (G.Nodes, error) {
	d, ok := o.rule.(differentiable)
	if !ok {
		return nil, fmt.Errorf("op: %v has no gradient", o.rule)
	}
	b := NewBuilder(y.Graph())
	b.BF16 = o.bf16
	grads := d.grad(b, in, b.split(o, y), dy)
	return grads, b.err
}

// A Pick takes result I of an operation with several.
type Pick struct {
	I     int
	shape tensor.Shape
	from  tensor.Shape
	half  bool
}

// Arity and the methods below implement gorgonia.SDOp.
func (p Pick) Arity() int { return 1 }

// Type maps the packed results to one.
func (p Pick) Type() hm.Type { return hm.NewFnType(typeOf(p.from, false), typeOf(p.shape, p.half)) }

// InferShape gives the shape of the result.
func (p Pick) InferShape(...G.DimSizer) (tensor.Shape, error) { return p.shape, nil }

// Do returns the result without a copy.
func (p Pick) Do(in ...G.Value) (G.Value, error) { return in[0].(tuple)[p.I], nil }

// ReturnsPtr says that the result is part of the argument.
func (p Pick) ReturnsPtr() bool { return true }

// CallsExtern says that there is no device.
func (p Pick) CallsExtern() bool { return false }

// OverwritesInput says that Do leaves its argument alone.
func (p Pick) OverwritesInput() int { return -1 }

// WriteHash writes the number of the result; its argument tells the rest.
func (p Pick) WriteHash(h hash.Hash) { fmt.Fprint(h, p) }

// Hashcode is the hash that Gorgonia compares.
func (p Pick) Hashcode() uint32 { return hashOf(p) }

func (p Pick) String() string { return fmt.Sprintf("pick{%d}", p.I) }

// DiffWRT says that only the first result takes part in a loss.
func (p Pick) DiffWRT(int) []bool { return []bool{p.I == 0} }

// SymDiff passes the gradient on.
func (p Pick) SymDiff(_ G.Nodes, _, dy *G.Node) (G.Nodes, error) { return G.Nodes{dy}, nil }

func hashOf(op interface{ WriteHash(hash.Hash) }) uint32 {
	h := fnv.New32a()
	op.WriteHash(h)
	return h.Sum32()
}
