package vm_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/goclip/goclip/internal/kernel"
	"github.com/goclip/goclip/model/op"
	"github.com/goclip/goclip/model/vm"
)

// tower builds a text tower of one block, whose values are results of other
// operations, so that each operation that may take over memory does. The width
// is more than the depth of a block of the matrix product.
func tower(t testing.TB) (outputs, inputs G.Nodes) {
	t.Helper()
	const n, length, vocabulary, d = 3, 5, 11, 272
	b := op.NewBuilder(G.NewGraph())
	rng := rand.New(rand.NewPCG(1, 2))
	input := func(name string, shape ...int) *G.Node {
		x := b.Input(name, tensor.Float32, shape...)
		inputs = append(inputs, x)
		let(t, x, value(shape, func(int) float32 { return float32(rng.NormFloat64() / 16) }))
		return x
	}
	ids := b.Input("ids", tensor.Int32, n, length)
	let(t, ids, tensor.New(tensor.WithShape(n, length), tensor.WithBacking([]int32{
		9, 1, 10, 0, 0, 9, 1, 1, 2, 10, 9, 10, 0, 0, 0,
	})))
	gamma, beta := input("gamma", d), input("beta", d)
	w, bias := input("w", d, d), input("bias", d)

	x := b.Embed(input("table", vocabulary, d), input("position", length, d), ids)
	h := b.LayerNorm(x, gamma, beta, 1e-5)
	h = b.Attention(b.Linear(h, input("qkv", 3*d, d), input("qkvBias", 3*d)), length, 4, true)
	x = b.LinearAdd(h, w, bias, x)
	h = b.LinearAct(b.LayerNorm(x, gamma, beta, 1e-5), w, bias, kernel.QuickGELU)
	x = b.LinearAdd(h, w, bias, b.LinearFloat(x, w, nil)) // a residual that no gradient reads
	features := b.SelectToken(x, op.Token{IDs: ids}, length)
	loss := b.ContrastiveLoss(b.Normalize(features), b.Normalize(input("images", n, d)), input("scale", 1), nil)
	if err := b.Err(); err != nil {
		t.Fatal(err)
	}
	grads, err := G.Grad(loss, inputs...)
	if err != nil {
		t.Fatal(err)
	}
	return append(G.Nodes{loss, features}, grads...), append(inputs, ids)
}

// TestSharedMemory checks that values which take over memory, share the arena
// or are placed have the bits of the tape machine, where none do.
func TestSharedMemory(t *testing.T) {
	outputs, _ := tower(t)
	tape := G.NewTapeMachine(outputs[0].Graph())
	defer tape.Close()
	if err := tape.RunAll(); err != nil {
		t.Fatal(err)
	}
	want := valuesOf(t, outputs)
	for _, o := range []vm.Options{{}, {Poison: true}, {NoReuse: true}, {NoReuse: true, Poison: true}} {
		for _, placed := range []bool{false, true} {
			for _, count := range []int{len(outputs), 2} { // with gradients, and without
				for threads := 1; threads <= 4; threads += 3 {
					o.Pool, o.Place = kernel.NewPool(threads), nil
					name := fmt.Sprintf("%d outputs, %d threads, placed %v, options %+v", count, threads, placed, o)
					if placed {
						o.Place, _ = flat(outputs[:count])
					}
					m, err := vm.Compile(outputs[:count], o)
					if err != nil {
						t.Fatal(err)
					}
					for run := range 2 {
						if err := m.RunAll(); err != nil {
							t.Fatal(err)
						}
						for i, got := range valuesOf(t, outputs[:count]) {
							if !slices.Equal(got, want[i]) {
								t.Fatalf("%s, run %d: output %d differs from the tape machine's", name, run, i)
							}
						}
						m.Reset()
					}
					if s := m.Stats(); o.NoReuse != (s.TakenOver == 0) || o.NoReuse != (s.ArenaBytes >= s.SumBytes) && !placed {
						t.Errorf("%s: %+v; want memory shared unless NoReuse", name, s)
					}
					if err := m.Close(); err != nil {
						t.Error(err)
					}
					o.Pool.Close()
				}
			}
		}
	}
}

// flat places each node in one block, side by side.
func flat(nodes G.Nodes) (place map[*G.Node][]float32, memory []float32) {
	place = map[*G.Node][]float32{}
	var size int
	for _, n := range nodes {
		size += max(1, n.Shape().TotalSize())
	}
	memory = vm.NewArena(4 * size)
	rest := memory
	for _, n := range nodes {
		size := max(1, n.Shape().TotalSize())
		place[n], rest = rest[:size:size], rest[size:]
	}
	return place, memory
}

// TestLetBetweenRuns checks that a run reads the values that inputs have now:
// those changed in place and those that Let gave, also of token ids.
func TestLetBetweenRuns(t *testing.T) {
	outputs, inputs := tower(t)
	pool := kernel.NewPool(2)
	defer pool.Close()
	m := compile(t, outputs, vm.Options{Pool: pool, Poison: true})
	run := func() [][]float32 {
		t.Helper()
		if err := m.RunAll(); err != nil {
			t.Fatal(err)
		}
		return valuesOf(t, outputs)
	}
	first := run()
	ids := inputs[len(inputs)-1]
	old := ids.Value()
	let(t, ids, tensor.New(tensor.WithShape(3, 5), tensor.WithBacking([]int32{
		9, 10, 0, 0, 0, 9, 2, 10, 0, 0, 9, 1, 3, 4, 10,
	})))
	if slices.Equal(run()[1], first[1]) {
		t.Error("other tokens, the same features")
	}
	let(t, ids, old)
	bias := inputs[3].Value().Data().([]float32)
	was := bias[0]
	bias[0]++
	if slices.Equal(run()[1], first[1]) {
		t.Error("another bias, the same features")
	}
	bias[0] = was
	let(t, inputs[3], value(tensor.Shape{len(bias)}, func(i int) float32 { return bias[i] }))
	for i, got := range run() {
		if !slices.Equal(got, first[i]) {
			t.Errorf("output %d differs after the inputs are what they were", i)
		}
	}
}

// TestGradientReadsNoImages checks that the gradient by the images, which nobody
// asked for, costs no step, though that by the weight does.
func TestGradientReadsNoImages(t *testing.T) {
	b := op.NewBuilder(G.NewGraph())
	images, w := b.Input("images", tensor.Float32, 2, 3, 4, 4), b.Input("w", tensor.Float32, 5, 12)
	y := b.LinearFloat(b.Patches(images, 2), w, nil)
	dy := b.Input("dy", tensor.Float32, y.Shape()...)
	grads, err := G.Backpropagate(G.Nodes{y}, G.Nodes{dy}, G.Nodes{w})
	if err != nil {
		t.Fatal(err)
	}
	pool := kernel.NewPool(1)
	defer pool.Close()
	if s := compile(t, grads, vm.Options{Pool: pool}).Stats(); s.Steps != 2 {
		t.Errorf("%d steps, want 2: patches and the product for w", s.Steps)
	}
}

// TestInputErrors checks that an input whose tensor was replaced in place,
// where Let cannot see it, is an error.
func TestInputErrors(t *testing.T) {
	b := op.NewBuilder(G.NewGraph())
	x := b.Input("x", tensor.Float32, 2, 3)
	y := b.Normalize(x)
	pool := kernel.NewPool(1)
	defer pool.Close()
	m := compile(t, G.Nodes{y}, vm.Options{Pool: pool})
	rows := value(tensor.Shape{2, 3}, func(i int) float32 { return float32(i) })
	let(t, x, rows)
	if err := m.RunAll(); err != nil {
		t.Fatal(err)
	}
	*rows = *value(tensor.Shape{2, 2}, func(int) float32 { return 1 })
	if err := m.RunAll(); err == nil || !strings.Contains(err.Error(), "4 elements; want 6") {
		t.Errorf("a smaller input: %v; want error with %q", err, "4 elements; want 6")
	}
	*rows = *value(tensor.Shape{2, 4}, func(int) float32 { return 1 })
	if err := m.RunAll(); err == nil || !strings.Contains(err.Error(), "8 elements; want 6") {
		t.Errorf("a larger input: %v; want error with %q", err, "8 elements; want 6")
	}
	*rows = *tensor.New(tensor.WithShape(2, 3), tensor.Of(tensor.Float64))
	if err := m.RunAll(); err == nil || !strings.Contains(err.Error(), "want float32, bfloat16 or int32") {
		t.Errorf("an input of float64: %v; want error with %q", err, "want float32, bfloat16 or int32")
	}
}

func TestNoAllocationOfATower(t *testing.T) {
	outputs, _ := tower(t)
	pool := kernel.NewPool(2)
	defer pool.Close()
	m := compile(t, outputs, vm.Options{Pool: pool})
	if n := testing.AllocsPerRun(5, func() { _ = m.RunAll() }); n != 0 {
		t.Errorf("%g allocations a run, want 0", n)
	}
}

func compile(t testing.TB, outputs G.Nodes, o vm.Options) *vm.Machine {
	t.Helper()
	m, err := vm.Compile(outputs, o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func let(t testing.TB, n *G.Node, v G.Value) {
	t.Helper()
	if err := G.Let(n, v); err != nil {
		t.Fatal(err)
	}
}

func valuesOf(t testing.TB, nodes G.Nodes) (all [][]float32) {
	t.Helper()
	for _, n := range nodes {
		b, err := op.BufferOf(n.Value())
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, slices.Clone(b.F))
	}
	return all
}
