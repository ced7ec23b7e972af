package vm_test

import (
	"math/rand/v2"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/goclip/goclip/model/op"
)

// inputs adds inputs of random values to a graph.
type inputs struct {
	t   testing.TB
	b   *op.Builder
	rng *rand.Rand
}

func newInputs(t testing.TB, b *op.Builder) inputs {
	return inputs{t, b, rand.New(rand.NewPCG(1, 2))}
}

func (in inputs) add(name string, shape ...int) *G.Node {
	in.t.Helper()
	n := in.b.Input(name, tensor.Float32, shape...)
	let(in.t, n, value(shape, func(int) float32 { return float32(in.rng.NormFloat64() / 4) }))
	return n
}
