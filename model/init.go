package model

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"strings"
)

// A spec is a parameter before it has values.
type spec struct {
	name  string
	shape []int
	init  initializer
}

// An initializer gives a parameter its first values.
type initializer struct {
	kind  initKind
	scale float64 // standard deviation, bound or value
}

type initKind int

const (
	constant initKind = iota // every element is scale
	gaussian                 // normal with mean 0 and standard deviation scale
	uniform                  // uniform in [-scale, scale]
)

func (s spec) size() int {
	n := 1
	for _, d := range s.shape {
		n *= d
	}
	return n
}

// decays says that s is a matrix of weights, as open_clip decides it: not a
// gain or bias, nor an embedding of a position or the class.
func (s spec) decays() bool {
	return len(s.shape) >= 2 && !strings.HasSuffix(s.name, "positional_embedding")
}

// values draws the first values of s. They depend on the seed and the name
// alone, not on the other parameters.
func (s spec) values(dst []float32, seed uint64) {
	h := fnv.New64a()
	h.Write([]byte(s.name))
	rng := rand.New(rand.NewPCG(seed, h.Sum64()))
	for i := range dst {
		switch s.init.kind {
		case constant:
			dst[i] = float32(s.init.scale)
		case gaussian:
			dst[i] = float32(s.init.scale * rng.NormFloat64())
		case uniform:
			dst[i] = float32(s.init.scale * (2*rng.Float64() - 1))
		}
	}
}

// initLogitScale is the logarithm of 1/0.07 (Radford et al., section 2.5), or with the
// sigmoid loss of 10 (Zhai et al., arXiv:2303.15343, section 3.3).
func (c Config) initLogitScale() float64 {
	if c.Loss == Sigmoid {
		return math.Log(10)
	}
	return math.Log(1 / 0.07)
}

// layerScale is the first value of the gains of LayerScale: that of its paper for deep
// models, and open_clip's.
const layerScale = 1e-5

var one, zero = initializer{constant, 1}, initializer{constant, 0}

func normal(std float64) initializer   { return initializer{gaussian, std} }
func within(bound float64) initializer { return initializer{uniform, bound} }
func root(n int) float64               { return 1 / math.Sqrt(float64(n)) }

// specs lists the parameters under open_clip's names, with the initial values
// of OpenAI's and open_clip's code: those of the image tower are PyTorch's
// defaults for its layers, those of the text tower scale with its width and depth.
// What the config leaves out has no parameters.
func (c Config) specs() []spec {
	c.SetDefaults()
	all := []spec{{"logit_scale", nil, initializer{constant, c.initLogitScale()}}}
	all = append(all, c.Image.specs(c.EmbedDim)...)
	all = append(all, c.Text.specs(c.EmbedDim)...)
	if c.Loss == Sigmoid { // last, so that the others lie as they do without it
		all = append(all, spec{"logit_bias", nil, initializer{constant, c.LogitBias}})
	}
	return append(all, c.LoRA.specs(all)...)
}

// specs are the parameters of the image tower, in a space of width embed.
func (c ImageConfig) specs(embed int) (all []spec) {
	d, p := c.Width, c.Patch
	add := func(yes bool, s ...spec) {
		if yes {
			all = append(all, s...)
		}
	}
	add(!c.NoClassToken, spec{"visual.class_embedding", []int{d}, normal(root(d))})
	add(true, spec{"visual.conv1.weight", []int{d, 3, p, p}, within(root(3 * p * p))})
	add(c.PatchBias, spec{"visual.conv1.bias", []int{d}, within(root(3 * p * p))})
	add(true, spec{"visual.positional_embedding", []int{c.tokens(), d}, normal(root(d))})
	add(!c.NoLnPre, layerNormSpecs("visual.ln_pre", d)...)
	add(true, layerNormSpecs("visual.ln_post", d)...)
	add(!c.NoProjection, spec{"visual.proj", []int{d, embed}, normal(root(d))})
	values := blockValues{within(math.Sqrt(6 / float64(4*d))), within(root(d)), within(root(d)), within(root(c.MLPWidth))}
	for i := range c.Layers {
		add(true, blockSpecs(fmt.Sprintf("visual.transformer.resblocks.%d.", i), d, c.MLPWidth, c.LayerScale, values)...)
	}
	if c.Pool == "map" {
		const head = "visual.attn_pool."
		add(true, spec{head + "probe", []int{d}, normal(root(d))})
		add(true, attentionSpecs(head, d, values)...)
		add(true, layerNormSpecs(head+"ln", d)...)
		add(true, mlpSpecs(head+"mlp.", d, c.MLPWidth, values)...)
	}
	return all
}

// specs are the parameters of the text tower, in a space of width embed.
func (c TextConfig) specs(embed int) []spec {
	d := c.Width
	all := []spec{
		{"token_embedding.weight", []int{c.VocabSize, d}, normal(0.02)},
		{"positional_embedding", []int{c.ContextLength, d}, normal(0.01)},
	}
	all = append(all, layerNormSpecs("ln_final", d)...)
	if c.ProjectionBias {
		all = append(all,
			spec{"text_projection.weight", []int{embed, d}, normal(root(d))},
			spec{"text_projection.bias", []int{embed}, zero})
	} else {
		all = append(all, spec{"text_projection", []int{d, embed}, normal(root(d))})
	}
	residual := normal(root(d) * root(2*c.Layers))
	values := blockValues{normal(root(d)), residual, normal(root(2 * d)), residual}
	for i := range c.Layers {
		all = append(all, blockSpecs(fmt.Sprintf("transformer.resblocks.%d.", i), d, c.MLPWidth, c.LayerScale, values)...)
	}
	return all
}

// blockValues are the initial values of a block's matrices.
type blockValues struct{ in, out, fc, proj initializer }

func blockSpecs(name string, d, mlp int, scaled bool, v blockValues) []spec {
	all := layerNormSpecs(name+"ln_1", d)
	all = append(all, attentionSpecs(name+"attn.", d, v)...)
	all = append(all, layerNormSpecs(name+"ln_2", d)...)
	all = append(all, mlpSpecs(name+"mlp.", d, mlp, v)...)
	if scaled {
		gain := initializer{constant, layerScale}
		all = append(all, spec{name + "ls_1.gamma", []int{d}, gain}, spec{name + "ls_2.gamma", []int{d}, gain})
	}
	return all
}

func layerNormSpecs(name string, d int) []spec {
	return []spec{{name + ".weight", []int{d}, one}, {name + ".bias", []int{d}, zero}}
}

func attentionSpecs(name string, d int, v blockValues) []spec {
	return []spec{
		{name + "in_proj_weight", []int{3 * d, d}, v.in},
		{name + "in_proj_bias", []int{3 * d}, zero},
		{name + "out_proj.weight", []int{d, d}, v.out},
		{name + "out_proj.bias", []int{d}, zero},
	}
}

func mlpSpecs(name string, d, width int, v blockValues) []spec {
	return []spec{
		{name + "c_fc.weight", []int{width, d}, v.fc},
		{name + "c_fc.bias", []int{width}, within(root(d))},
		{name + "c_proj.weight", []int{d, width}, v.proj},
		{name + "c_proj.bias", []int{d}, within(root(width))},
	}
}

// ParamCount is the number of parameters of a model of this architecture.
func (c Config) ParamCount() (n int) {
	for _, s := range c.specs() {
		n += s.size()
	}
	return n
}
