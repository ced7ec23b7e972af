package model

import (
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// withAdapters is a model of c with adapters of rank 2 whose B are not 0.
func withAdapters(t *testing.T, c Config, l LoRAConfig) *CLIP {
	t.Helper()
	c.Image.PatchDropout, c.LoRA = 0, l
	m, err := New(c, 1)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(5, 6))
	for _, p := range m.Params() {
		if strings.HasSuffix(p.Name, loraB) {
			for i := range p.Value {
				p.Value[i] = float32(0.1 * rng.NormFloat64())
			}
		}
	}
	return m
}

var everywhere = LoRAConfig{Rank: 2, Alpha: 3, Match: []string{"*"}}

// byFormula is the model without adapters whose matrices are W + alpha/rank B A, in
// float64.
func byFormula(t *testing.T, m *CLIP) *CLIP {
	t.Helper()
	c := m.config
	c.LoRA = LoRAConfig{}
	n, err := New(c, 2)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range n.Params() {
		copy(p.Value, m.byName[p.Name].Value)
		a, b := m.byName[p.Name+".lora_A"], m.byName[p.Name+".lora_B"]
		if a == nil {
			continue
		}
		for i := range p.Value {
			row, column, sum := i/p.Shape[1], i%p.Shape[1], 0.
			for k := range 2 {
				sum += float64(b.Value[row*2+k]) * float64(a.Value[k*p.Shape[1]+column])
			}
			p.Value[i] = float32(float64(p.Value[i]) + m.config.LoRA.Alpha/2*sum)
		}
	}
	return n
}

func imageEmbeddings(t *testing.T, m *CLIP) []float32 {
	t.Helper()
	e, err := m.NewImageEncoder(EncoderConfig{Batch: 2}, nil)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(3, 4))
	for i := range e.Images() {
		e.Images()[i] = float32(rng.NormFloat64())
	}
	y, err := e.Run()
	if err != nil {
		t.Fatal(err)
	}
	return slices.Clone(y)
}

func within1e6(t *testing.T, what string, got, want []float32) {
	t.Helper()
	for i := range want {
		if !(math.Abs(float64(got[i]-want[i])) <= 1e-6) {
			t.Fatalf("%s: [%d] = %g, want %g within 1e-6", what, i, got[i], want[i])
		}
	}
}

// TestLoRAFormula holds that a model with adapters computes W + alpha/rank B A in both
// towers and all heads, that the merged model has the same bits, and that a new model
// with adapters has those of the one without.
func TestLoRAFormula(t *testing.T) {
	for name, c := range dropoutVariants() {
		m := withAdapters(t, c, everywhere)
		got := imageEmbeddings(t, m)
		within1e6(t, name, got, imageEmbeddings(t, byFormula(t, m)))
		merged, err := m.Merged(nil)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(imageEmbeddings(t, merged), got) {
			t.Errorf("%s: the merged model computes something else", name)
		}
		if slices.ContainsFunc(merged.Params(), func(p *Param) bool { return p.Frozen || p.Adapter() }) || merged.config.LoRA.On() {
			t.Errorf("%s: the merged model has adapters or frozen parameters", name)
		}
		c.LoRA = everywhere
		fresh, err := New(c, 1)
		if err != nil {
			t.Fatal(err)
		}
		c.LoRA = LoRAConfig{}
		plain, err := New(c, 1)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(imageEmbeddings(t, fresh), imageEmbeddings(t, plain)) {
			t.Errorf("%s: a model with new adapters computes something else than without", name)
		}
		if again, err := plain.Merged(nil); err != nil || again != plain {
			t.Errorf("%s: a model without adapters is not its own merged one: %v", name, err)
		}
	}
}

// TestLoRAGradients holds that the gradients are those of the chain rule, from the
// gradient dW of the same model without adapters: dA = alpha/rank Bᵀ dW and dB =
// alpha/rank dW Aᵀ; also in micro-batches, and with the same bits in recomputed blocks.
func TestLoRAGradients(t *testing.T) {
	for name, c := range dropoutVariants() {
		m := withAdapters(t, c, everywhere)
		plain := byFormula(t, m)
		run := func(m *CLIP, c StepConfig) {
			if _, err := newStep(t, m, c).Run(); err != nil {
				t.Fatal(err)
			}
		}
		run(plain, StepConfig{Batch: 3})
		run(m, StepConfig{Batch: 3})
		want := map[string][]float32{}
		for _, p := range m.Params() {
			w := plain.byName[strings.TrimSuffix(strings.TrimSuffix(p.Name, loraA), loraB)]
			if p.Adapter() == p.Frozen || p.Frozen && p.Grad != nil {
				t.Fatalf("%s: %s: frozen %t, %d gradients", name, p.Name, p.Frozen, len(p.Grad))
			}
			if p.Frozen {
				continue
			}
			if d := difference(p.Grad, chainRule(m, w, strings.HasSuffix(p.Name, loraA))); !(d <= 1e-5) {
				t.Errorf("%s: the gradient of %s is off by %g of its norm, want 1e-5", name, p.Name, d)
			}
			want[p.Name] = slices.Clone(p.Grad)
		}
		for _, c := range []StepConfig{
			{Batch: 3, Rematerialize: true}, {Batch: 3, MicroBatch: 2}, {Batch: 3, MicroBatch: 2, Rematerialize: true},
		} {
			run(m, c)
			for name := range want {
				if d := difference(m.byName[name].Grad, want[name]); !(d <= 1e-5) {
					t.Errorf("%+v: the gradient of %s is off by %g of its norm, want 1e-5", c, name, d)
				}
				if c.MicroBatch == 0 && !slices.Equal(m.byName[name].Grad, want[name]) {
					t.Errorf("%s: the gradient with recomputed blocks has other bits", name)
				}
			}
		}
		run(m, StepConfig{Batch: 3, BF16: true})
		for name := range want {
			if d := difference(m.byName[name].Grad, want[name]); !(d <= 0.1) {
				t.Errorf("bf16: the gradient of %s is off by %g of its norm", name, d)
			}
		}
	}
}

// chainRule is the gradient of an adapter's A or B by the gradient of its matrix.
func chainRule(m *CLIP, w *Param, ofA bool) []float32 {
	a, b := m.byName[w.Name+loraA].Value, m.byName[w.Name+loraB].Value
	rows, columns, scale := w.Shape[0], w.Shape[1], float32(m.config.LoRA.Alpha/2)
	da, db := make([]float32, 2*columns), make([]float32, rows*2)
	for i, g := range w.Grad {
		row, column := i/columns, i%columns
		for k := range 2 {
			da[k*columns+column] += scale * b[row*2+k] * g
			db[row*2+k] += scale * g * a[k*columns+column]
		}
	}
	if ofA {
		return da
	}
	return db
}

func difference(x, y []float32) float64 {
	var d, n float64
	for i := range x {
		d += float64(x[i]-y[i]) * float64(x[i]-y[i])
		n += float64(y[i]) * float64(y[i])
	}
	return math.Sqrt(d / n)
}

// TestLoRAMatch holds which matrices are adapted, and what trains.
func TestLoRAMatch(t *testing.T) {
	for _, test := range []struct {
		lora LoRAConfig
		want map[string]bool // of the parameters that train, by what they end in
	}{
		{LoRAConfig{Rank: 1}, map[string]bool{".lora_A": true, ".lora_B": true}},
		{
			LoRAConfig{Rank: 1, Match: []string{"*.attn.in_proj_weight"}, Train: []string{"logit_scale", "*ln_final.bias"}},
			map[string]bool{"in_proj_weight.lora_A": true, "in_proj_weight.lora_B": true, "logit_scale": true, "ln_final.bias": true},
		},
	} {
		c := dropped()
		c.LoRA = test.lora
		m, err := New(c, 1)
		if err != nil {
			t.Fatal(err)
		}
		used := map[string]bool{}
		for _, p := range m.Params() {
			known := false
			for end := range test.want {
				known = known || strings.HasSuffix(p.Name, end)
				used[end] = used[end] || strings.HasSuffix(p.Name, end)
			}
			if known == p.Frozen {
				t.Errorf("%+v: %s: frozen %t", test.lora, p.Name, p.Frozen)
			}
		}
		if !maps.Equal(used, test.want) {
			t.Errorf("%+v: found %v, want %v", test.lora, used, test.want)
		}
	}
	for want, l := range map[string]LoRAConfig{
		"lora.rank -1": {Rank: -1}, "lora.alpha NaN": {Rank: 1, Alpha: math.NaN()},
		"without lora.rank":                                       {Match: []string{"*"}},
		`lora.match[0]: "[" is not a patt`:                        {Rank: 1, Match: []string{"["}},
		`lora.match[1]: "*ln_1*" matches none of the 14 matrices`: {Rank: 1, Match: []string{"*", "*ln_1*"}},
		`lora.train[0]: "logit" matches none of the`:              {Rank: 1, Train: []string{"logit"}},
	} {
		c := dropped()
		c.LoRA = l
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v; want error with %q", l, err, want)
		}
	}
}
