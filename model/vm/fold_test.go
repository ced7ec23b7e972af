package vm_test

import (
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/goclip/goclip/internal/kernel"
	"github.com/goclip/goclip/model/op"
	"github.com/goclip/goclip/model/vm"
)

// TestFold checks that the gradient of LayerNorm adds the gradient of the residual,
// where nobody reads it alone, and that what two steps need stays apart.
// TestSharedMemory holds the bits.
func TestFold(t *testing.T) {
	const n, d = 4, 8
	b := op.NewBuilder(G.NewGraph())
	x, w, dy := b.Input("x", tensor.Float32, n, d), b.Input("w", tensor.Float32, d, d), b.Input("dy", tensor.Float32, n, d)
	vector := func(name string) *G.Node { return b.Input(name, tensor.Float32, d) }
	gamma, beta, bias := vector("gamma"), vector("beta"), vector("bias")
	h := b.LinearFloat(x, w, nil)
	y := b.LinearAdd(b.LayerNorm(h, gamma, beta, 1e-5), w, bias, h)
	if err := b.Err(); err != nil {
		t.Fatal(err)
	}
	grads, err := G.Backpropagate(G.Nodes{y}, G.Nodes{dy}, G.Nodes{x})
	if err != nil {
		t.Fatal(err)
	}
	pool := kernel.NewPool(1)
	defer pool.Close()
	steps := func(outputs ...*G.Node) int { return compile(t, outputs, vm.Options{Pool: pool}).Stats().Steps }
	// Linear and LayerNorm, whose result no gradient here reads but its mean and
	// rstd; then the products for the rows of LayerNorm and for x.
	if have := steps(grads[0]); have != 5 {
		t.Errorf("%d steps for dx, want 5: the sum is in the gradient of LayerNorm", have)
	}
	var alone *G.Node // the gradient of LayerNorm by its argument
	for _, node := range h.Graph().AllNodes() {
		if pick, ok := node.Op().(op.Pick); ok && pick.I == 0 && node.Shape().Eq(h.Shape()) && node.ID() > y.ID() {
			alone = node
		}
	}
	if have := steps(grads[0], alone); have != 6 {
		t.Errorf("%d steps for dx and the gradient of LayerNorm, want 6: the sum is a step", have)
	}
}
