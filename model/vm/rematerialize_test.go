package vm_test

import (
	"slices"
	"testing"

	G "gorgonia.org/gorgonia"

	"github.com/goclip/goclip/internal/kernel"
	"github.com/goclip/goclip/model/op"
	"github.com/goclip/goclip/model/vm"
)

// A segmented graph has a segment in its forward pass, and the gradients by all
// parameters behind it.
type segmented struct {
	outputs              G.Nodes // the loss and the gradients
	normalized, selected *G.Node // values of the segment
	segment              vm.Segment
}

func newSegmented(t *testing.T, bf16 bool) segmented {
	t.Helper()
	const n, d = 6, 80
	b := op.NewBuilder(G.NewGraph())
	b.BF16 = bf16
	inputs := newInputs(t, b)
	w, bias, gamma, beta := inputs.add("w", d, d), inputs.add("bias", d), inputs.add("gamma", d), inputs.add("beta", d)
	before := b.LinearFloat(inputs.add("x", n, d), w, nil)
	normalized := b.LayerNorm(before, gamma, beta, 1e-5)
	sum := b.LinearAdd(normalized, w, bias, before) // which no gradient reads
	selected := b.SelectToken(sum, op.Token{}, 2)
	activated := b.LinearAct(selected, w, bias, op.GELU)
	last := b.LinearAdd(activated, w, bias, selected)
	loss := b.ContrastiveLoss(b.Normalize(last), b.Normalize(inputs.add("images", n/2, d)), inputs.add("scale", 1), nil)
	if err := b.Err(); err != nil {
		t.Fatal(err)
	}
	grads, err := G.Grad(loss, w, bias, gamma, beta)
	if err != nil {
		t.Fatal(err)
	}
	segment := vm.Segment{After: before.ID(), Last: last.ID()}
	return segmented{append(G.Nodes{loss}, grads...), normalized, selected, segment}
}

// TestRematerialize holds that a segment is recomputed: what the backward pass reads
// of it and what that takes, but not its result, nor what is there anyway.
func TestRematerialize(t *testing.T) {
	s, rounded := newSegmented(t, false), newSegmented(t, true)
	for _, test := range []struct {
		name    string
		outputs G.Nodes
		options vm.Options
		steps   int // more than without options
	}{
		// LayerNorm, sum, selection, activation
		{"segment", s.outputs, vm.Options{Segments: []vm.Segment{s.segment}}, 4},
		{"segment with an output", slices.Concat(s.outputs, G.Nodes{s.selected}),
			vm.Options{Segments: []vm.Segment{s.segment}}, 2},
		// LayerNorm, activation
		{"forward end", s.outputs, vm.Options{ForwardEnd: s.outputs[0]}, 2},
		// What is stored of the values before the activation is rounded.
		{"forward end in bfloat16", rounded.outputs, vm.Options{ForwardEnd: rounded.outputs[0]}, 1},
		{"forward end with an output", slices.Concat(s.outputs, G.Nodes{s.normalized}),
			vm.Options{ForwardEnd: s.outputs[0]}, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			kept, recomputed := sameAsTape(t, test.outputs, vm.Options{}), sameAsTape(t, test.outputs, test.options)
			if have := recomputed.Steps - kept.Steps; have != test.steps {
				t.Errorf("%d steps more, want %d", have, test.steps)
			}
		})
	}
}

// TestKept holds that a cheap value is kept where recomputing it saves nothing.
func TestKept(t *testing.T) {
	b := op.NewBuilder(G.NewGraph())
	inputs := newInputs(t, b)
	const n, d = 4, 20
	w, gamma := inputs.add("w", d, d), inputs.add("gamma", d)
	// Only the products read what is selected of x, and nothing reads it later.
	y := b.LinearFloat(b.LayerNorm(b.SelectToken(inputs.add("x", 2*n, d), op.Token{}, 2), gamma, gamma, 1e-5), w, nil)
	// Nothing reads the patches before the backward pass.
	v := inputs.add("v", d, 12)
	z := b.LinearFloat(b.Patches(inputs.add("images", 1, 3, 4, 4), 2), v, nil)
	dy, dz := inputs.add("dy", n, d), inputs.add("dz", 4, d)
	if err := b.Err(); err != nil {
		t.Fatal(err)
	}
	grads, err := G.Backpropagate(G.Nodes{y, z}, G.Nodes{dy, dz}, G.Nodes{w, v})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name    string
		outputs G.Nodes
		more    int
	}{
		{"arguments that die", G.Nodes{y, grads[0]}, 0},
		{"no reader before", G.Nodes{grads[1]}, 0},
		{"patches", G.Nodes{z, grads[1]}, 1}, // which are recomputed
	} {
		kept := sameAsTape(t, test.outputs, vm.Options{})
		if s := sameAsTape(t, test.outputs, vm.Options{ForwardEnd: z}); s.Steps != kept.Steps+test.more {
			t.Errorf("%s: %d steps with a forward end, want %d more than %d", test.name, s.Steps, test.more, kept.Steps)
		}
	}
}

// sameAsTape holds that a plan has the bits of the tape machine, with dead values
// poisoned, and returns what it takes.
func sameAsTape(t *testing.T, outputs G.Nodes, o vm.Options) vm.Stats {
	t.Helper()
	tape := G.NewTapeMachine(outputs[0].Graph())
	defer tape.Close()
	if err := tape.RunAll(); err != nil {
		t.Fatal(err)
	}
	want := valuesOf(t, outputs)
	pool := kernel.NewPool(1)
	defer pool.Close()
	o.Pool, o.Poison = pool, true
	m := compile(t, outputs, o)
	for run := range 2 {
		if err := m.RunAll(); err != nil {
			t.Fatal(err)
		}
		for i, got := range valuesOf(t, outputs) {
			if !slices.Equal(got, want[i]) {
				t.Errorf("run %d: output %d differs from the tape machine's", run, i)
			}
		}
	}
	return m.Stats()
}
