package optim

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/goclip/goclip/model"
)

// namedParams returns parameters of 1 value, matrices where the name ends in weight.
func namedParams(names ...string) (params []*model.Param) {
	for i, name := range names {
		params = append(params, &model.Param{
			Name: name, Shape: []int{1}, Value: []float32{float32(i) + 1}, Grad: make([]float32, 1),
			Decay: strings.HasSuffix(name, "weight"),
		})
	}
	return params
}

// TestGroupUpdates compares steps with a computation in float64: the first group
// that matches counts, and its learning rate follows the schedule.
func TestGroupUpdates(t *testing.T) {
	params := namedParams("visual.a.weight", "visual.a.bias", "b.weight", "c.weight", "c.bias")
	c := Config{
		LearningRate: 0.1, Warmup: 2, WeightDecay: 0.3, Epsilon: 0.1,
		Groups: []Group{
			{Match: "visual.*.weight", WeightDecay: 0.6},
			{Match: "visual.*", LearningRate: 0.4, WeightDecay: 0.5}, // its weight is in the group above
			{Match: "b*", LearningRate: 0.05, WeightDecay: -1},
		},
	}
	want := []rule{{0.1, 0.6, false}, {0.4, 0, false}, {0.05, 0, false}, {0.1, 0.3, false}, {0.1, 0, false}}
	a, err := New(params, c, 10, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(a.rules, want) {
		t.Fatalf("rules %v, want %v", a.rules, want)
	}
	value, m, v := []float64{1, 2, 3, 4, 5}, make([]float64, 5), make([]float64, 5)
	for step := range 4 {
		factor := []float64{0.5, 1, 1, (1 + math.Cos(math.Pi/8)) / 2}[step]
		for i, p := range params {
			g := math.Sin(float64(step*5+i)) + 0.2
			p.Grad[0] = float32(g)
			m[i], v[i] = 0.9*m[i]+0.1*g, 0.98*v[i]+0.02*g*g
			mh, vh := m[i]/(1-math.Pow(0.9, float64(step+1))), v[i]/(1-math.Pow(0.98, float64(step+1)))
			rate := factor * want[i].peak
			value[i] -= rate*want[i].decay*value[i] + rate*mh/(math.Sqrt(vh)+0.1)
		}
		if rate := a.Update(a.Norm()); math.Abs(rate-0.1*factor) > 1e-12 {
			t.Errorf("step %d: learning rate %g, want the run's, %g", step, rate, 0.1*factor)
		}
	}
	for i, p := range params {
		if math.Abs(float64(p.Value[0])-value[i]) > 1e-6 {
			t.Errorf("%s = %g, want %g", p.Name, p.Value[0], value[i])
		}
	}
}

// TestSameGroup holds that a group with the run's own numbers changes no bit.
func TestSameGroup(t *testing.T) {
	same := testConfig
	same.Groups = []Group{{Match: "p*", LearningRate: same.LearningRate, WeightDecay: same.WeightDecay}}
	same.LayerDecay = 1
	var first []*model.Param
	for _, c := range []Config{testConfig, same} {
		params := sizedParams()
		a, err := New(params, c, 10, nil)
		if err != nil {
			t.Fatal(err)
		}
		run(t, params, a, 8)
		if first == nil {
			first = params
		}
		sameValues(t, "in a group", params, first)
	}
}

func TestGroupErrors(t *testing.T) {
	params := namedParams("visual.conv1.weight", "visual.proj", "transformer.resblocks.0.ln_1.bias", "ln_final.weight")
	for want, groups := range map[string][]Group{
		`groups[0]: match "[a" is not a pattern`: {{Match: "[a"}},
		`groups[0]: match "" is not a pattern`:   {{}},
		`groups[1] (*): learning_rate -1 is not`: {{Match: "visual.*"}, {Match: "*", LearningRate: -1}},
		`groups[0] (*): learning_rate 11 is not`: {{Match: "*", LearningRate: 11}},
		`groups[0] (*): weight_decay -0.5 is`:    {{Match: "*", WeightDecay: -0.5}},
		`groups[0] (*): weight_decay 2 is not -1, nor is it in [0, 1) times learning_rate 0.5`: {
			{Match: "*", WeightDecay: 2, LearningRate: 0.5},
		},
		`groups[0]: "visual.project" matches none of the 4 trainable parameters; the nearest is visual.p`:   {{Match: "visual.project"}},
		`groups[0]: "*ln1.bias" matches none of the 4 trainable parameters; the nearest is transformer.res`: {{Match: "*ln1.bias"}},
		`groups[1]: groups before it have all that "visual.proj" matches, such as visual.proj`: {
			{Match: "visual.*"}, {Match: "visual.proj"},
		},
	} {
		c := Config{Groups: groups}
		if _, err := New(params, c, 10, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("New: %v; want error with %q", err, want)
		}
	}
}

// TestLayerDecay has two towers of 3 and 2 blocks.
func TestLayerDecay(t *testing.T) {
	want := map[string]float64{
		"logit_scale": 1, "logit_bias": 1, "visual.proj": 1, "visual.ln_post.weight": 1, "visual.attn_pool.latent": 1,
		"ln_final.bias": 1, "text_projection": 1, "text_projection.weight": 1,
		"visual.transformer.resblocks.2.ln_1.weight": 0.5, "visual.transformer.resblocks.0.attn.in_proj_weight": 0.125,
		"transformer.resblocks.1.ln_1.weight": 0.5, "transformer.resblocks.0.mlp.c_fc.bias": 0.25,
		"visual.conv1.weight": 0.0625, "visual.class_embedding": 0.0625, "visual.positional_embedding": 0.0625,
		"visual.ln_pre.bias":     0.0625,
		"token_embedding.weight": 0.125, "positional_embedding": 0.125,
	}
	var names []string
	for name := range want {
		names = append(names, name)
	}
	c := Config{LearningRate: 2, LayerDecay: 0.5, Groups: []Group{{Match: "positional_embedding", LearningRate: 4}}}
	a, err := New(namedParams(names...), c, 10, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range names {
		peak := 2.
		if name == "positional_embedding" {
			peak = 4
		}
		if got := a.rules[i].peak; got != peak*want[name] {
			t.Errorf("peak learning rate of %s = %g, want %g", name, got, peak*want[name])
		}
	}
}

// TestGroups holds that the table shows each rule, and one block for all alike.
func TestGroups(t *testing.T) {
	params := testParams()
	for _, name := range []string{"transformer.resblocks.0.c", "transformer.resblocks.1.c", "d", "e", "f"} {
		params = append(params, &model.Param{Name: name, Value: make([]float32, 2)})
	}
	a, err := New(params, Config{WeightDecay: 0.2, Groups: []Group{{Match: "[ef]", LearningRate: 1e-5}}}, 10, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := `learning rate  weight decay  tensors   parameters  such as
1e-05          0                   2            4  e, f
0.0005         0                   4            7  b, transformer.resblocks.0.c, d
0.0005         0.2                 1            4  w`
	if got := a.Groups(); got != want {
		t.Errorf("Groups =\n%s\nwant\n%s", got, want)
	}
}
