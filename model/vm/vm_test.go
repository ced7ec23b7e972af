package vm_test

import (
	"math"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/goclip/goclip/internal/kernel"
	"github.com/goclip/goclip/model/op"
	"github.com/goclip/goclip/model/vm"
)

func value(shape tensor.Shape, f func(i int) float32) *tensor.Dense {
	x := make([]float32, shape.TotalSize())
	for i := range x {
		x[i] = f(i)
	}
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(x))
}

// block builds a residual block whose input is read three times, and its
// gradients.
func block(t testing.TB) (outputs, params G.Nodes) {
	t.Helper()
	b := op.NewBuilder(G.NewGraph())
	x := b.Input("x", tensor.Float32, 6, 8)
	w := b.Input("w", tensor.Float32, 8, 8)
	bias := b.Input("bias", tensor.Float32, 8)
	scale := b.Input("scale", tensor.Float32, 1)
	h := b.LinearAct(x, w, bias, kernel.GELU)
	y := b.Normalize(b.LinearAdd(h, w, bias, x))
	loss := b.ContrastiveLoss(y, b.Normalize(x), scale, nil)
	if err := b.Err(); err != nil {
		t.Fatal(err)
	}
	params = G.Nodes{x, w, bias, scale}
	for i, p := range params {
		if err := G.Let(p, value(p.Shape(), func(j int) float32 { return float32(math.Sin(float64(3*i + j))) })); err != nil {
			t.Fatal(err)
		}
	}
	grads, err := G.Grad(loss, params...)
	if err != nil {
		t.Fatal(err)
	}
	return append(G.Nodes{loss}, grads...), params
}

func TestPlace(t *testing.T) {
	outputs, _ := block(t)
	pool := kernel.NewPool(1)
	defer pool.Close()
	flat := make([]float32, 64+8)
	place := map[*G.Node][]float32{outputs[2]: flat[:64], outputs[3]: flat[64:]}
	m, err := vm.Compile(outputs, vm.Options{Pool: pool, Place: place})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.RunAll(); err != nil {
		t.Fatal(err)
	}
	for i, n := range outputs[2:4] {
		data := n.Value().Data().([]float32)
		if &data[0] != &flat[64*i] || data[0] == 0 {
			t.Errorf("gradient %d does not lie where it was placed, or is 0", i)
		}
	}
	place = map[*G.Node][]float32{outputs[2]: flat}
	if _, err := vm.Compile(outputs, vm.Options{Pool: pool, Place: place}); err == nil || !strings.Contains(err.Error(), "want 64") {
		t.Errorf("memory of a wrong size: %v; want error with %q", err, "want 64")
	}
}

// A forward pass alone holds no step of the backward one.
func TestDeadCode(t *testing.T) {
	outputs, _ := block(t)
	pool := kernel.NewPool(1)
	defer pool.Close()
	all, err := vm.Compile(outputs, vm.Options{Pool: pool})
	if err != nil {
		t.Fatal(err)
	}
	forward, err := vm.Compile(outputs[:1], vm.Options{Pool: pool})
	if err != nil {
		t.Fatal(err)
	}
	f, a := forward.Stats(), all.Stats()
	if f.Steps != 5 || f.ArenaBytes >= a.ArenaBytes || a.ArenaBytes >= a.SumBytes || a.TakenOver == 0 {
		t.Errorf("forward %+v, all %+v; want 5 steps forward, less memory than all, and that less than the sum", f, a)
	}
}

func TestErrors(t *testing.T) {
	pool := kernel.NewPool(1)
	defer pool.Close()
	g := G.NewGraph()
	x := G.NewMatrix(g, tensor.Float32, G.WithShape(2, 2), G.WithName("x"))
	_, err := vm.Compile(G.Nodes{G.Must(G.Tanh(x))}, vm.Options{Pool: pool})
	if err == nil || !strings.Contains(err.Error(), "package op") {
		t.Errorf("a stock operation: %v; want error", err)
	}
	b := op.NewBuilder(G.NewGraph())
	y := b.Normalize(b.Input("x", tensor.Float32, 2, 2))
	m, err := vm.Compile(G.Nodes{y}, vm.Options{Pool: pool})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.RunAll(); err == nil || !strings.Contains(err.Error(), "no value") {
		t.Errorf("an input without a value: %v; want error", err)
	}
}

func TestNoAllocation(t *testing.T) {
	outputs, _ := block(t)
	pool := kernel.NewPool(2)
	defer pool.Close()
	m, err := vm.Compile(outputs, vm.Options{Pool: pool})
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(5, func() { _ = m.RunAll() }); n != 0 {
		t.Errorf("%g allocations a run, want 0", n)
	}
}

// A profile runs the graph, and names every step.
func TestProfile(t *testing.T) {
	outputs, _ := block(t)
	pool := kernel.NewPool(2)
	defer pool.Close()
	m, err := vm.Compile(outputs, vm.Options{Pool: pool})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.RunAll(); err != nil {
		t.Fatal(err)
	}
	grad := outputs[2].Value().Data().([]float32)
	want := grad[0]
	grad[0] = 0
	times, err := m.Profile()
	if err != nil || grad[0] != want {
		t.Errorf("gradient %g, %v after a profile; want %g as after a run", grad[0], err, want)
	}
	calls := map[string]int{}
	sum := 0
	for i, o := range times {
		calls[o.Op] = o.Calls
		sum += o.Calls
		if o.Seconds < 0 || i > 0 && o.Seconds > times[i-1].Seconds {
			t.Errorf("%v after %v; want the longest first", o, times[:i])
		}
	}
	if sum != m.Stats().Steps || calls["normalize"] != 2 {
		t.Errorf("%d calls, %d of normalize; want %d, 2", sum, calls["normalize"], m.Stats().Steps)
	}
}

func BenchmarkRun(b *testing.B) {
	outputs, _ := block(b)
	pool := kernel.NewPool(1)
	defer pool.Close()
	m, err := vm.Compile(outputs, vm.Options{Pool: pool})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := m.RunAll(); err != nil {
			b.Fatal(err)
		}
	}
}
