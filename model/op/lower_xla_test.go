//go:build xla

package op_test

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/goclip/goclip/internal/pjrt"
	"github.com/goclip/goclip/model/hlo"
	"github.com/goclip/goclip/model/op"
	"github.com/goclip/goclip/model/vm"
	"github.com/goclip/goclip/model/xla"
	"github.com/goclip/goclip/model/xla/xlatest"
)

// TestLower checks every operation and its gradient on a device against vm, in float32
// and bfloat16.
func TestLower(t *testing.T) {
	c := xlatest.Open(t)
	for _, bf16 := range []bool{false, true} {
		t.Run(fmt.Sprintf("bf16=%v", bf16), func(t *testing.T) { checkLower(t, c, bf16) })
	}
}

// checkLower writes all operations as one program, since each takes a second to compile.
func checkLower(t *testing.T, c *pjrt.Client, bf16 bool) {
	b := &hlo.Builder{}
	var args []*pjrt.Buffer
	var results []hlo.Value
	tests, outputs := opTests(), []G.Nodes(nil)
	for _, test := range tests {
		nodes := opGraph(t, test, bf16)
		m, err := vm.Compile(nodes, vm.Options{})
		must(t, err)
		must(t, m.RunAll())
		given := map[*G.Node]hlo.Value{}
		for _, in := range xla.Inputs(nodes) {
			given[in] = b.Argument(xla.TypeOf(in), in.Shape(), -1)
			args = append(args, xlatest.Put(t, c, in))
		}
		values, err := xla.Emit(b, nodes, given)
		must(t, err)
		outputs, results = append(outputs, nodes), append(results, values...)
	}
	program, err := c.Compile(b.Text("operations", results...), 1, nil)
	must(t, err)
	out, err := program.Run([][]*pjrt.Buffer{args})
	must(t, err)
	tol := 2e-5
	if bf16 {
		tol = 0.04 // as in TestOps: operands have 8 bits
	}
	next := out[0]
	for i, nodes := range outputs {
		for k, n := range nodes {
			diff(t, fmt.Sprintf("%s: output %d", tests[i].name, k), get(t, n, next[k]), f64(floats(t, n)), tol)
		}
		next = next[len(nodes):]
	}
}

// get is the value of a node on the device.
func get(t *testing.T, n *G.Node, b *pjrt.Buffer) []float32 {
	got := make([]float32, max(1, n.Shape().TotalSize()))
	if n.Dtype() != op.BFloat16 {
		must(t, pjrt.Get(got, b))
		return got
	}
	half := make([]uint16, len(got))
	must(t, pjrt.Get(half, b))
	for i, v := range half {
		got[i] = math.Float32frombits(uint32(v) << 16)
	}
	return got
}

// opGraph builds an operation and its gradients.
func opGraph(t *testing.T, test opTest, bf16 bool) G.Nodes {
	rng := rand.New(rand.NewPCG(1, 2))
	b := op.NewBuilder(G.NewGraph())
	b.BF16 = bf16
	var in []*G.Node
	for i, s := range test.shapes {
		n := b.Input(fmt.Sprint("in", i), tensor.Float32, s...)
		must(t, G.Let(n, tensor.New(tensor.WithShape(s...), tensor.WithBacking(normal(rng, s.TotalSize())))))
		in = append(in, n)
	}
	wrt := in
	if test.ids != nil {
		rows := cmp.Or(test.rows, 2)
		n := b.Input("ids", tensor.Int32, rows, len(test.ids)/rows)
		must(t, G.Let(n, tensor.New(tensor.WithShape(n.Shape()...), tensor.WithBacking(test.ids))))
		in = append(in[:len(in):len(in)], n)
	}
	y := test.build(b, in)
	must(t, b.Err())
	if test.noGrad {
		return G.Nodes{y}
	}
	dy := G.NewConstant(op.NewValue(tensor.ScalarShape(), op.Buffer{F: []float32{1.5}}))
	if !y.IsScalar() {
		dy = b.Input("dy", y.Dtype(), y.Shape()...)
		must(t, G.Let(dy, op.NewValue(y.Shape(), buffer(y, normal(rng, y.Shape().TotalSize())))))
	}
	grads, err := G.Backpropagate(G.Nodes{y}, G.Nodes{dy}, wrt)
	must(t, err)
	return append(G.Nodes{y}, grads...)
}
