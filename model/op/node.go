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
	"github.com/goclip/goclip/model/hlo"
)

// serials numbers operations, because Gorgonia makes two operations one node
// when a 32-bit hash of them is equal.
var serials atomic.Uint64

// An Op is a rule applied in a graph. It implements gorgonia.SDOp.
type Op struct {
	rule
	traits Traits
	serial uint64
	bf16   bool      // of its builder
	types  []hm.Type // of the arguments
	in     []tensor.Shape
	out    []tensor.Shape
}

// Results returns the shapes of the results.
func (o *Op) Results() []tensor.Shape { return o.out }

// Traits says what the operation does with types and memory.
func (o *Op) Traits() Traits { return o.traits }

// BF16 says that a result is bfloat16.
func (o *Op) BF16(result int) bool { return slices.Contains(o.traits.BF16Out, result) }

// Adder is Run that adds the result to what its memory holds, or nil.
func (o *Op) Adder() func(p *Pool, out, in []Buffer) {
	a, ok := o.rule.(adder)
	if !ok {
		return nil
	}
	return func(p *Pool, out, in []Buffer) { a.add(p, out, in, o.in) }
}

// Recompute computes the first result once more, where that costs little: from the
// second result, or else, with all other results, from the arguments. It is nil
// where keeping the result costs less.
func (o *Op) Recompute() (run func(p *Pool, out, in []Buffer), fromSecond bool) {
	if o.traits.Cheap {
		return o.Run, false
	}
	if a, ok := o.rule.(activator); ok && len(o.out) > 1 && !o.BF16(1) { // a rounded second result gives other bits
		return a.activate, true
	}
	return nil, false
}

// Run computes the results.
func (o *Op) Run(p *Pool, out, in []Buffer) { o.run(p, out, in, o.in) }

// Lower writes the operation to a program for another device: the results of in.
func (o *Op) Lower(b *hlo.Builder, in []hlo.Value) []hlo.Value {
	out := o.lower(b, in)
	for i := range out {
		if o.BF16(i) {
			out[i] = b.To(hlo.BF16, out[i])
		}
	}
	return out
}

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
	result := typeOf(packed(o.out), len(o.out) == 1 && o.BF16(0))
	return hm.NewFnType(append(o.types[:len(o.types):len(o.types)], result)...)
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
		if o.BF16(i) {
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

func hashOf(op interface{ WriteHash(hash.Hash) }) uint32 {
	h := fnv.New32a()
	op.WriteHash(h)
	return h.Sum32()
}
