package model_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/goclip/goclip/internal/kernel"
	"github.com/goclip/goclip/model"
)

// frozen are what may be frozen: a tower, the lower part of one or both, parts of
// blocks above what trains, and the logits.
var frozen = [][]string{
	{"visual.*"},
	{"[^vl]*"}, // the text tower but for ln_final
	{"visual.*", "[^vl]*", "ln_final*"},
	{"token_embedding.weight"},
	{"visual.[^t]*", "visual.transformer.resblocks.0.*"},
	{"*attn*", "*.mlp.c_fc.weight"},
	{"logit_*", "*.ln_?.*"},
}

// TestFreeze holds that what is not frozen has the gradient that it has where nothing
// is, to the last bit, and that the rest has none, whatever kind of step.
func TestFreeze(t *testing.T) {
	pool := kernel.NewPool(2)
	defer pool.Close()
	steps := map[string]model.StepConfig{
		"whole": {Batch: 5}, "micro": {Batch: 5, MicroBatch: 2}, "same texts": {Batch: 5, SameTexts: true},
		"block": {Batch: 5, Rematerialize: true}, "bf16": {Batch: 5, BF16: true},
		"all": {Batch: 5, MicroBatch: 3, Rematerialize: true, BF16: true},
	}
	for _, architecture := range []string{"gelu", "siglip"} {
		for name, c := range steps {
			want := gradients(t, architectures()[architecture], nil, c, pool)
			for _, patterns := range frozen {
				got := gradients(t, architectures()[architecture], patterns, c, pool)
				for p, grad := range want {
					if got[p] != nil && !slices.Equal(got[p], grad) {
						t.Errorf("%s, %s, freeze %v: %s has another gradient", architecture, name, patterns, p)
					}
				}
				if len(got) == 0 || len(got) >= len(want) {
					t.Errorf("%s, %s, freeze %v: %d of %d have a gradient", architecture, name, patterns, len(got), len(want))
				}
			}
		}
	}
}

// gradients are those of one step, by name.
func gradients(t *testing.T, c model.Config, freeze []string, step model.StepConfig, pool *model.Pool) map[string][]float32 {
	t.Helper()
	m := newModel(t, c)
	must(t, m.Freeze(freeze))
	s, err := m.NewStep(step, pool)
	must(t, err)
	fill(s.Images(), s.Tokens(), c.Text.ContextLength)
	copy(s.Tokens()[:8], s.Tokens()[16:24]) // two texts are the same
	loss, err := s.Run()
	must(t, err)
	grads := map[string][]float32{"loss": {loss}}
	for _, p := range m.Params() {
		if p.Frozen != (p.Grad == nil) {
			t.Fatalf("%s: frozen %t, gradient of %d", p.Name, p.Frozen, len(p.Grad))
		}
		if !p.Frozen {
			grads[p.Name] = slices.Clone(p.Grad)
		}
	}
	return grads
}

// TestFreezeArena holds that the backward pass keeps nothing below the lowest
// parameter that trains. Activations lie in the memory of gradients as well.
func TestFreezeArena(t *testing.T) {
	c := tiny()
	c.Image.Layers, c.Text.Layers = 6, 1
	bytes := func(step model.StepConfig, unlocked int) int {
		m := newModel(t, c)
		if unlocked < 8 {
			must(t, m.LockImage(unlocked))
		}
		s, _, err := m.Measure(step, c.Text.ContextLength)
		must(t, err)
		return s.ArenaBytes + 4*m.TrainableCount()
	}
	for _, step := range []model.StepConfig{{Batch: 32}, {Batch: 32, MicroBatch: 16}, {Batch: 32, Rematerialize: true}} {
		whole := bytes(step, 7)
		for unlocked := 6; unlocked >= 0; unlocked-- {
			some := bytes(step, unlocked)
			if some > whole || unlocked > 1 && some == whole {
				t.Errorf("%+v: %d groups take %d bytes, one more %d", step, unlocked, some, whole)
			}
			whole = some
		}
		if none, all := bytes(step, 0), bytes(step, 8); none*3 > all*2 {
			t.Errorf("%+v: a locked tower takes %d of %d bytes; want two thirds or less", step, none, all)
		}
	}
}

// TestLockImage compares with the groups of open_clip's VisionTransformer.lock.
func TestLockImage(t *testing.T) {
	c := tiny()
	c.Image.Layers = 3
	for unlocked, want := range []string{
		"", "visual.proj", "resblocks.2. ln_post visual.proj", "resblocks.1. resblocks.2. ln_post visual.proj",
		"resblocks. ln_post visual.proj",
	} {
		m := newModel(t, c)
		must(t, m.LockImage(unlocked))
		for _, p := range m.Params() {
			if p.Tower() != model.ImageTower {
				continue
			}
			trains := slices.ContainsFunc(strings.Fields(want), func(part string) bool { return strings.Contains(p.Name, part) })
			if p.Frozen == trains {
				t.Errorf("%d unlocked groups: %s is frozen: %t", unlocked, p.Name, p.Frozen)
			}
		}
		if trains := m.Trains(model.ImageTower); trains != (unlocked > 0) || !m.Trains(model.TextTower) {
			t.Errorf("%d unlocked groups: the image tower trains: %t", unlocked, trains)
		}
	}
}

func TestFreezeErrors(t *testing.T) {
	m := newModel(t, tiny())
	n := len(m.Params())
	for _, test := range []struct {
		do   func() error
		want string
	}{
		{func() error { return m.Freeze([]string{"visual.*", "visual.conv2.*"}) },
			fmt.Sprintf(`freeze "visual.conv2.*" matches none of the %d parameters; the nearest is visual.conv1.weight`, n)},
		{func() error { return m.Freeze([]string{"[a"}) }, `freeze "[a" is not a pattern`},
		{func() error { return m.Freeze([]string{"visual.*", "[^v]*"}) },
			fmt.Sprintf("all of the %d parameters are frozen", n)},
		{func() error { return m.LockImage(-1) }, "-1 unlocked groups of the image tower; want 0 to 3, since it has 4"},
		{func() error { return m.LockImage(4) }, "4 unlocked groups of the image tower; want 0 to 3"},
	} {
		if err := test.do(); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v; want error with %q", err, test.want)
		}
	}
	if m.TrainableCount() != m.Config().ParamCount() {
		t.Errorf("%d of %d train after errors", m.TrainableCount(), m.Config().ParamCount())
	}
}

// TestCached holds that a step which is given the embeddings of a frozen tower, by an
// encoder for batches of another size, computes what one does that has the tower, to the
// last bit; and that it takes less memory.
func TestCached(t *testing.T) {
	pool := kernel.NewPool(2)
	defer pool.Close()
	for name, c := range map[string]model.StepConfig{
		"whole": {Batch: 5}, "micro": {Batch: 5, MicroBatch: 2}, "bf16, same texts": {Batch: 5, BF16: true, SameTexts: true},
		"all": {Batch: 5, MicroBatch: 3, Rematerialize: true, BF16: true, SameTexts: true},
	} {
		for _, architecture := range []string{"gelu", "siglip"} {
			for patterns, cached := range map[string][2]bool{
				"visual.*": {true, false}, "[^vl]* ln_*": {false, true}, "visual.* [^vl]* ln_*": {true, true},
			} {
				m := newModel(t, architectures()[architecture])
				must(t, m.Freeze(strings.Fields(patterns)))
				with := c
				with.CachedImages, with.CachedTexts = cached[0], cached[1]
				checkCached(t, fmt.Sprint(architecture, ", ", name, ", ", patterns), m, c, with, pool)
			}
		}
	}
	m := newModel(t, tiny())
	for _, c := range []model.StepConfig{{Batch: 2, CachedImages: true}, {Batch: 2, MicroBatch: 1, CachedTexts: true}} {
		if _, err := m.NewStep(c, pool); err == nil || !strings.Contains(err.Error(), "whose tower trains; want it frozen") {
			t.Errorf("%+v: %v; want error", c, err)
		}
	}
}

func checkCached(t *testing.T, name string, m *model.CLIP, without, with model.StepConfig, pool *model.Pool) {
	t.Helper()
	context := m.Config().Text.ContextLength
	s, err := m.NewStep(without, pool)
	must(t, err)
	cached, err := m.NewStep(with, pool)
	must(t, err)
	images, err := m.NewImageEncoder(model.EncoderConfig{Batch: 3, BF16: with.BF16}, pool)
	must(t, err)
	texts, err := m.NewTextEncoder(model.EncoderConfig{Batch: 3, BF16: with.BF16}, pool)
	must(t, err)
	for run := range 2 {
		fill(s.Images(), s.Tokens(), context)
		s.Images()[7] += float32(run)
		copy(s.Tokens()[:8], s.Tokens()[16:24]) // two texts are the same
		copy(cached.Tokens(), s.Tokens())
		loss, err := s.Run()
		must(t, err)
		var want [][]float32
		for _, p := range m.Params() {
			want = append(want, slices.Clone(p.Grad))
		}
		if copy(cached.Images(), s.Images()); with.CachedImages {
			encode(t, images, cached.ImageEmbeddings(), images.Images(), s.Images(), with.Batch)
		}
		if with.CachedTexts {
			encode(t, texts, cached.TextEmbeddings(), texts.Tokens(), s.Tokens(), with.Batch)
		}
		got, err := cached.Run()
		must(t, err)
		if got != loss || !slices.Equal(cached.ImageEmbeddings(), s.ImageEmbeddings()) ||
			!slices.Equal(cached.TextEmbeddings(), s.TextEmbeddings()) {
			t.Errorf("%s: run %d: loss %g, want %g, or embeddings differ", name, run, got, loss)
		}
		for i, p := range m.Params() {
			if !slices.Equal(p.Grad, want[i]) {
				t.Errorf("%s: run %d: gradient of %s differs", name, run, p.Name)
			}
		}
	}
	have, want := cached.Stats(), s.Stats()
	if have.Steps >= want.Steps || have.ArenaBytes > want.ArenaBytes || without.MicroBatch == 0 && have.ArenaBytes == want.ArenaBytes {
		t.Errorf("%s: %+v, without %+v", name, have, want)
	}
}

// encode puts the embeddings of n inputs into rows.
func encode[T any](t *testing.T, e *model.Encoder, rows []float32, to, from []T, n int) {
	t.Helper()
	in, width := len(from)/n, len(rows)/n
	for i := 0; i < n; i += e.Batch() {
		copy(to, from[i*in:])
		unit, err := e.Run()
		must(t, err)
		copy(rows[i*width:], unit)
	}
}
