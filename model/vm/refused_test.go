package vm_test

import (
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/goclip/goclip/internal/kernel"
	"github.com/goclip/goclip/model/op"
	"github.com/goclip/goclip/model/vm"
)

// TestRefused checks that what a machine could only do wrong is an error before it runs.
func TestRefused(t *testing.T) {
	pool := kernel.NewPool(1)
	defer pool.Close()
	g := G.NewGraph()
	matrix := G.NewMatrix(g, tensor.Float32, G.WithShape(2, 3), G.WithName("x"))
	sum := G.Must(G.Add(matrix, G.NewScalar(g, tensor.Float32, G.WithName("s"))))
	b := op.NewBuilder(G.NewGraph())
	x := b.Input("x", tensor.Float32, 2, 3)
	y := b.Normalize(x)
	memory := make([]float32, 6)
	half := op.NewBuilder(G.NewGraph())
	half.BF16 = true
	w := half.Input("w", tensor.Float32, 3)
	z := half.LayerNormOperand(half.Input("x", tensor.Float32, 2, 3), w, w, 1e-5)
	for _, test := range []struct {
		outputs G.Nodes
		place   map[*G.Node][]float32
		want    string
	}{
		{G.Nodes{sum}, nil, "operations of package op"},
		{G.Nodes{x}, map[*G.Node][]float32{x: memory}, "is an input"},
		{G.Nodes{z}, map[*G.Node][]float32{z: memory}, "is bfloat16; want float32 to place"},
		{G.Nodes{b.Normalize(y)}, map[*G.Node][]float32{y: memory}, "is not an output"},
	} {
		_, err := vm.Compile(test.outputs, vm.Options{Pool: pool, Place: test.place})
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v: %v; want error with %q", test.outputs, err, test.want)
		}
	}
}
