// Package model builds CLIP: an image tower and a text tower that end in unit
// vectors of one space, and the loss over the grid of their similarities.
//
// Shapes in comments are (N, T, D): pairs, tokens, width, row-major. A tower
// works on all tokens of a batch at once, as rows (N*T, D).
package model

import (
	"cmp"
	"math"

	"github.com/goclip/goclip/internal/kernel"
)

// Config is the architecture of both towers, and the loss that they are trained with.
type Config struct {
	// From is a model that a run starts from, instead of random values: a run or a
	// checkpoint, of which the moving average is taken if there is one, a folder of
	// open_clip or transformers, or a file of weights. How the model is built, its
	// preprocessing and its vocabulary come with it. A key that says something else is
	// carried out where that can be: image.size and text.context_length resize the position
	// embeddings, embed_dim starts new projections, tokenizer.path new token
	// embeddings, loss sigmoid a new bias; activation, layer_norm_eps, and how the towers
	// pool and attend change what is computed. Any other is an error. A run that is
	// resumed does not read From.
	From string `yaml:"from"`

	// Architecture is the name of the architecture of From, such as ViT-B-32, where that
	// is a file of weights with no config beside it.
	Architecture string `yaml:"architecture"`

	// EmbedDim is the width of the space in which both towers end.
	EmbedDim int `yaml:"embed_dim"`

	// Activation is the function inside of the blocks: gelu (open_clip),
	// quick_gelu (OpenAI's weights) or gelu_tanh (SigLIP). Weights trained with one do
	// worse with another. Empty means gelu.
	Activation string `yaml:"activation"`

	// LayerNormEps is added to the variance in each LayerNorm; 0 means 1e-5, as in
	// CLIP. SigLIP has 1e-6.
	LayerNormEps float64 `yaml:"layer_norm_eps"`

	// Loss is "softmax", CLIP's (Radford et al., arXiv:2103.00020, figure 3), in which
	// each image chooses among the captions of the batch and each caption among its
	// images, or "sigmoid", SigLIP's (Zhai et al., arXiv:2303.15343, equation 1), in which
	// each image and each caption are asked alone whether they are a pair. Empty means
	// softmax. It also says what a probability is: that of one label among all, or
	// that of each label alone.
	Loss string `yaml:"loss"`

	// LogitBias is the initial value of the bias that the sigmoid loss adds to each
	// logit, and learns; SigLIP begins at -10. In a run, 0 means auto: the logarithm of
	// the odds of a pair of the batch, ln(p/(1-p)) with p = 1/train.batch, so that
	// training begins near the loss of guessing. The softmax has none.
	LogitBias float64 `yaml:"logit_bias"`

	Image ImageConfig `yaml:"image"`
	Text  TextConfig  `yaml:"text"`
	LoRA  LoRAConfig  `yaml:"lora"`
}

// The losses.
const (
	Softmax = "softmax"
	Sigmoid = "sigmoid"
)

// ImageConfig is the image tower, a vision transformer (Dosovitskiy et al.,
// arXiv:2010.11929).
type ImageConfig struct {
	// Size is the side of an image in pixels.
	Size int `yaml:"size"`

	// Patch is the side of a patch in pixels. Where it does not divide Size, the pixels
	// that are left over on the right and at the bottom are not seen.
	Patch int `yaml:"patch"`

	Width  int `yaml:"width"`  // Width is the number of channels of a token.
	Layers int `yaml:"layers"` // Layers is the number of residual blocks.
	Heads  int `yaml:"heads"`  // Heads is the number of attention heads, each Width/Heads channels wide.

	// MLPWidth is the width inside of the MLP of a block; 0 means four times Width.
	MLPWidth int `yaml:"mlp_width"`

	// Activation is that of this tower; empty means the model's.
	Activation string `yaml:"activation"`

	// Pool is how the tokens become one row: "class" takes the class token, "average"
	// the mean of the patches (CLIPA), "map" attends to them with a learned query, the
	// multihead attention pooling of SigLIP. Empty means class.
	Pool string `yaml:"pool"`

	// PoolFirst averages before the last LayerNorm and not behind it, as CLIPA does.
	// It says something of the pool "average" alone.
	PoolFirst bool `yaml:"pool_first"`

	// NoClassToken leaves out the class token, NoLnPre the LayerNorm before the blocks,
	// and NoProjection the last matrix: the embedding is then as wide as the tower.
	NoClassToken bool `yaml:"no_class_token"`
	NoLnPre      bool `yaml:"no_ln_pre"`
	NoProjection bool `yaml:"no_projection"`

	// PatchBias adds a learned bias to the patch embedding.
	PatchBias bool `yaml:"patch_bias"`

	// LayerScale multiplies what attention and MLP add to the residual stream by a
	// learned gain for each channel, 1e-5 at first (Touvron et al., arXiv:2103.17239).
	LayerScale bool `yaml:"layer_scale"`

	// PatchDropout is the part of the patches of an image that a training step leaves
	// out, chosen anew for each image and step, as in FLIP (Li et al., arXiv:2212.00794):
	// of P patches, max(1, floor(P (1 - it))) are computed, beside the class token.
	// Evaluations see all. 0 leaves out none.
	PatchDropout float64 `yaml:"patch_dropout"`
}

// TextConfig is the text tower, a transformer.
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

	// MLPWidth, Activation and LayerScale are as in the image tower.
	MLPWidth   int    `yaml:"mlp_width"`
	Activation string `yaml:"activation"`
	LayerScale bool   `yaml:"layer_scale"`

	// Pool is the token that becomes the row of a text: "eot", the end of the text,
	// "last", the last of the context, or "first". Empty means eot.
	Pool string `yaml:"pool"`

	// EOTID is the id of the token that ends a text; 0 means the largest of the text,
	// which the end token's is in CLIP's vocabulary. Of several, the first counts.
	EOTID int `yaml:"eot_id"`

	// Bidirectional lets a token see those behind it too, as SigLIP and CLIPA do: there
	// is no causal mask, and padding is seen.
	Bidirectional bool `yaml:"bidirectional"`

	// ProjectionBias adds a learned bias to the last matrix.
	ProjectionBias bool `yaml:"projection_bias"`
}

// SetDefaults fills in the fields whose zero means a default. Sizes have none, but
// those of the MLPs.
func (c *Config) SetDefaults() {
	c.Activation = cmp.Or(c.Activation, "gelu")
	c.LayerNormEps = cmp.Or(c.LayerNormEps, 1e-5)
	c.Loss = cmp.Or(c.Loss, Softmax)
	c.Image.MLPWidth = cmp.Or(c.Image.MLPWidth, 4*c.Image.Width)
	c.Image.Activation = cmp.Or(c.Image.Activation, c.Activation)
	c.Image.Pool = cmp.Or(c.Image.Pool, "class")
	c.Text.MLPWidth = cmp.Or(c.Text.MLPWidth, 4*c.Text.Width)
	c.Text.Activation = cmp.Or(c.Text.Activation, c.Activation)
	c.Text.Pool = cmp.Or(c.Text.Pool, "eot")
}

// AutoLogitBias is the logarithm of the odds that an image and a caption of a batch are
// a pair, one of the batch's captions being the image's.
func AutoLogitBias(batch int) float64 { return -math.Log(float64(batch - 1)) }

// GuessLoss is the loss of a model that knows nothing, over a batch: ln N of the softmax.
// The sigmoid's is that of logits which are all the logarithm of the odds of a pair,
// ln N + (N-1) ln(N/(N-1)), about one more.
func (c Config) GuessLoss(batch int) float64 {
	n := float64(batch)
	if c.Loss != Sigmoid || batch == 1 {
		return math.Log(n)
	}
	return math.Log(n) + (n-1)*math.Log(n/(n-1))
}

// GuessSigmoid is the sigmoid loss of a model that knows nothing, over a batch in which a
// text belongs to so many images in the mean, as where texts that repeat are no negatives:
// that of logits which are all the logarithm of the odds of a pair.
func GuessSigmoid(batch int, same float64) float64 {
	return float64(batch) * entropy(same/float64(batch))
}

// entropy is that of a question with the probability p of a yes, in nats.
func entropy(p float64) (sum float64) {
	for _, q := range []float64{p, 1 - p} {
		if q > 0 {
			sum -= q * math.Log(q)
		}
	}
	return sum
}

// tokens is the number of tokens: the patches and the class token.
func (c ImageConfig) tokens() int { return c.patches() + c.classTokens() }

func (c ImageConfig) patches() int { return (c.Size / c.Patch) * (c.Size / c.Patch) }

func (c ImageConfig) classTokens() int {
	if c.NoClassToken {
		return 0
	}
	return 1
}

// Used is the number of tokens of a text (T) that its embedding depends on: those up to
// its end where attention is causal and the end is pooled, or else all.
func (c TextConfig) Used(ids []int32) int {
	if c.Bidirectional || c.Pool != "eot" {
		return len(ids)
	}
	return kernel.EndOfText(ids, int32(c.EOTID)) + 1
}
