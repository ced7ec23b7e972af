package model_test

import (
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/goclip/goclip/internal/kernel"
	"github.com/goclip/goclip/model"
)

// architectures are the plain one with each activation, and those of other papers with
// parts in common.
func architectures() map[string]model.Config {
	all := map[string]model.Config{}
	for _, activation := range []string{"gelu", "quick_gelu", "gelu_tanh"} {
		c := tiny()
		c.Activation = activation
		all[activation] = c
	}
	siglip := tiny()
	siglip.EmbedDim, siglip.LayerNormEps, siglip.Loss, siglip.LogitBias = 32, 1e-6, "sigmoid", -1
	siglip.Image.NoClassToken, siglip.Image.NoLnPre = true, true
	siglip.Image.PatchBias, siglip.Image.NoProjection = true, true
	siglip.Image.Pool, siglip.Image.MLPWidth, siglip.Image.Activation = "map", 120, "gelu_tanh"
	siglip.Image.Size = 20 // 4 pixels are left over
	siglip.Text.Pool, siglip.Text.Bidirectional = "last", true
	siglip.Text.ProjectionBias, siglip.Text.MLPWidth = true, 90
	all["siglip"] = siglip

	clipa := tiny()
	clipa.Image.NoLnPre, clipa.Image.Pool, clipa.Image.PoolFirst = true, "average", true
	clipa.Text.Pool, clipa.Text.Bidirectional = "last", true
	all["clipa"] = clipa

	average := tiny()
	average.Image.Pool, average.Image.LayerScale, average.Text.LayerScale = "average", true, true
	average.Text.Pool = "last"
	all["average pooling, LayerScale"] = average

	patches := tiny()
	patches.Image.Pool, patches.Image.NoClassToken = "average", true
	patches.Text.Pool, patches.Text.Bidirectional = "first", true
	all["no class token, first"] = patches

	end := tiny()
	end.Text.EOTID, end.EmbedDim, end.Image.NoProjection = 49, 32, true
	all["end by its id, no projection"] = end

	both := tiny()
	both.Text.Bidirectional, both.Loss = true, "sigmoid"
	all["end that sees all"] = both
	return all
}

// newModel has gains of LayerScale that let the blocks take part.
func newModel(t *testing.T, c model.Config) *model.CLIP {
	t.Helper()
	m, err := model.New(c, 3)
	must(t, err)
	for _, p := range m.Params() {
		if strings.HasSuffix(p.Name, ".gamma") {
			for i := range p.Value {
				p.Value[i] = 0.5 + float32(i)/100
			}
		}
	}
	return m
}

// TestArchitectures holds that a batch in micro-batches, with residual blocks
// recomputed, and both encoders agree with the whole batch: the loss, the embeddings and
// the gradient of every parameter, with float32; with bfloat16 as far as 8 bits go.
func TestArchitectures(t *testing.T) {
	const n = 9
	pool := kernel.NewPool(2)
	defer pool.Close()
	for name, c := range architectures() {
		t.Run(name, func(t *testing.T) {
			m := newModel(t, c)
			run := func(step model.StepConfig) (float32, []float32, [][]float32) {
				step.Batch, step.SameTexts = n, true
				s, err := m.NewStep(step, pool)
				must(t, err)
				fill(s.Images(), s.Tokens(), c.Text.ContextLength)
				copy(s.Tokens()[:8], s.Tokens()[16:24])
				loss, err := s.Run()
				must(t, err)
				var grads [][]float32
				for _, p := range m.Params() {
					grads = append(grads, slices.Clone(p.Grad))
				}
				return loss, slices.Concat(s.ImageEmbeddings(), s.TextEmbeddings()), grads
			}
			loss, rows, grads := run(model.StepConfig{})
			for _, test := range []struct {
				step model.StepConfig
				tol  float64
			}{
				{model.StepConfig{Rematerialize: true}, 0},
				{model.StepConfig{MicroBatch: 4}, 2e-6},
				{model.StepConfig{MicroBatch: 4, Rematerialize: true}, 2e-6},
				{model.StepConfig{BF16: true}, 0.1},
			} {
				gotLoss, gotRows, got := run(test.step)
				if d := math.Abs(float64(gotLoss - loss)); !(d <= test.tol*float64(loss)) {
					t.Errorf("%+v: loss %g, want %g", test.step, gotLoss, loss)
				}
				if d := distance(gotRows, rows) / norm(rows); !(d <= test.tol) {
					t.Errorf("%+v: embeddings are off by %g of their norm, want %g", test.step, d, test.tol)
				}
				for i, p := range m.Params() {
					if strings.HasSuffix(p.Name, "in_proj_bias") && test.step.BF16 {
						continue // the keys' share is rounding
					}
					if d := distance(got[i], grads[i]) / norm(grads[i]); !(d <= test.tol) {
						t.Errorf("%+v: %s: the gradient is off by %g of its norm, want %g", test.step, p.Name, d, test.tol)
					}
				}
			}
			checkEncoders(t, m, rows, pool)
		})
	}
}

// checkEncoders compares the embeddings of both encoders with rows of images, then of
// texts, the batch of TestArchitectures.
func checkEncoders(t *testing.T, m *model.CLIP, rows []float32, pool *kernel.Pool) {
	t.Helper()
	e := m.Config().EmbedDim
	n := len(rows) / 2 / e
	image, err := m.NewImageEncoder(model.EncoderConfig{Batch: n}, pool)
	must(t, err)
	texts, err := m.NewTextEncoder(model.EncoderConfig{Batch: n}, pool)
	must(t, err)
	fill(image.Images(), nil, 8)
	fill(make([]float32, len(image.Images())), texts.Tokens(), 8) // the tokens behind as many images
	copy(texts.Tokens()[:8], texts.Tokens()[16:24])
	x, err := image.Run()
	must(t, err)
	near(t, "image embeddings", x, rows[:n*e])
	y, err := texts.Run()
	must(t, err)
	near(t, "text embeddings", y, rows[n*e:])
}

// TestTextSees changes one token of a text and holds whether its embedding changes: of
// what stands behind the end, with and without a causal mask, and of the token that is
// pooled.
func TestTextSees(t *testing.T) {
	pool := kernel.NewPool(1)
	defer pool.Close()
	const context = 24 // more than the steps in which causal texts are cut
	text := []int32{48, 5, 6, 49}
	for _, test := range []struct {
		name   string
		change func(c *model.TextConfig)
		token  int // that changes
		sees   bool
	}{
		{"the end, before it", func(*model.TextConfig) {}, 2, true},
		{"the end, behind it", func(*model.TextConfig) {}, 5, false},
		{"bidirectional end, behind it", func(c *model.TextConfig) { c.Bidirectional = true }, context - 1, true},
		{"causal last", func(c *model.TextConfig) { c.Pool = "last" }, context - 1, true},
		{"bidirectional first", func(c *model.TextConfig) { c.Pool, c.Bidirectional = "first", true }, context - 1, true},
		{"an end by its id, behind it", func(c *model.TextConfig) { c.EOTID = 6 }, 3, false},
		{"an end by its id, itself", func(c *model.TextConfig) { c.EOTID = 6 }, 2, true},
	} {
		c := tiny()
		c.Text.Layers, c.Text.ContextLength = 1, context // of two, the first shows the second all
		test.change(&c.Text)
		e, err := newModel(t, c).NewTextEncoder(model.EncoderConfig{Batch: 1}, pool)
		must(t, err)
		copy(e.Tokens(), text)
		before, err := e.Run()
		must(t, err)
		before = slices.Clone(before)
		e.Tokens()[test.token] = 7
		after, err := e.Run()
		must(t, err)
		if changed := !slices.Equal(before, after); changed != test.sees {
			t.Errorf("%s: changed %v, want %v", test.name, changed, test.sees)
		}
	}
}

// TestImagePools holds that each way of pooling reads what it should: an average without
// position embeddings does not depend on the order of the patches, and the pooling behind
// the LayerNorm is not the one before.
func TestImagePools(t *testing.T) {
	pool := kernel.NewPool(1)
	defer pool.Close()
	embedding := func(c model.Config, swap bool) []float32 {
		m := newModel(t, c)
		for _, p := range m.Params() {
			if p.Name == "visual.positional_embedding" {
				clear(p.Value)
			}
		}
		e, err := m.NewImageEncoder(model.EncoderConfig{Batch: 1}, pool)
		must(t, err)
		fill(e.Images(), nil, 8)
		if swap { // the upper half and the lower
			for at := 0; at < len(e.Images()); at += 16 * 16 {
				image := e.Images()[at:][:16*16]
				copy(image, slices.Concat(image[8*16:], image[:8*16]))
			}
		}
		x, err := e.Run()
		must(t, err)
		return slices.Clone(x)
	}
	seen := map[string][]float32{}
	for _, pooling := range []string{"class", "average", "first", "map"} {
		c := tiny()
		c.Image.Pool = pooling
		if pooling == "first" {
			c.Image.Pool, c.Image.PoolFirst = "average", true
		}
		x := embedding(c, false)
		near(t, pooling+" of patches in another order", embedding(c, true), x)
		for other, y := range seen {
			if distance(x, y) < 1e-2 {
				t.Errorf("%s gives the embedding of %s", pooling, other)
			}
		}
		seen[pooling] = x
	}
}

// TestAverageSkips holds that the class token has no share in an average: where blocks
// add nothing, it changes nothing.
func TestAverageSkips(t *testing.T) {
	for _, first := range []bool{false, true} {
		c := tiny()
		c.Image.Pool, c.Image.PoolFirst = "average", first
		m := newModel(t, c)
		params := map[string][]float32{}
		for _, p := range m.Params() {
			if params[p.Name] = p.Value; strings.Contains(p.Name, "_proj.") {
				clear(p.Value)
			}
		}
		e, err := m.NewImageEncoder(model.EncoderConfig{Batch: 1}, nil)
		must(t, err)
		fill(e.Images(), nil, 8)
		x, err := e.Run()
		must(t, err)
		x = slices.Clone(x)
		params["visual.class_embedding"][3] += 5
		y, err := e.Run()
		must(t, err)
		if !slices.Equal(x, y) {
			t.Errorf("pool_first %v: the class token changes the average of the patches", first)
		}
	}
}

// TestSigmoidConfig holds the first values of the sigmoid loss, and what guessing costs:
// the loss of embeddings that say nothing, with the bias that a run begins with.
func TestSigmoidConfig(t *testing.T) {
	const n = 6
	c := tiny()
	c.Loss, c.LogitBias = model.Sigmoid, model.AutoLogitBias(n)
	m, err := model.New(c, 1)
	must(t, err)
	scale, bias := m.LogitScale(), m.LogitBias()
	if math.Abs(scale-10) > 1e-5 || math.Abs(bias-math.Log(1./(n-1))) > 1e-6 {
		t.Errorf("logit scale %g, bias %g; want 10, ln 1/%d", scale, bias, n-1)
	}
	for _, p := range m.Params() {
		if strings.HasPrefix(p.Name, "logit_") && p.Decay {
			t.Errorf("%s decays", p.Name)
		}
	}
	m.Params()[0].Value[0] = -100 // the logit scale: what is left of logits is the bias
	s, err := m.NewTrainStep(model.StepConfig{Batch: n}, nil)
	must(t, err)
	fill(s.Images(), s.Tokens(), 8)
	loss, err := s.Run()
	must(t, err)
	if want := c.GuessLoss(n); math.Abs(float64(loss)-want) > 1e-5 {
		t.Errorf("loss of guessing %g, want %g", loss, want)
	}
	if softmax := tiny().GuessLoss(n); softmax != math.Log(n) {
		t.Errorf("softmax: loss of guessing %g, want ln %d", softmax, n)
	}
}

// TestLoadBias holds that weights whose bias is no number are refused.
func TestLoadBias(t *testing.T) {
	m := newModel(t, architectures()["siglip"])
	get := func(name string) ([]int, []float32, error) {
		i := slices.IndexFunc(m.Params(), func(p *model.Param) bool { return p.Name == name })
		if p := m.Params()[i]; name != "logit_bias" {
			return p.Shape, p.Value, nil
		}
		return nil, []float32{float32(math.NaN())}, nil
	}
	if err := m.Load(get); err == nil || !strings.Contains(err.Error(), "logit_bias: have NaN; want a finite number") {
		t.Errorf("Load of a bias NaN: %v", err)
	}
}

// TestArchitectureNames holds the names of the parameters that only some architectures
// have, and that others lack.
func TestArchitectureNames(t *testing.T) {
	shapes := func(c model.Config) map[string][]int {
		all := map[string][]int{}
		for _, p := range newModel(t, c).Params() {
			all[p.Name] = p.Shape
		}
		return all
	}
	plain, siglip := shapes(tiny()), shapes(architectures()["siglip"])
	for name, want := range map[string][]int{
		"logit_bias": {}, "visual.conv1.bias": {32}, "visual.positional_embedding": {4, 32},
		"visual.attn_pool.probe": {32}, "visual.attn_pool.in_proj_weight": {96, 32}, "visual.attn_pool.in_proj_bias": {96},
		"visual.attn_pool.out_proj.weight": {32, 32}, "visual.attn_pool.out_proj.bias": {32},
		"visual.attn_pool.ln.weight": {32}, "visual.attn_pool.ln.bias": {32},
		"visual.attn_pool.mlp.c_fc.weight": {120, 32}, "visual.attn_pool.mlp.c_fc.bias": {120},
		"visual.attn_pool.mlp.c_proj.weight": {32, 120}, "visual.attn_pool.mlp.c_proj.bias": {32},
		"text_projection.weight": {32, 24}, "text_projection.bias": {32},
		"visual.transformer.resblocks.0.mlp.c_fc.weight": {120, 32}, "transformer.resblocks.1.mlp.c_proj.weight": {24, 90},
	} {
		if have, ok := siglip[name]; !ok || !slices.Equal(have, want) {
			t.Errorf("%s: %v, want %v", name, have, want)
		}
	}
	for name := range maps.Keys(siglip) {
		if _, ok := plain[name]; !ok {
			delete(siglip, name)
		}
	}
	for _, name := range []string{
		"visual.class_embedding", "visual.ln_pre.weight", "visual.ln_pre.bias", "visual.proj", "text_projection",
	} {
		if _, ok := siglip[name]; ok {
			t.Errorf("siglip has %s", name)
		}
		delete(plain, name)
	}
	if len(siglip) != len(plain) {
		t.Errorf("siglip has %d parameters of CLIP, want %d", len(siglip), len(plain))
	}
	scaled := shapes(architectures()["average pooling, LayerScale"])
	for _, name := range []string{"visual.transformer.resblocks.1.ls_1.gamma", "transformer.resblocks.0.ls_2.gamma"} {
		if _, ok := scaled[name]; !ok {
			t.Errorf("no %s with LayerScale", name)
		}
	}
}
