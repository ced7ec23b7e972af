package vm_test

import (
	"slices"
	"testing"
	"time"

	G "gorgonia.org/gorgonia"

	"github.com/goclip/goclip/internal/kernel"
	"github.com/goclip/goclip/model/op"
	"github.com/goclip/goclip/model/vm"
)

// TestReadTwice holds that a residual which is the left operand of its product as
// well is not overwritten by the sum.
func TestReadTwice(t *testing.T) {
	b := op.NewBuilder(G.NewGraph())
	in := newInputs(t, b)
	const n, d = 20, 80 // several tiles of a product both ways
	w, bias := in.add("w", d, d), in.add("bias", d)
	x := b.LinearFloat(in.add("x", n, d), w, nil)
	y := b.LinearAdd(x, w, bias, x)
	if err := b.Err(); err != nil {
		t.Fatal(err)
	}
	if s := sameAsTape(t, G.Nodes{y}, vm.Options{}); s.TakenOver != 0 {
		t.Errorf("%d results lie where an argument lay, want 0", s.TakenOver)
	}
	y = b.LinearAdd(x, w, bias, b.LinearFloat(x, w, nil))
	if s := sameAsTape(t, G.Nodes{y}, vm.Options{}); s.TakenOver != 1 {
		t.Errorf("%d results lie where an argument lay, want 1", s.TakenOver)
	}
}

// TestActivateGradAlone holds that the gradient by the left operand of a product with
// an activation takes over the values before it, where nobody reads the result of the
// activation nor the gradient of the bias.
func TestActivateGradAlone(t *testing.T) {
	for _, bf16 := range []bool{false, true} {
		b := op.NewBuilder(G.NewGraph())
		b.BF16 = bf16
		in := newInputs(t, b)
		x := in.add("x", 4, 8)
		y := b.LinearAct(x, in.add("w", 8, 8), in.add("bias", 8), op.GELU)
		dy := b.Input("dy", y.Dtype(), 4, 8)
		if bf16 {
			let(t, dy, op.NewValue(dy.Shape(), op.Buffer{H: slices.Repeat([]uint16{0x3f80, 0xbf80}, 16)}))
		} else {
			let(t, dy, value(dy.Shape(), func(i int) float32 { return float32(i%2*2 - 1) }))
		}
		if err := b.Err(); err != nil {
			t.Fatal(err)
		}
		grads, err := G.Backpropagate(G.Nodes{y}, G.Nodes{dy}, G.Nodes{x})
		if err != nil {
			t.Fatal(err)
		}
		if s := sameAsTape(t, grads, vm.Options{}); s.Steps != 3 || s.TakenOver != 1 {
			t.Errorf("bfloat16 %v: %+v; want 3 steps, one of them in place", bf16, s)
		}
	}
}

// TestFoldOnce holds that the gradient of LayerNorm adds one other gradient; a
// second one is a step.
func TestFoldOnce(t *testing.T) {
	b := op.NewBuilder(G.NewGraph())
	in := newInputs(t, b)
	const n, d = 4, 8
	w, bias, gamma := in.add("w", d, d), in.add("bias", d), in.add("gamma", d)
	x := in.add("x", n, d)
	h := b.LinearFloat(x, w, nil)
	sums := G.Nodes{b.LinearAdd(x, w, bias, h), b.LinearAdd(x, w, bias, h)}
	outputs := append(sums, b.LayerNorm(h, gamma, bias, 1e-5))
	given := G.Nodes{in.add("dsum0", n, d), in.add("dsum1", n, d), in.add("dy", n, d)}
	if err := b.Err(); err != nil {
		t.Fatal(err)
	}
	grads, err := G.Backpropagate(outputs, given, G.Nodes{w})
	if err != nil {
		t.Fatal(err)
	}
	// Linear and LayerNorm, whose gradient adds that of one sum, then a sum with the
	// other; three products for w and two sums of them.
	if s := sameAsTape(t, grads, vm.Options{}); s.Steps != 9 {
		t.Errorf("%d steps, want 9", s.Steps)
	}
}

// TestFoldOnlyWhatIsThere holds that the gradient of LayerNorm adds neither what is
// computed after it, nor anything where somebody else reads it alone.
func TestFoldOnlyWhatIsThere(t *testing.T) {
	const n, d = 4, 8
	for name, test := range map[string]struct {
		build func(b *op.Builder, x, h, w, bias *G.Node) G.Nodes
		steps int
	}{
		// Gorgonia adds up the gradients of both residuals first, behind LayerNorm's.
		"later": {func(b *op.Builder, _, h, w, bias *G.Node) G.Nodes {
			y := b.LinearAdd(b.LayerNorm(h, bias, bias, 1e-5), w, bias, h)
			return G.Nodes{b.LinearAdd(y, w, bias, h)}
		}, 13},
		// The gradient of LayerNorm is the gradient of a residual and of a product.
		"read": {func(b *op.Builder, x, h, w, bias *G.Node) G.Nodes {
			other := b.LinearAdd(x, w, bias, h)
			return G.Nodes{other, b.LayerNorm(b.LinearAdd(x, w, bias, h), bias, bias, 1e-5)}
		}, 10},
	} {
		b := op.NewBuilder(G.NewGraph())
		in := newInputs(t, b)
		w, bias, x := in.add("w", d, d), in.add("bias", d), in.add("x", n, d)
		outputs := test.build(b, x, b.LinearFloat(x, w, nil), w, bias)
		given := G.Nodes{in.add("dy0", n, d), in.add("dy1", n, d)}
		if err := b.Err(); err != nil {
			t.Fatal(err)
		}
		grads, err := G.Backpropagate(outputs, given[:len(outputs)], G.Nodes{w})
		if err != nil {
			t.Fatal(err)
		}
		if s := sameAsTape(t, grads, vm.Options{}); s.Steps != test.steps {
			t.Errorf("%s: %d steps, want %d", name, s.Steps, test.steps)
		}
	}
}

// TestAccumulateWhatIsRead holds that a reader of an output which is added up sees
// the result of its own run.
func TestAccumulateWhatIsRead(t *testing.T) {
	b := op.NewBuilder(G.NewGraph())
	in := newInputs(t, b)
	y := b.Project(in.add("x", 4, 8), in.add("w", 8, 8))
	z := b.Normalize(y)
	if err := b.Err(); err != nil {
		t.Fatal(err)
	}
	pool := kernel.NewPool(1)
	defer pool.Close()
	memory := make([]float32, 32)
	memory[0] = 100
	m := compile(t, G.Nodes{y, z}, vm.Options{Pool: pool, Accumulate: true, Place: map[*G.Node][]float32{y: memory}})
	if err := m.RunAll(); err != nil {
		t.Fatal(err)
	}
	if have := valuesOf(t, G.Nodes{z})[0][0]; have > 0.9 {
		t.Errorf("z[0] = %g, of a y[0] of %g; want that of the run alone", have, memory[0])
	}
	if memory[0] < 90 {
		t.Errorf("y[0] = %g, want the sum", memory[0])
	}
}

// TestLocks holds that a machine waits for a pool that somebody else uses.
func TestLocks(t *testing.T) {
	outputs, _ := block(t)
	pool := kernel.NewPool(1)
	defer pool.Close()
	m := compile(t, outputs, vm.Options{Pool: pool})
	for name, run := range map[string]func() error{
		"RunAll":  m.RunAll,
		"Profile": func() error { _, err := m.Profile(); return err },
	} {
		done := make(chan error)
		pool.Lock()
		go func() { done <- run() }()
		select {
		case <-done:
			t.Errorf("%s does not wait for the pool", name)
			pool.Unlock()
		case <-time.After(50 * time.Millisecond):
			pool.Unlock()
			if err := <-done; err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}
