// Package op holds the operations of the model that Gorgonia lacks.
//
// There is one file per operation, with its parts always in the same order:
// the Builder method that callers use, the rule with its attributes, shapes,
// run, traits and grad. Node.go adapts a rule to Gorgonia, once for all of them.
package op

import (
	"fmt"
	"slices"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/goclip/goclip/internal/kernel"
	"github.com/goclip/goclip/model/hlo"
)

// A Pool is a fixed number of threads that compute. Wherever this module takes
// one, nil means a pool of all cores that the process shares. Those who share a
// pool wait for each other; results do not depend on its size.
//
// [kernel.Pool.Threads] is its size, Close ends its threads, Interrupt makes
// what runs on it end at once, with results that mean nothing. Whoever calls a
// kernel of a shared pool holds it between Lock and Unlock.
type Pool = kernel.Pool

// An Activation is the nonlinearity of a residual block.
type Activation = kernel.Activation

// The activations, and none.
const (
	None      Activation = kernel.None
	GELU      Activation = kernel.GELU
	QuickGELU Activation = kernel.QuickGELU
	GELUTanh  Activation = kernel.GELUTanh
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
	// run computes out from in. The shapes are the arguments'.
	run(p *Pool, out, in []Buffer, shapes []tensor.Shape)
	// lower writes run to a program. Results that are bfloat16 may be float32 still:
	// Op.Lower rounds them.
	lower(b *hlo.Builder, in []hlo.Value) (out []hlo.Value)
	// traits says what run does with types and memory.
	traits() Traits
}

// Traits say what an operation does with types and memory. Lists hold numbers of
// arguments and results, from 0.
type Traits struct {
	// InPlace lists the arguments whose memory the first result may take over, if
	// both are float32 or both bfloat16: they have its size, and run reads each
	// element before it writes it.
	InPlace []int

	// Tokens lists the arguments that are token ids, int32. All others are float32,
	// or bfloat16 as well if BF16In has them. BF16Out lists the results that are
	// bfloat16.
	Tokens, BF16In, BF16Out []int

	// Optional lists the results that run leaves out where their memory is nil.
	Optional []int

	// AddsLast says that run takes one more argument than the graph gives it, the
	// last, and adds it to the first result.
	AddsLast bool

	// Cheap says that running again costs less than keeping the first result.
	Cheap bool
}

// when is a list that a rule has only under a condition.
func when(yes bool, list ...int) []int {
	if !yes {
		return nil
	}
	return list
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

// An activator is a rule whose first result, where it has a second, is an activation
// of the second.
type activator interface {
	activate(p *Pool, out, in []Buffer)
}

// An adder is a rule whose run can add its only result to what its memory holds.
type adder interface {
	add(p *Pool, out, in []Buffer, shapes []tensor.Shape)
}

// A Builder builds expression graphs. Its first error sticks: from then on its
// methods do nothing and return nil, so that a model reads as plain
// expressions and checks Err once, at the end.
type Builder struct {
	// BF16 rounds the operands of matrix products to bfloat16, in both passes, and
	// stores values that go from one operation into a product, or from a product
	// into attention or an activation, as bfloat16, and their gradients.
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
	op := &Op{rule: r, traits: r.traits(), serial: serials.Add(1), bf16: b.BF16}
	for i, x := range in {
		if x == nil {
			b.err = fmt.Errorf("op: %v: argument %d is nil", r, i)
			return none
		}
		want, have := tensor.Float32, x.Dtype()
		if slices.Contains(op.traits.Tokens, i) {
			want = tensor.Int32
		}
		if have == BFloat16 && slices.Contains(op.traits.BF16In, i) {
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
		node, err := G.ApplyOp(Pick{i, s, packed(op.out), op.BF16(i)}, y)
		if err != nil && b.err == nil {
			b.err = fmt.Errorf("op: %v: %w", y, err)
		}
		out[i] = node
	}
	return out
}

// same checks that two shapes are equal, and returns them as the only result.
func same(x, y tensor.Shape) ([]tensor.Shape, error) {
	if !x.Eq(y) {
		return nil, fmt.Errorf("have %v, %v; want equal shapes", x, y)
	}
	return []tensor.Shape{x}, nil
}
