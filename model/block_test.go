package model

import (
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

// TestLastBlock holds that the last block of each tower, which computes only
// the row that is read, has the features of the whole block, and the gradients
// of its input and of every parameter, within float32's rounding.
func TestLastBlock(t *testing.T) {
	const n = 5
	m, err := New(Config{
		EmbedDim: 8, Activation: "gelu",
		Image: ImageConfig{Size: 12, Patch: 4, Width: 48, Layers: 2, Heads: 3},
		Text:  TextConfig{ContextLength: 7, VocabSize: 9, Width: 32, Layers: 2, Heads: 2},
	}, 1)
	if err != nil {
		t.Fatal(err)
	}
	ids := []int32{7, 8, 0, 0, 0, 0, 0, 7, 1, 2, 3, 4, 5, 8, 7, 1, 2, 8, 8, 0, 0, 8, 0, 0, 0, 0, 0, 0, 7, 1, 2, 3, 8, 0, 0}
	for _, tower := range []struct {
		transformer
		t, d int
	}{
		{transformer{"visual.", 2, 3, false, false, kernel.GELU}, 10, 48},
		{transformer{"", 2, 2, true, false, kernel.GELU}, 7, 32},
	} {
		evaluate := func(last bool) (features []float32, grads map[string][]float32) {
			g := m.newGraph()
			rng := rand.New(rand.NewPCG(1, 2))
			rows := func(name string, n int) *G.Node {
				data := make([]float32, n*tower.d)
				for i := range data {
					data[i] = float32(rng.NormFloat64())
				}
				return g.input(name, tensor.New(tensor.WithShape(n, tower.d), tensor.WithBacking(data)))
			}
			x, dy := rows("x", n*tower.t), rows("dy", n)
			var end op.Token
			if tower.causal {
				end.Causal = true
				end.IDs = g.input("ids", tensor.New(tensor.WithShape(n, tower.t), tensor.WithBacking(ids)))
			}
			var y *G.Node
			if last {
				y = tower.lastBlock(g, x, tower.t, end, tower.name(1))
			} else {
				y = g.SelectToken(tower.block(g, x, tower.t, tower.name(1)), end, tower.t)
			}
			if err := g.check(); err != nil {
				t.Fatal(err)
			}
			names, wrt := []string{"x"}, G.Nodes{x}
			for _, p := range m.params {
				if node, ok := g.nodes[p.Name]; ok {
					names, wrt = append(names, p.Name), append(wrt, node)
				}
			}
			gradients, err := G.Backpropagate(G.Nodes{y}, G.Nodes{dy}, wrt)
			if err != nil {
				t.Fatal(err)
			}
			pool := kernel.NewPool(2)
			defer pool.Close()
			machine, err := vm.Compile(append(G.Nodes{y}, gradients...), vm.Options{Pool: pool, Poison: true})
			if err != nil {
				t.Fatal(err)
			}
			if err := machine.RunAll(); err != nil {
				t.Fatal(err)
			}
			grads = map[string][]float32{}
			for i, name := range names {
				grads[name] = slices.Clone(values(gradients[i]))
			}
			return slices.Clone(values(y)), grads
		}
		features, grads := evaluate(true)
		wantFeatures, wantGrads := evaluate(false)
		sameWithin(t, tower.prefix+"features", features, wantFeatures)
		if len(grads) != 13 {
			t.Errorf("%d gradients, want those of x and 12 parameters", len(grads))
		}
		for name, want := range wantGrads {
			sameWithin(t, name, grads[name], want)
			if strings.HasSuffix(name, "in_proj_bias") && slices.Max(grads[name][tower.d:2*tower.d]) != 0 {
				t.Errorf("%s: a gradient by the keys' bias, of which no probability depends; want 0", name)
			}
		}
	}
}

// sameWithin allows for rounding, 2e-6 of the largest element.
func sameWithin(t *testing.T, name string, got, want []float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d elements, want %d", name, len(got), len(want))
	}
	var largest, worst float64
	for i, v := range want {
		largest = max(largest, math.Abs(float64(v)))
		if d := math.Abs(float64(got[i] - v)); !(d <= worst) {
			worst = d
		}
	}
	if !(worst <= 2e-6*largest) {
		t.Errorf("%s: differs by %g, want at most 2e-6 of its largest element %g", name, worst, largest)
	}
}
