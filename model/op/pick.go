package op

import (
	"fmt"
	"hash"

	"github.com/chewxy/hm"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// A Pick takes result I of an operation with several.
type Pick struct {
	I     int
	shape tensor.Shape
	from  tensor.Shape
	bf16  bool
}

// Arity and the methods below implement gorgonia.SDOp.
func (p Pick) Arity() int { return 1 }

// Type maps the packed results to one.
func (p Pick) Type() hm.Type { return hm.NewFnType(typeOf(p.from, false), typeOf(p.shape, p.bf16)) }

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

// WriteHash writes the number of the result; the hash of its argument says the rest.
func (p Pick) WriteHash(h hash.Hash) { fmt.Fprint(h, p) }

// Hashcode is the hash that Gorgonia compares.
func (p Pick) Hashcode() uint32 { return hashOf(p) }

func (p Pick) String() string { return fmt.Sprintf("pick{%d}", p.I) }

// DiffWRT says that only the first result takes part in a loss.
func (p Pick) DiffWRT(int) []bool { return []bool{p.I == 0} }

// SymDiff passes the gradient on.
func (p Pick) SymDiff(_ G.Nodes, _, dy *G.Node) (G.Nodes, error) { return G.Nodes{dy}, nil }
