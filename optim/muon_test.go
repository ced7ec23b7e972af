package optim

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/goclip/goclip/internal/kernel"
	"github.com/goclip/goclip/model"
)

const muonBlock = "visual.transformer.resblocks.0."

// TestMuonGolden compares five steps with the author's algorithm in float64, of a tall,
// a wide and a square matrix and one of queries, keys and values:
// testdata/make_muon.py. Newton-Schulz multiplies the rounding of small singular values
// by up to 3.4^5, so an element of an update is within 1e-4, times the learning rate.
func TestMuonGolden(t *testing.T) {
	text, err := os.ReadFile("testdata/muon.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		LearningRate float64 `json:"learning_rate"`
		Momentum     float64 `json:"momentum"`
		WeightDecay  float64 `json:"weight_decay"`
		Params       []struct {
			Name   string
			Shape  []int
			Value  []float32
			Grads  [][]float32
			Want   []float64
			Buffer []float64 `json:"momentum_buffer"`
		}
	}
	if err := json.Unmarshal(text, &golden); err != nil {
		t.Fatal(err)
	}
	var params []*model.Param
	for _, p := range golden.Params {
		params = append(params, &model.Param{
			Name: p.Name, Shape: p.Shape, Value: p.Value, Grad: make([]float32, len(p.Value)), Decay: true,
		})
	}
	c := Config{Schedule: Constant, Muon: MuonConfig{golden.LearningRate, golden.Momentum, golden.WeightDecay}}
	a, err := New(params, c, 10, nil)
	if err != nil {
		t.Fatal(err)
	}
	for step := range golden.Params[0].Grads {
		for i, p := range params {
			copy(p.Grad, golden.Params[i].Grads[step])
		}
		a.Update(a.Norm())
	}
	for i, p := range params {
		for j, want := range golden.Params[i].Want {
			if got := float64(p.Value[j]); !(math.Abs(got-want) <= 2e-6) {
				t.Fatalf("%s[%d] = %g, want %g within 2e-6", p.Name, j, got, want)
			}
			if got, want := float64(a.m[i][j]), golden.Params[i].Buffer[j]; !(math.Abs(got-want) <= 1e-6) {
				t.Fatalf("momentum of %s[%d] = %g, want %g within 1e-6", p.Name, j, got, want)
			}
		}
	}
}

// blockParams returns parameters of a block, on both sides of the lengths at which
// kernels cut their work, and two that AdamW updates.
func blockParams() []*model.Param {
	rng := rand.New(rand.NewPCG(1, 2))
	var params []*model.Param
	for _, p := range []model.Param{
		{Name: muonBlock + "attn.in_proj_weight", Shape: []int{3 * 33, 33}, Decay: true},
		{Name: muonBlock + "mlp.c_fc.weight", Shape: []int{130, 33}, Decay: true},
		{Name: muonBlock + "mlp.c_proj.weight", Shape: []int{33, 130}, Decay: true},
		{Name: muonBlock + "mlp.c_fc.bias", Shape: []int{130}},
		{Name: "visual.proj", Shape: []int{33, 17}, Decay: true},
	} {
		n := 1
		for _, d := range p.Shape {
			n *= d
		}
		p.Value, p.Grad = make([]float32, n), make([]float32, n)
		for i := range p.Value {
			p.Value[i] = float32(rng.NormFloat64())
		}
		params = append(params, &p)
	}
	return params
}

var muonConfig = Config{
	LearningRate: 0.001, Warmup: 2, WeightDecay: 0.1, ClipNorm: 5, LayerDecay: 0.5,
	Muon:   MuonConfig{LearningRate: 0.02, WeightDecay: 0.01},
	Groups: []Group{{Match: "*c_proj*", LearningRate: 0.0005, WeightDecay: -1}},
}

// TestMuonResume holds that a run continued from its state is, bit for bit, the run that
// never stopped, at any number of threads.
func TestMuonResume(t *testing.T) {
	var want []*model.Param
	for _, threads := range []int{1, 2, 3} {
		pool := kernel.NewPool(threads)
		defer pool.Close()
		params := blockParams()
		a, err := New(params, muonConfig, 10, pool)
		if err != nil {
			t.Fatal(err)
		}
		run(t, params, a, 6)
		if want == nil {
			want = params
		}
		sameValues(t, fmt.Sprintf("with %d threads", threads), params, want)
	}
	params := blockParams()
	a, err := New(params, muonConfig, 10, nil)
	if err != nil {
		t.Fatal(err)
	}
	run(t, params, a, 3)
	kept := map[string][]float32{}
	keep := func(name string, _ []int, data []float32) error {
		kept[name] = slices.Clone(data)
		return nil
	}
	if err := a.State(keep); err != nil {
		t.Fatal(err)
	}
	if len(kept) != 3+2*2 || kept["momentum_buffer."+params[0].Name] == nil || kept["exp_avg_sq.visual.proj"] == nil {
		t.Errorf("state of %d moments; want one of each of 3 matrices and two of 2 others", len(kept))
	}
	b, err := New(params, muonConfig, 10, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.State(func(name string, _ []int, data []float32) error {
		copy(data, kept[name])
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	b.Resume(3)
	run(t, params, b, 6)
	sameValues(t, "resumed after 3 steps", params, want)
}

// TestMuonRules holds that Muon has the matrices of blocks alone, with its own learning
// rate and decay, which groups and lower layers scale.
func TestMuonRules(t *testing.T) {
	a, err := New(blockParams(), muonConfig, 10, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []rule{
		{0.01, 0.01, true}, {0.01, 0.01, true}, {0.005, 0, true}, {0.0005, 0, false}, {0.001, 0.1, false},
	} {
		if got := a.rules[i]; got != want {
			t.Errorf("%s: rule %+v, want %+v", a.params[i].Name, got, want)
		}
	}
	if table := a.Groups(); strings.Count(table, "(Muon)") != 2 {
		t.Errorf("Groups() does not say of two rows that Muon updates them:\n%s", table)
	}
	if n := testing.AllocsPerRun(3, func() { a.Update(a.Norm()) }); n != 0 {
		t.Errorf("%g allocations an update, want 0", n)
	}
}

// TestMuonOrthogonal holds that singular values which are not small become about 1: the
// rows of a wide matrix, and the columns of a tall one, are nearly orthonormal.
func TestMuonOrthogonal(t *testing.T) {
	pool := kernel.NewPool(2)
	defer pool.Close()
	for _, shape := range [][2]int{{16, 400}, {400, 16}} {
		p := &model.Param{Name: muonBlock + "w", Shape: shape[:], Value: make([]float32, 6400)}
		rng := rand.New(rand.NewPCG(5, 6))
		for i := range p.Value {
			p.Value[i] = float32(rng.NormFloat64())
		}
		newMuon(0.95, []*model.Param{p}, []rule{{muon: true}}, pool).orthogonalize(p.Value, shape[0], shape[1])
		for i := range 16 {
			for j := range 16 {
				var dot float64
				for k := range 400 {
					x, y := i*400+k, j*400+k
					if shape[1] == 16 {
						x, y = k*16+i, k*16+j
					}
					dot += float64(p.Value[x]) * float64(p.Value[y])
				}
				if i == j && !(0.4 < dot && dot < 1.5) || i != j && !(math.Abs(dot) < 0.4) {
					t.Errorf("%v: product of vectors %d and %d is %g, want that of nearly orthonormal ones", shape, i, j, dot)
				}
			}
		}
	}
}

func TestMuonErrors(t *testing.T) {
	for _, test := range []struct {
		muon MuonConfig
		want string
	}{
		{MuonConfig{LearningRate: 11}, "muon.learning_rate 11 is not in [0, 10]"},
		{MuonConfig{LearningRate: math.NaN()}, "muon.learning_rate NaN"},
		{MuonConfig{LearningRate: 0.02, Momentum: 1}, "muon.momentum 1 is not in [0, 1)"},
		{MuonConfig{LearningRate: 0.02, WeightDecay: 50}, "muon.weight_decay 50 times"},
		{MuonConfig{Momentum: 0.9}, "muon.momentum 0.9 without muon.learning_rate"},
		{MuonConfig{WeightDecay: 0.1}, "muon.weight_decay 0.1 without muon.learning_rate"},
		{MuonConfig{LearningRate: 0.02}, "muon: none of the 2 trainable parameters is a matrix"},
	} {
		_, err := New(testParams(), Config{Muon: test.muon}, 10, nil)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("New with %+v: %v; want error with %q", test.muon, err, test.want)
		}
	}
	c := muonConfig
	c.Groups = []Group{{Match: "*c_fc.weight", WeightDecay: 60}} // 60 times 0.001 is less than 1
	if _, err := New(blockParams(), c, 10, nil); err != nil {
		t.Errorf("New with a decay of 60 at half of Muon's rate: %v", err)
	}
	c.LayerDecay = 0
	_, err := New(blockParams(), c, 10, nil)
	if err == nil || !strings.Contains(err.Error(), "c_fc.weight: weight decay 60") {
		t.Errorf("New with a decay of 60: %v; want it refused", err)
	}
}
