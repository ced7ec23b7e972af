package export

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goclip/goclip/data/preprocess"
	"github.com/goclip/goclip/data/tokenizer"
	"github.com/goclip/goclip/foreign"
	"github.com/goclip/goclip/model"
)

// ownModel is one of a vocabulary of goclip's, which pads with the token of "!".
func ownModel(t *testing.T, change func(c *model.Config)) Model {
	t.Helper()
	words, err := tokenizer.Train(func(yield func(string, error) bool) { yield("a red circle! a dog", nil) }, 530)
	if err != nil {
		t.Fatal(err)
	}
	c := model.Config{
		EmbedDim: 16, Activation: "gelu_tanh", LayerNormEps: 1e-6,
		Image: model.ImageConfig{Size: 16, Patch: 8, Width: 16, Layers: 1, Heads: 2},
		Text:  model.TextConfig{ContextLength: 12, VocabSize: words.Size(), Width: 16, Layers: 2, Heads: 2},
	}
	change(&c)
	return Model{CLIP: must(model.New(c, 3)), Preprocess: preprocess.Config{Resize: "squash"}, Tokenizer: words}
}

// A tower that sees its padding has a token of padding of its own in the folder, with
// the same features.
func TestPadded(t *testing.T) {
	siglip := func(c *model.Config) {
		c.Loss = model.Sigmoid
		c.Image.Pool, c.Image.PatchBias = "map", true
		c.Image.NoClassToken, c.Image.NoLnPre, c.Image.NoProjection = true, true, true
		c.Text.Pool, c.Text.Bidirectional, c.Text.ProjectionBias = "last", true, true
	}
	for name, test := range map[string]struct {
		to     Format
		change func(c *model.Config)
		tokens int // new ones
	}{
		"SigLIP":            {Transformers, siglip, 1},
		"CLIPA":             {OpenCLIP, func(c *model.Config) { c.Text.Pool, c.Text.Bidirectional = "last", true }, 1},
		"pooled at its end": {OpenCLIP, func(c *model.Config) { c.Text.Bidirectional = true }, 1},
		"room in the vocabulary": {OpenCLIP, func(c *model.Config) {
			c.Text.Bidirectional, c.Text.VocabSize = true, c.Text.VocabSize+5
		}, 0},
		"causal": {OpenCLIP, func(*model.Config) {}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			m := ownModel(t, test.change)
			out := filepath.Join(t.TempDir(), "out")
			r, err := Write(m, test.to, out)
			if err != nil {
				t.Fatal(err)
			}
			f, err := foreign.Open(out)
			if err != nil {
				t.Fatal(err)
			}
			if have, want := f.Config.Text.VocabSize, m.CLIP.Config().Text.VocabSize+test.tokens; have != want {
				t.Errorf("vocabulary of %d tokens; want %d", have, want)
			}
			noted := slices.ContainsFunc(r.Notes, func(s string) bool {
				return strings.Contains(s, `<pad> of its own, with the embedding of "!"`)
			})
			if pad := f.Tokenizer.Pad(); noted != (name != "causal") || !f.Tokenizer.Special(pad) {
				t.Errorf("padded with %q, notes %q; want a special token, and a note of a new one",
					f.Tokenizer.Token(pad), r.Notes)
			}
		})
	}
}

// A graph takes the ids of its own tokenizer, whatever pads.
func TestPaddedGraph(t *testing.T) {
	m := ownModel(t, func(c *model.Config) { c.Text.Pool, c.Text.Bidirectional = "last", true })
	out := filepath.Join(t.TempDir(), "out")
	if _, err := Write(m, ONNX, out); err != nil {
		t.Fatal(err)
	}
	checkGraphs(t, &m, out)
}

// Adapters are merged into what is written, and keep open_clip from a checkpoint.
func TestAdapters(t *testing.T) {
	m := ownModel(t, func(c *model.Config) { c.LoRA = model.LoRAConfig{Rank: 2} })
	for _, p := range m.CLIP.Params() { // the second matrices of adapters begin at 0
		for i := range p.Value {
			p.Value[i] += 0.01 * float32(i%7)
		}
	}
	r, err := Write(m, OpenCLIP, filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	want, err := encodeProbes(m.CLIP, m.Preprocess, m.Tokenizer)
	if err != nil {
		t.Fatal(err)
	}
	if d := largest(r.source.images, want.images); !(d <= Tolerance) {
		t.Errorf("merged, features differ by %g; want at most %g", d, Tolerance)
	}
	if _, err := OpenCLIPFiles(m); err == nil || !strings.Contains(err.Error(), "model.lora") {
		t.Errorf("files beside adapters: %v; want error", err)
	}
}
