package eval

import (
	"context"
	"errors"
	"io"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/data/synth"
	"github.com/goclip/goclip/data/tokenizer"
	"github.com/goclip/goclip/model"
)

// untrained is a model with 5 images and captions, embedded two at a time.
func untrained(t *testing.T) (*model.CLIP, *Embedder, *data.Dataset) {
	t.Helper()
	dir := t.TempDir()
	if err := synth.Write(t.Context(), dir, synth.Config{Seed: 1, Size: 32, Train: 5, ValSeen: 1,
		ValUnseen: 1}); err != nil {
		t.Fatal(err)
	}
	d, err := data.Open(t.Context(), filepath.Join(dir, "train-*.parquet"), data.Config{},
		data.Need{Label: true, Caption: true})
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := tokenizer.Train(d.Captions(t.Context()), 520)
	if err != nil {
		t.Fatal(err)
	}
	c := model.Config{EmbedDim: 8, Activation: "gelu"}
	c.Image.Size, c.Image.Patch, c.Image.Width, c.Image.Layers, c.Image.Heads = 32, 16, 8, 1, 1
	c.Text.ContextLength, c.Text.VocabSize, c.Text.Width, c.Text.Layers, c.Text.Heads = 16, tokens.Size(), 8, 1, 1
	m, err := model.New(c, 1)
	if err != nil {
		t.Fatal(err)
	}
	return m, embedder(t, m, tokens), d
}

// embedder embeds two at a time.
func embedder(t *testing.T, m *model.CLIP, tokens *tokenizer.Tokenizer) *Embedder {
	t.Helper()
	e, err := NewEmbedder(m, tokens, 2, newPool(t, 1))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// TestEmbed holds that each embedding belongs to its image or caption, however
// many are computed at once.
func TestEmbed(t *testing.T) {
	_, e, d := untrained(t)
	s, err := e.Embed(t.Context(), d, true, data.NewLedger(io.Discard, data.Config{}))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]int{0, 1, 2, 3, 4}, s.ImageOf); d != "" || len(s.Rows) != 5 || s.Rows[4].Row != 4 ||
		s.Width != 8 {
		t.Errorf("Embed: rows %v, images of the captions (-want +got):\n%s", s.Rows, d)
	}
	for j, caption := range s.Captions {
		alone, err := e.Texts(t.Context(), []string{caption})
		if d := cmp.Diff(alone, s.Text(j), close6); err != nil || d != "" {
			t.Errorf("caption %d: %v, (-alone +got):\n%s", j, err, d)
		}
	}
	z, err := e.ZeroShot(t.Context(), d, []string{"a", "b"}, []string{"{}"}, data.NewLedger(io.Discard, data.Config{}))
	if err == nil || !strings.Contains(err.Error(), "want 0 to 1, the lines of the class list") {
		t.Errorf("ZeroShot of too few classes: %+v, %v", z, err)
	}
}

// TestEmbedNotFinite holds that a number that is not finite is an error that
// names the input.
func TestEmbedNotFinite(t *testing.T) {
	m, e, d := untrained(t)
	images := make([]float32, 5*3*32*32)
	for i := 3 * 3 * 32 * 32; i < 4*3*32*32; i++ {
		images[i] = float32(math.Inf(1))
	}
	if _, err := e.Images(t.Context(), images); err == nil ||
		!strings.Contains(err.Error(), "eval: image 3: its embedding has ") {
		t.Errorf("Images with one that is infinite: %v", err)
	}
	if _, err := e.Images(t.Context(), images[1:]); err == nil ||
		!strings.Contains(err.Error(), "want images of 3072") {
		t.Errorf("Images of a part of one: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := e.Texts(ctx, []string{"a"}); !errors.Is(err, context.Canceled) {
		t.Errorf("Texts after the end of its context: %v", err)
	}
	for _, p := range m.Params() {
		if p.Name == "visual.proj" || p.Name == "text_projection" {
			for i := range p.Value {
				p.Value[i] = float32(math.NaN())
			}
		}
	}
	if _, err := e.Texts(t.Context(), []string{"a cat"}); err == nil ||
		!strings.Contains(err.Error(), `text "a cat": its embedding has NaN`) {
		t.Errorf("Texts by weights that are NaN: %v", err)
	}
	if _, err := e.Embed(t.Context(), d, false, data.NewLedger(io.Discard, data.Config{})); err == nil ||
		!strings.Contains(err.Error(), "train-00000-of-00001.parquet: row 0: its embedding has NaN") {
		t.Errorf("Embed by weights that are NaN: %v", err)
	}
}
