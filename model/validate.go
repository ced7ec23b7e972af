package model

import (
	"fmt"
	"math"
	"slices"

	"github.com/goclip/goclip/model/op"
)

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
		{"image.layers", c.Image.Layers}, {"image.heads", c.Image.Heads}, {"image.mlp_width", c.Image.MLPWidth},
		{"text.width", c.Text.Width}, {"text.layers", c.Text.Layers}, {"text.heads", c.Text.Heads},
		{"text.mlp_width", c.Text.MLPWidth},
	} {
		if f.value < 1 || f.value > 1<<20 {
			return fmt.Errorf("model: %s %d; want 1 to %d", f.name, f.value, 1<<20)
		}
	}
	for _, f := range []struct{ name, value string }{
		{"activation", c.Activation}, {"image.activation", c.Image.Activation}, {"text.activation", c.Text.Activation},
	} {
		if _, ok := activations[f.value]; !ok {
			return fmt.Errorf("model: %s %q; want gelu, quick_gelu or gelu_tanh", f.name, f.value)
		}
	}
	if !(c.LayerNormEps > 0 && c.LayerNormEps < 1) {
		return fmt.Errorf("model: layer_norm_eps %g; want more than 0 and less than 1", c.LayerNormEps)
	}
	if err := c.validateLoss(); err != nil {
		return err
	}
	if err := c.Image.validate(c.EmbedDim); err != nil {
		return err
	}
	if err := c.Text.validate(); err != nil {
		return err
	}
	return c.validateLoRA()
}

func (c Config) validateLoss() error {
	switch {
	case c.Loss != Softmax && c.Loss != Sigmoid:
		return fmt.Errorf("model: loss %q; want softmax or sigmoid", c.Loss)
	case c.Loss == Softmax && c.LogitBias != 0:
		return fmt.Errorf("model: logit_bias %g with loss softmax; want loss sigmoid, which alone has a bias", c.LogitBias)
	case !(math.Abs(c.LogitBias) <= 1000):
		return fmt.Errorf("model: logit_bias %g; want -1000 to 1000", c.LogitBias)
	}
	return nil
}

func (c ImageConfig) validate(embed int) error {
	switch {
	case c.Size < c.Patch:
		return fmt.Errorf("model: image.size %d is less than image.patch %d", c.Size, c.Patch)
	case c.Width%c.Heads != 0:
		return fmt.Errorf("model: image.width %d is not a multiple of image.heads %d", c.Width, c.Heads)
	case !slices.Contains([]string{"class", "average", "map"}, c.Pool):
		return fmt.Errorf("model: image.pool %q; want class, average or map", c.Pool)
	case c.Pool == "class" && c.NoClassToken:
		return fmt.Errorf("model: image.pool class with image.no_class_token; want average or map")
	case c.PoolFirst && c.Pool != "average":
		return fmt.Errorf("model: image.pool_first with image.pool %s; want average", c.Pool)
	case c.NoProjection && c.Width != embed:
		return fmt.Errorf("model: image.no_projection with image.width %d, embed_dim %d; want the same", c.Width, embed)
	}
	return c.validatePatchDropout()
}

func (c TextConfig) validate() error {
	switch {
	case c.Width%c.Heads != 0:
		return fmt.Errorf("model: text.width %d is not a multiple of text.heads %d", c.Width, c.Heads)
	case c.ContextLength < 3:
		return fmt.Errorf("model: text.context_length %d; want at least 3, for a start, a token and an end", c.ContextLength)
	case c.ContextLength > 1<<20:
		return fmt.Errorf("model: text.context_length %d; want at most %d", c.ContextLength, 1<<20)
	case c.VocabSize < 0 || c.VocabSize > 1<<24:
		return fmt.Errorf("model: text.vocab_size %d; want 0 to %d", c.VocabSize, 1<<24)
	case !slices.Contains([]string{"eot", "last", "first"}, c.Pool):
		return fmt.Errorf("model: text.pool %q; want eot, last or first", c.Pool)
	case c.Pool == "first" && !c.Bidirectional:
		return fmt.Errorf("model: text.pool first without text.bidirectional: the first token would see itself alone")
	case c.EOTID < 0 || c.VocabSize > 0 && c.EOTID >= c.VocabSize:
		return fmt.Errorf("model: text.eot_id %d; want an id of the vocabulary of %d, or 0 for the largest of a text",
			c.EOTID, c.VocabSize)
	case c.EOTID != 0 && c.Pool != "eot":
		return fmt.Errorf("model: text.eot_id %d with text.pool %s; want eot, which alone looks for it", c.EOTID, c.Pool)
	}
	return nil
}
