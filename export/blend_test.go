package export

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goclip/goclip/data/tokenizer"
	"github.com/goclip/goclip/model"
)

// A blend is the first model at 0, the second at 1, and their mean between.
func TestBlend(t *testing.T) {
	a := openModel(t, here+"/open_clip")
	b := a
	var err error
	tuned := a.CLIP.Config()
	tuned.From, tuned.Image.PatchDropout = "a", 0.5 // as a run of the first has
	if b.CLIP, err = model.New(tuned, 5); err != nil {
		t.Fatal(err)
	}
	for _, alpha := range []float64{0, 0.25, 1} {
		m, err := Blend(a, b, alpha)
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range m.Params() {
			x, y := a.CLIP.Params()[i], b.CLIP.Params()[i]
			for j, v := range p.Value {
				want := float32((1-alpha)*float64(x.Value[j]) + alpha*float64(y.Value[j]))
				if v != want {
					t.Fatalf("alpha %g: %s[%d] = %g; want %g", alpha, p.Name, j, v, want)
				}
			}
			if alpha == 0 && !slices.Equal(p.Value, x.Value) || alpha == 1 && !slices.Equal(p.Value, y.Value) {
				t.Errorf("alpha %g: %s is not that of one model", alpha, p.Name)
			}
		}
		if alpha == 0.25 {
			blend := Model{CLIP: m, Preprocess: a.Preprocess, Tokenizer: a.Tokenizer}
			if _, err := Write(blend, OpenCLIP, filepath.Join(t.TempDir(), "x")); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestBlendErrors(t *testing.T) {
	a := openModel(t, here+"/open_clip")
	for _, alpha := range []float64{-0.1, 1.1} {
		if _, err := Blend(a, a, alpha); err == nil || !strings.Contains(err.Error(), "alpha") {
			t.Errorf("alpha %g: %v; want error", alpha, err)
		}
	}
	for want, change := range map[string]func(m *Model, c *model.Config){
		"model.text.layers: have ":             func(_ *Model, c *model.Config) { c.Text.Layers++ },
		"model.embed_dim: have ":               func(_ *Model, c *model.Config) { c.EmbedDim++ },
		"model.image.activation: have ":        func(_ *Model, c *model.Config) { c.Image.Activation = "gelu_tanh" },
		"data.preprocess.interpolation: have ": func(m *Model, _ *model.Config) { m.Preprocess.Interpolation = "bilinear" },
		"data.preprocess.mean: have ":          func(m *Model, _ *model.Config) { m.Preprocess.Mean = []float64{0, 0, 1} },
		"tokens differ; want the same":         func(m *Model, _ *model.Config) { m.Tokenizer = must(tokenizer.Load(tokenizer.CLIP)) },
	} {
		b, c := a, a.CLIP.Config()
		b.Preprocess.Std = []float64{1, 1, 1}
		a := a
		a.Preprocess.Std = b.Preprocess.Std
		change(&b, &c)
		b.CLIP = must(model.New(c, 1))
		if _, err := Blend(a, b, 0.5); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want error with %q", err, want)
		}
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
