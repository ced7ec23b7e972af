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

// initLogitScale is the logarithm of 1/0.07 (Radford et al., section 2.5).
var initLogitScale = math.Log(1 / 0.07)

// specs lists the parameters under open_clip's names, with the initial values
// of OpenAI's and open_clip's code: those of the image tower are PyTorch's
// defaults for its layers, those of the text tower scale with its width and depth.
func (c Config) specs() []spec {
	root := func(n int) float64 { return 1 / math.Sqrt(float64(n)) }
	one, zero := initializer{constant, 1}, initializer{constant, 0}
	normal := func(std float64) initializer { return initializer{gaussian, std} }
	within := func(bound float64) initializer { return initializer{uniform, bound} }

	image, text := c.Image, c.Text
	d, p := image.Width, image.Patch
	all := []spec{
		{"logit_scale", nil, initializer{constant, initLogitScale}},
		{"visual.class_embedding", []int{d}, normal(root(d))},
		{"visual.conv1.weight", []int{d, 3, p, p}, within(root(3 * p * p))},
		{"visual.positional_embedding", []int{image.tokens(), d}, normal(root(d))},
		{"visual.ln_pre.weight", []int{d}, one},
		{"visual.ln_pre.bias", []int{d}, zero},
		{"visual.ln_post.weight", []int{d}, one},
		{"visual.ln_post.bias", []int{d}, zero},
		{"visual.proj", []int{d, c.EmbedDim}, normal(root(d))},
	}
	block := func(prefix string, i, d int, in, out, fc, proj initializer) {
		name := func(s string) string { return fmt.Sprintf("%stransformer.resblocks.%d.%s", prefix, i, s) }
		all = append(all,
			spec{name("ln_1.weight"), []int{d}, one},
			spec{name("ln_1.bias"), []int{d}, zero},
			spec{name("attn.in_proj_weight"), []int{3 * d, d}, in},
			spec{name("attn.in_proj_bias"), []int{3 * d}, zero},
			spec{name("attn.out_proj.weight"), []int{d, d}, out},
			spec{name("attn.out_proj.bias"), []int{d}, zero},
			spec{name("ln_2.weight"), []int{d}, one},
			spec{name("ln_2.bias"), []int{d}, zero},
			spec{name("mlp.c_fc.weight"), []int{4 * d, d}, fc},
			spec{name("mlp.c_fc.bias"), []int{4 * d}, within(root(d))},
			spec{name("mlp.c_proj.weight"), []int{d, 4 * d}, proj},
			spec{name("mlp.c_proj.bias"), []int{d}, within(root(4 * d))},
		)
	}
	for i := range image.Layers {
		block("visual.", i, d, within(math.Sqrt(6/float64(4*d))), within(root(d)), within(root(d)), within(root(4*d)))
	}

	d = text.Width
	all = append(all,
		spec{"token_embedding.weight", []int{text.VocabSize, d}, normal(0.02)},
		spec{"positional_embedding", []int{text.ContextLength, d}, normal(0.01)},
		spec{"ln_final.weight", []int{d}, one},
		spec{"ln_final.bias", []int{d}, zero},
		spec{"text_projection", []int{d, c.EmbedDim}, normal(root(d))},
	)
	residual := normal(root(d) * root(2*text.Layers))
	for i := range text.Layers {
		block("", i, d, normal(root(d)), residual, normal(root(2*d)), residual)
	}
	return all
}

// ParamCount is the number of parameters of a model of this architecture.
func (c Config) ParamCount() (n int) {
	for _, s := range c.specs() {
		n += s.size()
	}
	return n
}
