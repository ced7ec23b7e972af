package model_test

import (
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/goclip/goclip/internal/kernel"
	"github.com/goclip/goclip/model"
)

func tiny() model.Config {
	return model.Config{
		EmbedDim: 16, Activation: "gelu",
		Image: model.ImageConfig{Size: 16, Patch: 8, Width: 32, Layers: 2, Heads: 2},
		Text:  model.TextConfig{ContextLength: 8, VocabSize: 50, Width: 24, Layers: 2, Heads: 3},
	}
}

// fill puts random images and texts of random lengths into a batch.
func fill(images []float32, tokens []int32, context int) {
	rng := rand.New(rand.NewPCG(3, 4))
	for i := range images {
		images[i] = float32(rng.NormFloat64())
	}
	for i := 0; i < len(tokens); i += context {
		row := tokens[i : i+context]
		clear(row)
		end := 2 + rng.IntN(context-2)
		row[0] = 48
		for j := 1; j < end; j++ {
			row[j] = int32(rng.IntN(48))
		}
		row[end] = 49
	}
}

// TestParamCount holds the sizes of open_clip's models.
func TestParamCount(t *testing.T) {
	for _, test := range []struct {
		name                        string
		embed, width, layers, patch int
		textWidth                   int
		want                        int
	}{
		{"ViT-B/32", 512, 768, 12, 32, 512, 151_277_313},
		{"ViT-B/16", 512, 768, 12, 16, 512, 149_620_737},
		{"ViT-L/14", 768, 1024, 24, 14, 768, 427_616_513},
	} {
		c := model.Config{
			EmbedDim: test.embed, Activation: "gelu",
			Image: model.ImageConfig{Size: 224, Patch: test.patch, Width: test.width, Layers: test.layers, Heads: test.width / 64},
			Text:  model.TextConfig{ContextLength: 77, VocabSize: 49408, Width: test.textWidth, Layers: 12, Heads: test.textWidth / 64},
		}
		if got := c.ParamCount(); got != test.want || c.Validate() != nil {
			t.Errorf("%s has %d parameters, %v; want %d", test.name, got, c.Validate(), test.want)
		}
	}
}

// TestInit compares the spread of initial values with parity-spec: numbers
// worked out for a width of 512 in the text and 768 in the image tower.
func TestInit(t *testing.T) {
	c := tiny()
	c.Image.Width, c.Image.Heads, c.Image.Patch, c.Image.Size, c.Image.Layers = 768, 12, 16, 32, 1
	c.Text.Width, c.Text.Heads, c.Text.Layers, c.EmbedDim = 512, 8, 12, 512
	m, err := model.New(c, 7)
	must(t, err)
	want := map[string]float64{
		"visual.class_embedding": 0.036084,
		"visual.conv1.weight":    0.020833,
		"visual.proj":            0.036084,
		"visual.transformer.resblocks.0.attn.in_proj_weight":  0.025516,
		"visual.transformer.resblocks.0.attn.out_proj.weight": 0.020833,
		"visual.transformer.resblocks.0.mlp.c_proj.weight":    0.010417,
		"token_embedding.weight":                              0.02,
		"transformer.resblocks.3.attn.in_proj_weight":         0.044194,
		"transformer.resblocks.3.attn.out_proj.weight":        0.009021,
		"transformer.resblocks.3.mlp.c_fc.weight":             0.031250,
		"transformer.resblocks.3.mlp.c_fc.bias":               0.044194 / math.Sqrt(3),
		"transformer.resblocks.3.mlp.c_proj.weight":           0.009021,
		"transformer.resblocks.3.attn.in_proj_bias":           0,
		"text_projection": 0.044194,
	}
	for _, p := range m.Params() {
		std, ok := want[p.Name]
		if !ok {
			continue
		}
		delete(want, p.Name)
		var squares float64
		for _, v := range p.Value {
			squares += float64(v) * float64(v)
		}
		got := math.Sqrt(squares / float64(len(p.Value)))
		if math.Abs(got-std) > 4*std/math.Sqrt(float64(len(p.Value))) {
			t.Errorf("%s: standard deviation %g, want %g", p.Name, got, std)
		}
	}
	if len(want) > 0 {
		t.Errorf("no parameters %v", want)
	}
	if s := math.Log(m.LogitScale()); math.Abs(s-2.659260) > 1e-6 {
		t.Errorf("logit scale %g, want 2.659260", s)
	}
	again, err := model.New(c, 7)
	must(t, err)
	for i, p := range m.Params() {
		if !slices.Equal(p.Value, again.Params()[i].Value) {
			t.Errorf("%s differs between two models of one seed", p.Name)
		}
	}
}

// TestTrainStep trains on one batch: the loss begins near ln N and falls, the
// same with 1 and 3 threads, and a run allocates nothing.
func TestTrainStep(t *testing.T) {
	const n = 6
	var first []float32
	for _, threads := range []int{1, 3} {
		m, err := model.New(tiny(), 1)
		must(t, err)
		pool := kernel.NewPool(threads)
		defer pool.Close()
		s, err := m.NewTrainStep(model.StepConfig{Batch: n}, pool)
		must(t, err)
		fill(s.Images(), s.Tokens(), 8)
		var losses []float32
		for range 30 {
			loss, err := s.Run()
			must(t, err)
			losses = append(losses, loss)
			for _, p := range m.Params() {
				for i, g := range p.Grad {
					p.Value[i] -= 0.03 * g
				}
			}
		}
		if math.Abs(float64(losses[0])-math.Log(n)) > 1 || losses[29] > 0.3*losses[0] {
			t.Errorf("losses %v; want from about ln %d = %.2f down", losses, n, math.Log(n))
		}
		if first == nil {
			first = losses
		} else if !slices.Equal(first, losses) {
			t.Errorf("losses with %d threads differ:\n%v\n%v", threads, losses, first)
		}
		if allocs := testing.AllocsPerRun(3, func() { _, _ = s.Run() }); allocs != 0 {
			t.Errorf("%g allocations a step, want 0", allocs)
		}
	}
}

// What stands behind the end of a text changes nothing.
func TestTextIsCausal(t *testing.T) {
	m, err := model.New(tiny(), 1)
	must(t, err)
	pool := kernel.NewPool(1)
	defer pool.Close()
	e, err := m.NewTextEncoder(model.EncoderConfig{Batch: 1}, pool)
	must(t, err)
	copy(e.Tokens(), []int32{48, 7, 9, 49, 0, 0, 0, 0})
	want, err := e.Run()
	must(t, err)
	want = slices.Clone(want)
	copy(e.Tokens()[4:], []int32{3, 49, 1, 2})
	got, err := e.Run()
	must(t, err)
	if !slices.Equal(got, want) {
		t.Errorf("embedding changes with what follows the text:\n%v\n%v", got, want)
	}
}

func TestClampLogitScale(t *testing.T) {
	m, err := model.New(tiny(), 1)
	must(t, err)
	for _, test := range []struct{ at, want float64 }{{-1, 0}, {2, 2}, {9, math.Log(100)}} {
		m.Params()[0].Value[0] = float32(test.at)
		m.ClampLogitScale(100)
		if got := math.Log(m.LogitScale()); math.Abs(got-test.want) > 1e-6 {
			t.Errorf("logit scale %g is clamped to %g, want %g", test.at, got, test.want)
		}
	}
}

// TestDefaults states every default.
func TestDefaults(t *testing.T) {
	var got model.Config
	want := model.Config{Activation: "gelu", LayerNormEps: 1e-5, Loss: "softmax"}
	want.Image.Activation, want.Image.Pool = "gelu", "class"
	want.Text.Activation, want.Text.Pool = "gelu", "eot"
	if got.SetDefaults(); !reflect.DeepEqual(got, want) {
		t.Errorf("the zero Config becomes %+v, want %+v", got, want)
	}
	c := tiny()
	c.Activation = ""
	want = tiny()
	want.SetDefaults()
	if m, err := model.New(c, 1); err != nil || !reflect.DeepEqual(m.Config(), want) || want.Image.MLPWidth != 128 || want.Text.MLPWidth != 96 {
		t.Errorf("a model without an activation: %v; want gelu, and MLPs of 4 times the width", err)
	}
	c = model.Config{Activation: "quick_gelu", LayerNormEps: 1e-6, Loss: "sigmoid", LogitBias: -1}
	c.Image.MLPWidth, c.Image.Activation, c.Image.Pool = 5, "gelu", "map"
	c.Text.MLPWidth, c.Text.Activation, c.Text.Pool = 6, "gelu_tanh", "last"
	got = c
	if got.SetDefaults(); !reflect.DeepEqual(got, c) {
		t.Errorf("SetDefaults makes %+v of %+v", got, c)
	}
}

func TestConfigErrors(t *testing.T) {
	for want, change := range map[string]func(*model.Config){
		"embed_dim 0":                       func(c *model.Config) { c.EmbedDim = 0 },
		`activation "relu"`:                 func(c *model.Config) { c.Activation = "relu" },
		"image.size 16 is less than":        func(c *model.Config) { c.Image.Patch = 17 },
		`image.activation "relu"`:           func(c *model.Config) { c.Image.Activation = "relu" },
		`text.activation "swish"`:           func(c *model.Config) { c.Text.Activation = "swish" },
		"image.mlp_width -1":                func(c *model.Config) { c.Image.MLPWidth = -1 },
		"layer_norm_eps -1e-06":             func(c *model.Config) { c.LayerNormEps = -1e-6 },
		"layer_norm_eps NaN":                func(c *model.Config) { c.LayerNormEps = math.NaN() },
		`loss "hinge"; want softmax or`:     func(c *model.Config) { c.Loss = "hinge" },
		"logit_bias -10 with loss softmax":  func(c *model.Config) { c.LogitBias = -10 },
		"logit_bias NaN; want":              func(c *model.Config) { c.Loss, c.LogitBias = "sigmoid", math.NaN() },
		`image.pool "max"`:                  func(c *model.Config) { c.Image.Pool = "max" },
		"image.pool class with image.no_cl": func(c *model.Config) { c.Image.NoClassToken = true },
		"image.pool_first with image.pool":  func(c *model.Config) { c.Image.PoolFirst = true },
		"image.width 32, embed_dim 16":      func(c *model.Config) { c.Image.NoProjection = true },
		`text.pool "mean"`:                  func(c *model.Config) { c.Text.Pool = "mean" },
		"text.pool first without text.bid":  func(c *model.Config) { c.Text.Pool = "first" },
		"text.eot_id 50; want an id of the": func(c *model.Config) { c.Text.EOTID = 50 },
		"text.eot_id 9 with text.pool last": func(c *model.Config) { c.Text.EOTID, c.Text.Pool = 9, "last" },
		"image.heads 5":                     func(c *model.Config) { c.Image.Heads = 5 },
		"text.heads 5":                      func(c *model.Config) { c.Text.Heads = 5 },
		"text.context_length 2":             func(c *model.Config) { c.Text.ContextLength = 2 },
		"text.vocab_size 0; want":           func(c *model.Config) { c.Text.VocabSize = 0 },
		"image.size 1048584; want 1 to":     func(c *model.Config) { c.Image.Size = 1<<20 + 8 },
		"text.context_length 1099511627776": func(c *model.Config) { c.Text.ContextLength = 1 << 40 },
		"text.vocab_size 1125899906842624":  func(c *model.Config) { c.Text.VocabSize = 1 << 50 },
		"text.layers -1":                    func(c *model.Config) { c.Text.Layers = -1 },
	} {
		c := tiny()
		change(&c)
		if _, err := model.New(c, 1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("New: %v; want error with %q", err, want)
		}
	}
}

func TestLoadErrors(t *testing.T) {
	m, err := model.New(tiny(), 1)
	must(t, err)
	err = m.Load(func(name string) ([]int, []float32, error) {
		for _, p := range m.Params() {
			if p.Name == name && name != "visual.proj" {
				return p.Shape, p.Value, nil
			}
		}
		return []int{16, 32}, make([]float32, 512), nil
	})
	if err == nil || err.Error() != "model: visual.proj: have (16, 32), want (32, 16)" {
		t.Errorf("a transposed matrix: %v", err)
	}
}
