package op_test

import (
	"cmp"
	"fmt"
	"math"
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

// An opTest is a row of the table over all operations: its arguments, how it
// is built, and its formula in float64.
type opTest struct {
	name   string
	shapes []tensor.Shape
	ids    []int32 // tokens (rows, T), after the float arguments; nil for none
	rows   int     // 0 means 2
	build  func(b *op.Builder, in []*G.Node) *G.Node
	ref    func(in [][]float64) []float64
	noGrad bool
}

// TestOps checks every operation: its values with the formula, its gradients
// with the formula's central differences, and the bits of both between
// Gorgonia's tape machine and ours, with memory reused, poisoned, and not; for
// products of float32 and of bfloat16.
func TestOps(t *testing.T) {
	for _, test := range opTests() {
		t.Run(test.name, func(t *testing.T) { checkOp(t, test, false) })
		t.Run("bf16 "+test.name, func(t *testing.T) { checkOp(t, test, true) })
	}
}

func checkOp(t *testing.T, test opTest, bf16 bool) {
	const h = 1e-5
	tol := 2e-4
	if bf16 {
		tol = 0.04 // operands have 8 bits
	}
	rng := rand.New(rand.NewPCG(1, 2))
	g := G.NewGraph()
	b := op.NewBuilder(g)
	b.BF16 = bf16
	var in []*G.Node
	var args [][]float64
	for i, s := range test.shapes {
		n := b.Input(fmt.Sprint("in", i), tensor.Float32, s...)
		values := normal(rng, s.TotalSize())
		args = append(args, f64(values))
		must(t, G.Let(n, tensor.New(tensor.WithShape(s...), tensor.WithBacking(values))))
		in = append(in, n)
	}
	wrt := slices.Clone(in)
	if test.ids != nil {
		rows := cmp.Or(test.rows, 2)
		n := b.Input("ids", tensor.Int32, rows, len(test.ids)/rows)
		must(t, G.Let(n, tensor.New(tensor.WithShape(n.Shape()...), tensor.WithBacking(test.ids))))
		in = append(in, n)
	}
	y := test.build(b, in)
	must(t, b.Err())
	outputs := G.Nodes{y}
	w := []float32{1.5}
	if !test.noGrad {
		size := max(1, y.Shape().TotalSize())
		w = normal(rng, size)
		dy := G.NewConstant(op.NewValue(tensor.ScalarShape(), op.Buffer{F: w}))
		if !y.IsScalar() {
			dy = b.Input("dy", y.Dtype(), y.Shape()...)
			must(t, G.Let(dy, op.NewValue(y.Shape(), buffer(y, w))))
		}
		grads, err := G.Backpropagate(G.Nodes{y}, G.Nodes{dy}, wrt)
		must(t, err)
		outputs = append(outputs, grads...)
	}

	tape := G.NewTapeMachine(g)
	defer tape.Close()
	must(t, tape.RunAll())
	want := make([][]float32, len(outputs))
	for i, n := range outputs {
		want[i] = slices.Clone(floats(t, n))
	}
	diff(t, "y", want[0], test.ref(args), tol)
	at := func(arg, i int, v float64) (sum float64) {
		old := args[arg][i]
		args[arg][i] = v
		for j, y := range test.ref(args) {
			sum += y * float64(w[j])
		}
		args[arg][i] = old
		return sum
	}
	for arg := range outputs[1:] {
		slope := make([]float64, len(args[arg]))
		for i, v := range args[arg] {
			slope[i] = (at(arg, i, v+h) - at(arg, i, v-h)) / (2 * h)
		}
		diff(t, fmt.Sprintf("gradient of argument %d", arg), want[1+arg], slope, tol)
	}

	for _, o := range []vm.Options{{}, {Poison: true}, {NoReuse: true}} {
		for threads := 1; threads <= 3; threads += 2 {
			o.Pool = kernel.NewPool(threads)
			m, err := vm.Compile(outputs, o)
			must(t, err)
			for range 2 {
				must(t, m.RunAll())
				for i, n := range outputs {
					if got := floats(t, n); !slices.Equal(got, want[i]) {
						t.Errorf("output %d with %d threads, options %+v differs from the tape machine's:\n%v\n%v",
							i, threads, o, got, want[i])
					}
				}
			}
			o.Pool.Close()
		}
	}
}

// TestErrors checks that an error of wrong shapes says what was there.
func TestErrors(t *testing.T) {
	for _, test := range []struct {
		shapes []tensor.Shape
		build  func(b *op.Builder, in []*G.Node) *G.Node
		want   string
	}{
		{[]tensor.Shape{{6}, {6}, {6}}, layerNormOf(1e-5), "want (N, D), (D), (D)"},
		{[]tensor.Shape{{2, 3}, {2}, {3}}, layerNormOf(1e-5), "gamma (2)"},
		{[]tensor.Shape{{2, 3}, {3}, {3}}, layerNormOf(0), "want eps > 0"},
		{[]tensor.Shape{{2, 3}, {3}, {3}}, layerNormOf(float32(math.NaN())), "want eps > 0"},
		{[]tensor.Shape{{2, 3}, {4, 5}}, func(b *op.Builder, in []*G.Node) *G.Node {
			return b.LinearFloat(in[0], in[1], nil)
		}, "want (N, I), (O, I)"},
		{[]tensor.Shape{{2, 3}, {4, 3}, {3}}, func(b *op.Builder, in []*G.Node) *G.Node {
			return b.Linear(in[0], in[1], in[2])
		}, "bias (3)"},
		{[]tensor.Shape{{2, 3}, {4, 3}, {4}, {2, 3}}, func(b *op.Builder, in []*G.Node) *G.Node {
			return b.LinearAdd(in[0], in[1], in[2], in[3])
		}, "residual (2, 3); want (2, 4)"},
		{[]tensor.Shape{{2, 3}, {2, 3}}, func(b *op.Builder, in []*G.Node) *G.Node {
			return b.Project(in[0], in[1])
		}, "inner sizes"},
		{[]tensor.Shape{{2, 3}, {4, 3}}, func(b *op.Builder, in []*G.Node) *G.Node {
			return b.Project(in[0], in[1])
		}, "inner sizes"},
		{[]tensor.Shape{{2, 4}}, func(b *op.Builder, in []*G.Node) *G.Node {
			return b.Attention(in[0], 2, 2, false)
		}, "want (N*t, 3*heads*V)"},
		{[]tensor.Shape{{2, 9}}, func(b *op.Builder, in []*G.Node) *G.Node {
			return b.Attention(in[0], 2, 2, false)
		}, "want (N*t, 3*heads*V)"},
		{[]tensor.Shape{{4, 6}, {18, 6}, {6}}, func(b *op.Builder, in []*G.Node) *G.Node {
			return b.PooledAttention(in[0], in[1], in[2], op.Token{}, 2, 3)
		}, "bias (6); want (N*t, heads*V), (3D, D), (3D)"},
		{[]tensor.Shape{{4, 6}, {18, 6}, {18}}, func(b *op.Builder, in []*G.Node) *G.Node {
			return b.PooledAttention(in[0], in[1], in[2], op.Token{At: 2}, 2, 3)
		}, "have 4 rows, token 2 of 2"},
		{[]tensor.Shape{{4, 6}, {18, 6}, {18}, {5}}, func(b *op.Builder, in []*G.Node) *G.Node {
			return b.ProbeAttention(in[0], in[1], in[2], in[3], 2, 3)
		}, "probe (5); want (N*t, D), (D)"},
		{[]tensor.Shape{{4, 3}}, func(b *op.Builder, in []*G.Node) *G.Node {
			return b.AverageTokens(in[0], 2, 2)
		}, "t more than skip"},
		{[]tensor.Shape{{4, 3}, {3}, {4, 2}}, func(b *op.Builder, in []*G.Node) *G.Node {
			return b.ScaleAdd(in[0], in[1], in[2])
		}, "residual (4, 2)"},
		{[]tensor.Shape{{4, 3}, {3, 3}}, func(b *op.Builder, in []*G.Node) *G.Node {
			return b.AddPosition(in[0], in[1])
		}, "position (3, 3)"},
		{[]tensor.Shape{{2, 3}, {2, 3}, {1}, {2}}, func(b *op.Builder, in []*G.Node) *G.Node {
			return b.SigmoidLoss(in[0], in[1], in[2], in[3], nil)
		}, "logit bias (2); want (1)"},
		{[]tensor.Shape{{2, 3, 4, 5}}, func(b *op.Builder, in []*G.Node) *G.Node {
			return b.Patches(in[0], 2)
		}, "want (N, 3, S, S)"},
		{[]tensor.Shape{{4, 3}, {3}, {4, 3}}, func(b *op.Builder, in []*G.Node) *G.Node {
			return b.Assemble(in[0], in[1], in[2])
		}, "want (N*P, D)"},
		{[]tensor.Shape{{4, 3}, {3}, {1, 3}}, func(b *op.Builder, in []*G.Node) *G.Node {
			return b.Assemble(in[0], in[1], in[2])
		}, "want (N*P, D)"},
		{[]tensor.Shape{{1, 3}, {1, 3}, {1}}, func(b *op.Builder, in []*G.Node) *G.Node {
			return b.ContrastiveLoss(in[0], in[1], in[2], nil)
		}, "at least 2"},
		{[]tensor.Shape{{2, 3}, {2, 4}, {1}}, func(b *op.Builder, in []*G.Node) *G.Node {
			return b.Similarity(in[0], in[1], in[2])
		}, "want (N, E), (M, E), (1)"},
		{[]tensor.Shape{{2, 3}}, func(b *op.Builder, in []*G.Node) *G.Node {
			return b.Input("in0", tensor.Float32, 1)
		}, "occurs twice"},
	} {
		b := op.NewBuilder(G.NewGraph())
		var in []*G.Node
		for i, s := range test.shapes {
			in = append(in, b.Input(fmt.Sprint("in", i), tensor.Float32, s...))
		}
		y := test.build(b, in)
		if y != nil || b.Err() == nil || !strings.Contains(b.Err().Error(), test.want) {
			t.Errorf("shapes %v: %v, %v; want error with %q", test.shapes, y, b.Err(), test.want)
		}
		if again := b.SelectToken(nil, op.Token{}, 1); again != nil {
			t.Errorf("after an error a builder returns %v; want nil", again)
		}
	}
}

func floats(t *testing.T, n *G.Node) []float32 {
	t.Helper()
	b, err := op.BufferOf(n.Value())
	must(t, err)
	for _, v := range b.H {
		b.F = append(b.F, math.Float32frombits(uint32(v)<<16))
	}
	return b.F
}

// buffer is x as a value of the type of n.
func buffer(n *G.Node, x []float32) op.Buffer {
	if n.Dtype() != op.BFloat16 {
		return op.Buffer{F: x}
	}
	pool := kernel.NewPool(1)
	defer pool.Close()
	h := make([]uint16, len(x))
	pool.ToBF16(h, x)
	return op.Buffer{H: h}
}

// diff reports the element where got is furthest from want, if that is more
// than tol in units of the largest element of want, or of 1.
func diff(t *testing.T, name string, got []float32, want []float64, tol float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s has %d elements, want %d", name, len(got), len(want))
	}
	scale, worst, at := 1.0, -1.0, 0
	for i := range want {
		scale = max(scale, math.Abs(want[i]))
		if d := math.Abs(float64(got[i]) - want[i]); !(d <= worst) { // NaN counts as worst
			worst, at = d, i
		}
	}
	if !(worst <= tol*scale) {
		t.Errorf("%s[%d] = %g, want %g within %g", name, at, got[at], want[at], tol*scale)
	}
}

func normal(rng *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(rng.NormFloat64())
	}
	return x
}

func f64(x []float32) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
