// Package model builds CLIP: an image tower and a text tower that end in unit
// vectors of one space, and the loss over the grid of their similarities.
//
// Shapes in comments are (N, T, D): pairs, tokens, width, row-major. A tower
// works on all tokens of a batch at once, as rows (N*T, D).
package model

import (
	"cmp"
	"fmt"

	"github.com/goclip/goclip/model/op"
)

// Config is the architecture of both towers.
type Config struct {
	// EmbedDim is the width of the space in which both towers end.
	EmbedDim int `yaml:"embed_dim"`

	// Activation is the function inside of the blocks: gelu (open_clip),
	// quick_gelu (OpenAI's weights) or gelu_tanh. Weights trained with one do
	// worse with another. Empty means gelu.
	Activation string `yaml:"activation"`

	Image ImageConfig `yaml:"image"`
	Text  TextConfig  `yaml:"text"`
}

// ImageConfig is the image tower, a vision transformer (Dosovitskiy et al.,
// arXiv:2010.11929).
type ImageConfig struct {
	Size   int `yaml:"size"`   // Size is the side of an image in pixels.
	Patch  int `yaml:"patch"`  // Patch is the side of a patch in pixels; it divides Size.
	Width  int `yaml:"width"`  // Width is the number of channels of a token.
	Layers int `yaml:"layers"` // Layers is the number of residual blocks.
	Heads  int `yaml:"heads"`  // Heads is the number of attention heads, each Width/Heads channels wide.
}

// TextConfig is the text tower, a causal transformer.
type TextConfig struct {
	// ContextLength is the number of tokens of a text, its start and end tokens
	// included. Longer texts are cut.
	ContextLength int `yaml:"context_length"`

	// VocabSize is the number of tokens in the vocabulary; 0 means as many as the
	// tokenizer has.
	VocabSize int `yaml:"vocab_size"`

	Width  int `yaml:"width"`  // Width is the number of channels of a token.
	Layers int `yaml:"layers"` // Layers is the number of residual blocks.
	Heads  int `yaml:"heads"`  // Heads is the number of attention heads, each Width/Heads channels wide.
}

// SetDefaults fills in the fields whose zero means a default. Sizes have none.
func (c *Config) SetDefaults() { c.Activation = cmp.Or(c.Activation, "gelu") }

// activations are the names that Config.Activation may have.
var activations = map[string]op.Activation{
	"gelu":       op.GELU,
	"quick_gelu": op.QuickGELU,
	"gelu_tanh":  op.GELUTanh,
}

// Validate reports the first field that cannot work, after defaults.
func (c Config) Validate() error {
	c.SetDefaults()
	for _, f := range []struct {
		name  string
		value int
	}{
		{"embed_dim", c.EmbedDim},
		{"image.size", c.Image.Size}, {"image.patch", c.Image.Patch}, {"image.width", c.Image.Width},
		{"image.layers", c.Image.Layers}, {"image.heads", c.Image.Heads},
		{"text.width", c.Text.Width}, {"text.layers", c.Text.Layers}, {"text.heads", c.Text.Heads},
	} {
		if f.value < 1 || f.value > 1<<20 {
			return fmt.Errorf("model: %s %d; want 1 to %d", f.name, f.value, 1<<20)
		}
	}
	if _, ok := activations[c.Activation]; !ok {
		return fmt.Errorf("model: activation %q; want gelu, quick_gelu or gelu_tanh", c.Activation)
	}
	switch {
	case c.Image.Size%c.Image.Patch != 0:
		return fmt.Errorf("model: image.size %d is not a multiple of image.patch %d", c.Image.Size, c.Image.Patch)
	case c.Image.Width%c.Image.Heads != 0:
		return fmt.Errorf("model: image.width %d is not a multiple of image.heads %d", c.Image.Width, c.Image.Heads)
	case c.Text.Width%c.Text.Heads != 0:
		return fmt.Errorf("model: text.width %d is not a multiple of text.heads %d", c.Text.Width, c.Text.Heads)
	case c.Text.ContextLength < 3:
		return fmt.Errorf("model: text.context_length %d; want at least 3, for a start, a token and an end",
			c.Text.ContextLength)
	case c.Text.ContextLength > 1<<20:
		return fmt.Errorf("model: text.context_length %d; want at most %d", c.Text.ContextLength, 1<<20)
	case c.Text.VocabSize < 0 || c.Text.VocabSize > 1<<24:
		return fmt.Errorf("model: text.vocab_size %d; want 0 to %d", c.Text.VocabSize, 1<<24)
	}
	return nil
}

// tokens is the number of patches and the class token.
func (c ImageConfig) tokens() int {
	grid := c.Size / c.Patch
	return grid*grid + 1
}
