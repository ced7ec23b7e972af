// Package xla writes a Gorgonia graph, the one that package vm plans, as a program
// for XLA.
package xla

import (
	"fmt"
	"slices"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/goclip/goclip/model/hlo"
	"github.com/goclip/goclip/model/op"
)

// Emit writes what outputs need to b, and returns their values. Given holds the values
// of the graph's inputs.
func Emit(b *hlo.Builder, outputs G.Nodes, given map[*G.Node]hlo.Value) ([]hlo.Value, error) {
	values := map[*G.Node][]hlo.Value{}
	for _, n := range Reachable(outputs) {
		v, err := emit(b, n, given, values)
		if err != nil {
			return nil, fmt.Errorf("xla: %w", err)
		}
		values[n] = v
	}
	results := make([]hlo.Value, len(outputs))
	for i, n := range outputs {
		results[i] = values[n][0]
	}
	return results, nil
}

// emit writes one node, whose arguments are among values: its results.
func emit(b *hlo.Builder, n *G.Node, given map[*G.Node]hlo.Value, values map[*G.Node][]hlo.Value) ([]hlo.Value, error) {
	args := arguments(n)
	in := make([]hlo.Value, len(args))
	for i, a := range args {
		in[i] = values[a][0]
	}
	switch o := n.Op().(type) {
	case *op.Op:
		return o.Lower(b, in), nil
	case op.Pick:
		return values[args[0]][o.I:][:1], nil
	}
	v, ok := given[n]
	switch {
	case ok:
		return []hlo.Value{v}, nil
	case len(args) == 2 && n.Op().String() == "+ false": // the sum of gradients that Backpropagate makes
		return []hlo.Value{b.Add(in[0], in[1])}, nil
	case len(args) == 0 && n.Value() != nil && n.IsScalar():
		x, err := op.BufferOf(n.Value())
		if err != nil {
			return nil, fmt.Errorf("%v: %w", n, err)
		}
		return []hlo.Value{b.Full(hlo.F32, float64(x.F[0]))}, nil
	}
	return nil, fmt.Errorf("have %v; want an operation of package op, a sum, a constant or a given input", n)
}

// TypeOf is the type of a node's elements.
func TypeOf(n *G.Node) hlo.Type {
	switch n.Dtype() {
	case op.BFloat16:
		return hlo.BF16
	case tensor.Int32:
		return hlo.I32
	}
	return hlo.F32
}

// Reachable are the nodes that outputs depend on, and outputs, arguments first.
func Reachable(outputs G.Nodes) G.Nodes {
	seen := map[*G.Node]bool{}
	var nodes G.Nodes
	var visit func(n *G.Node)
	visit = func(n *G.Node) {
		if seen[n] {
			return
		}
		seen[n] = true
		for _, a := range arguments(n) {
			visit(a)
		}
		nodes = append(nodes, n)
	}
	for _, n := range outputs {
		visit(n)
	}
	return nodes
}

// Inputs are the nodes without arguments that outputs depend on, but for constants.
func Inputs(outputs G.Nodes) G.Nodes {
	return slices.DeleteFunc(Reachable(outputs), func(n *G.Node) bool {
		return len(arguments(n)) > 0 || n.IsScalar()
	})
}

func arguments(n *G.Node) (args G.Nodes) {
	for it := n.Graph().From(n.ID()); it.Next(); {
		args = append(args, it.Node().(*G.Node))
	}
	return args
}
