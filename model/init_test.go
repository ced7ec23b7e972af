package model_test

import (
	"math"
	"regexp"
	"slices"
	"testing"

	"github.com/goclip/goclip/model"
)

// An initialValue is what the code of OpenAI and open_clip gives the parameters
// that a pattern matches; scale is the value, the standard deviation or the
// bound, worked out for a width d and l blocks.
type initialValue struct {
	names string
	kind  string
	scale func(d, l, patch float64) float64
}

func initialValues() []initialValue {
	at := func(v float64) func(d, l, patch float64) float64 {
		return func(_, _, _ float64) float64 { return v }
	}
	root := func(times float64) func(d, l, patch float64) float64 {
		return func(d, _, _ float64) float64 { return math.Pow(times*d, -0.5) }
	}
	return []initialValue{
		{`logit_scale`, "constant", at(2.659260036932778)},
		{`logit_bias`, "constant", at(-3)},
		{`.*(ln_(1|2|pre|post|final)|attn_pool\.ln)\.weight`, "constant", at(1)},
		{`.*(ln_(1|2|pre|post|final)|attn_pool\.ln)\.bias`, "constant", at(0)},
		{`.*attn(_pool)?\.(in_proj_bias|out_proj\.bias)`, "constant", at(0)},
		{`.*ls_(1|2)\.gamma`, "constant", at(1e-5)},
		{`text_projection\.bias`, "constant", at(0)},
		{`.*mlp\.c_fc\.bias`, "uniform", root(1)},
		{`.*mlp\.c_proj\.bias`, "uniform", root(4)},

		{`visual\.(class_embedding|positional_embedding|proj|attn_pool\.probe)`, "normal", root(1)},
		{`visual\.conv1\.(weight|bias)`, "uniform", func(_, _, patch float64) float64 { return math.Pow(3*patch*patch, -0.5) }},
		{`visual\..*attn(_pool)?\.in_proj_weight`, "uniform", func(d, _, _ float64) float64 { return math.Sqrt(6 / (4 * d)) }},
		{`visual\..*(attn(_pool)?\.out_proj|mlp\.c_fc)\.weight`, "uniform", root(1)},
		{`visual\..*mlp\.c_proj\.weight`, "uniform", root(4)},

		{`token_embedding\.weight`, "normal", at(0.02)},
		{`positional_embedding`, "normal", at(0.01)},
		{`text_projection(\.weight)?`, "normal", root(1)},
		{`transformer\..*attn\.in_proj_weight`, "normal", root(1)},
		{`transformer\..*mlp\.c_fc\.weight`, "normal", root(2)},
		{`transformer\..*(attn\.out_proj|mlp\.c_proj)\.weight`, "normal", func(d, l, _ float64) float64 {
			return math.Pow(d, -0.5) * math.Pow(2*l, -0.5)
		}},
	}
}

// TestInitialValues compares mean, standard deviation and, since a normal and a
// uniform distribution may agree in these, the largest value of every parameter.
func TestInitialValues(t *testing.T) {
	c := model.Config{
		EmbedDim: 40, Activation: "gelu",
		Image: model.ImageConfig{Size: 64, Patch: 8, Width: 128, Layers: 2, Heads: 2},
		Text:  model.TextConfig{ContextLength: 32, VocabSize: 300, Width: 96, Layers: 3, Heads: 2},
	}
	checkInitialValues(t, c, 0)
	c.Loss, c.LogitBias = model.Sigmoid, -3
	c.Image.Pool, c.Image.PatchBias, c.Image.LayerScale = "map", true, true
	c.Text.ProjectionBias, c.Text.LayerScale = true, true
	checkInitialValues(t, c, math.Log(10))
}

// checkInitialValues takes a logit scale for that of the rules, unless it is 0.
func checkInitialValues(t *testing.T, c model.Config, logitScale float64) {
	t.Helper()
	m, err := model.New(c, 5)
	must(t, err)
	visual := regexp.MustCompile(`^visual\.`)
	for _, p := range m.Params() {
		var rules []initialValue
		for _, r := range initialValues() {
			if regexp.MustCompile(`^` + r.names + `$`).MatchString(p.Name) {
				rules = append(rules, r)
			}
		}
		if len(rules) != 1 {
			t.Errorf("%s: %d rules for its initial value, want 1", p.Name, len(rules))
			continue
		}
		d, l := float64(c.Text.Width), float64(c.Text.Layers)
		if visual.MatchString(p.Name) {
			d, l = float64(c.Image.Width), float64(c.Image.Layers)
		}
		scale := rules[0].scale(d, l, float64(c.Image.Patch))
		if p.Name == "logit_scale" && logitScale != 0 {
			scale = logitScale
		}
		checkSpread(t, p.Name, p.Value, rules[0].kind, scale)
	}
}

// checkSpread bounds mean and standard deviation by five times their own
// standard error, which a seed that is fixed cannot leave by chance.
func checkSpread(t *testing.T, name string, x []float32, kind string, scale float64) {
	t.Helper()
	n := float64(len(x))
	var mean, squares, largest float64
	for _, v := range x {
		mean += float64(v) / n
		squares += float64(v) * float64(v) / n
		largest = max(largest, math.Abs(float64(v)))
	}
	if kind == "constant" {
		if float64(slices.Min(x)) != float64(float32(scale)) || float64(slices.Max(x)) != float64(float32(scale)) {
			t.Errorf("%s is in [%g, %g], want %g", name, slices.Min(x), slices.Max(x), scale)
		}
		return
	}
	want := scale
	if kind == "uniform" {
		want = scale / math.Sqrt(3)
		if largest > scale*(1+1e-6) || largest < scale*(1-10/n) {
			t.Errorf("%s: largest value %g, want just below the bound %g", name, largest, scale)
		}
	} else if largest < 2*scale {
		t.Errorf("%s: largest value %g, want the tails of a normal distribution of %g", name, largest, scale)
	}
	if math.Abs(mean) > 5*want/math.Sqrt(n) {
		t.Errorf("%s: mean %g, want 0 within %g", name, mean, 5*want/math.Sqrt(n))
	}
	if std := math.Sqrt(squares); math.Abs(std-want) > 5*want/math.Sqrt(2*n) {
		t.Errorf("%s: standard deviation %g, want %g within %g", name, std, want, 5*want/math.Sqrt(2*n))
	}
}

// TestInitialValuesByName holds that a parameter's values come from the seed and
// its name alone: another block, or another width of the other tower, does not
// move them. Another seed and another name do.
func TestInitialValuesByName(t *testing.T) {
	c := tiny()
	m, err := model.New(c, 9)
	must(t, err)
	c.Image.Layers, c.Text.Width = c.Image.Layers+1, 2*c.Text.Width
	larger, err := model.New(c, 9)
	must(t, err)
	other, err := model.New(tiny(), 10)
	must(t, err)
	random := regexp.MustCompile(`^visual\.(conv1|class|positional|.*(in_proj_weight|out_proj\.weight|mlp\.))`)
	seen := map[float32]string{}
	for i, p := range m.Params() {
		if !random.MatchString(p.Name) {
			continue
		}
		j := slices.IndexFunc(larger.Params(), func(q *model.Param) bool { return q.Name == p.Name })
		if j < 0 || !slices.Equal(p.Value, larger.Params()[j].Value) {
			t.Errorf("%s: has other values in a model with one more block", p.Name)
		}
		if slices.Equal(p.Value, other.Params()[i].Value) {
			t.Errorf("%s: has the same values with another seed", p.Name)
		}
		first := p.Value[0] / slices.Max(p.Value) // free of the scale
		if name, ok := seen[first]; ok {
			t.Errorf("%s: has the values of %s", p.Name, name)
		}
		seen[first] = p.Name
	}
}
