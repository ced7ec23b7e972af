package model

import (
	"fmt"
	"math"
	"slices"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/goclip/goclip/model/op"
	"github.com/goclip/goclip/model/vm"
)

// CLIP is a model: its architecture and its parameters. Graphs that share the
// parameters are made of it for training and for each tower.
type CLIP struct {
	config Config
	params []*Param
	byName map[string]*Param
	grads  []float32 // the memory of the gradients of what is not frozen
}

// New returns a model with initial values drawn from seed.
func New(c Config, seed uint64) (*CLIP, error) {
	m, err := Blank(c)
	if err != nil {
		return nil, err
	}
	for i, s := range m.config.specs() {
		s.values(m.params[i].Value, seed)
	}
	return m, nil
}

// Blank returns a model whose parameters are all 0, for one whose weights are read:
// to draw initial values takes longer than that.
func Blank(c Config) (*CLIP, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	c.SetDefaults()
	if c.Text.VocabSize < 3 {
		return nil, fmt.Errorf("model: text.vocab_size %d; want the tokenizer's", c.Text.VocabSize)
	}
	m := &CLIP{config: c, byName: map[string]*Param{}}
	// The first parameter is one number, and what follows it begins a cache line.
	values := vm.NewArena(4 * (c.ParamCount() + 15))[15:]
	for _, s := range c.specs() {
		size := s.size()
		p := &Param{Name: s.name, Shape: s.shape, Value: values[:size:size], Decay: s.decays()}
		values = values[size:]
		m.params = append(m.params, p)
		m.byName[p.Name] = p
	}
	m.freezeBase()
	m.layGradients()
	return m, nil
}

// Config is the architecture.
func (m *CLIP) Config() Config { return m.config }

// Params lists the parameters, in an order that does not change.
func (m *CLIP) Params() []*Param { return m.params }

// LogitScale is the factor on cosines, exp of the parameter logit_scale: the inverse
// of the temperature.
func (m *CLIP) LogitScale() float64 { return math.Exp(float64(m.byName["logit_scale"].Value[0])) }

// LogitBias is what is added to each logit; 0 of a model without one.
func (m *CLIP) LogitBias() float64 {
	if p, ok := m.byName["logit_bias"]; ok {
		return float64(p.Value[0])
	}
	return 0
}

// ClampLogitScale bounds the factor on cosines to [1, largest], unless it is frozen.
//
// Source: Radford et al., arXiv:2103.00020, section 2.5: 100, "to prevent
// training instability".
func (m *CLIP) ClampLogitScale(largest float64) {
	p := m.byName["logit_scale"]
	if !p.Frozen {
		p.Value[0] = min(max(p.Value[0], 0), float32(math.Log(largest)))
	}
}

// Load sets every parameter from get, which returns the tensor of a name.
// A tensor that is missing or has another shape is an error, after which some
// parameters are those of get and some are not.
func (m *CLIP) Load(get func(name string) (shape []int, data []float32, err error)) error {
	for _, p := range m.params {
		shape, data, err := get(p.Name)
		if err != nil {
			return fmt.Errorf("model: %s: %w", p.Name, err)
		}
		if !slices.Equal(shape, p.Shape) && (len(p.Shape) != 0 || len(data) != 1) {
			return fmt.Errorf("model: %s: have %v, want %v", p.Name, tensor.Shape(shape), tensor.Shape(p.Shape))
		}
		if len(data) != len(p.Value) {
			return fmt.Errorf("model: %s: have %d elements, want %d", p.Name, len(data), len(p.Value))
		}
		copy(p.Value, data)
	}
	if scale := m.LogitScale(); math.IsNaN(scale) || math.IsInf(scale, 0) {
		return fmt.Errorf("model: logit_scale: the factor is %g; want a finite number", scale)
	}
	if bias := m.LogitBias(); math.IsNaN(bias) || math.IsInf(bias, 0) {
		return fmt.Errorf("model: logit_bias: have %g; want a finite number", bias)
	}
	return nil
}

// A graph is a Gorgonia graph over the parameters of a model.
type graph struct {
	*op.Builder
	*CLIP
	nodes   map[string]*G.Node // of parameters
	lowRank map[string]*G.Node // of matrices with their adapters
	err     error

	blocks []vm.Segment // residual blocks
}

func (m *CLIP) newGraph() *graph {
	return &graph{Builder: op.NewBuilder(G.NewGraph()), CLIP: m, nodes: map[string]*G.Node{}, lowRank: map[string]*G.Node{}}
}

// input adds an input that reads value.
func (g *graph) input(name string, value *tensor.Dense) *G.Node {
	n := g.Builder.Input(name, value.Dtype(), value.Shape()...)
	if n != nil && g.err == nil {
		g.err = G.Let(n, value)
	}
	return n
}

// param is the node of a parameter, with its adapter if it has one. The kernel of the
// patch embedding is seen as a matrix, the logit scale as a vector.
func (g *graph) param(name string) *G.Node {
	w := g.stored(name)
	if g.byName[name+loraA] == nil {
		return w
	}
	return g.adapted(name, w)
}

// stored is the node of a parameter, which reads and writes its memory.
func (g *graph) stored(name string) *G.Node {
	if n, ok := g.nodes[name]; ok {
		return n
	}
	p := g.byName[name]
	shape := p.Shape
	if len(shape) != 2 {
		first := 1
		if len(shape) > 0 {
			first = shape[0]
		}
		shape = []int{first, len(p.Value) / first}
		if shape[1] == 1 {
			shape = shape[:1]
		}
	}
	n := g.input(name, tensor.New(tensor.WithShape(shape...), tensor.WithBacking(p.Value)))
	g.nodes[name] = n
	return n
}

// trainable are the nodes of the parameters in g that are not frozen, and the memory
// of their gradients.
func (g *graph) trainable() (wrt G.Nodes, grads [][]float32) {
	for _, p := range g.params {
		if node, ok := g.nodes[p.Name]; ok && !p.Frozen {
			wrt, grads = append(wrt, node), append(grads, p.Grad)
		}
	}
	return wrt, grads
}

// when is the node of a parameter that a model has under a condition, or nil.
func (g *graph) when(yes bool, name string) *G.Node {
	if !yes {
		return nil
	}
	return g.param(name)
}

// check returns the first error of building g.
func (g *graph) check() error {
	if err := g.Builder.Err(); err != nil {
		return fmt.Errorf("model: %w", err)
	}
	if g.err != nil {
		return fmt.Errorf("model: %w", g.err)
	}
	return nil
}

// A TrainStep computes the loss of a batch and the gradient of every parameter that is
// not frozen: both towers, the loss, and the backward pass, in one graph.
type TrainStep struct {
	plans
	keptTokens
	images     []float32
	vocabulary int
	given      struct{ images, texts []float32 } // embeddings; nil where they are computed
}

// NewTrainStep compiles a step of the whole batch, whatever c.MicroBatch is.
// Gradients go to the parameters' Grad, whose memory holds other values while
// it runs.
func (m *CLIP) NewTrainStep(c StepConfig, pool *Pool) (*TrainStep, error) {
	if err := m.validateStep(c); err != nil {
		return nil, err
	}
	s := &TrainStep{vocabulary: m.config.Text.VocabSize}
	if c.CachedImages {
		s.given.images = make([]float32, c.Batch*m.config.EmbedDim)
	} else {
		s.images, s.keptTokens = m.newImages(c.Batch), m.newKept(c.Batch)
	}
	if c.CachedTexts {
		s.given.texts = make([]float32, c.Batch*m.config.EmbedDim)
	}
	graph := func(tokens []int32) (outputs G.Nodes, o vm.Options, err error) {
		return m.trainGraph(c, s, tokens)
	}
	err := s.plans.init(graph, m.config.Text, c.Batch, m.newTokens(c.Batch), pool)
	s.uncut = c.CachedTexts // the length of texts changes nothing
	return s, err
}

// trainGraph builds the graph of a step over the images of s, or none where a graph is
// only measured, and tokens (N, t): the nodes to compute, which are the loss, the
// embeddings of images and of texts that are not given, and the gradients; and how,
// with the memory of the gradients.
func (m *CLIP) trainGraph(c StepConfig, s *TrainStep, tokens []int32) (outputs G.Nodes, o vm.Options, err error) {
	g, n := m.newGraph(), c.Batch
	g.BF16 = c.BF16
	var x, y, texts *G.Node
	var computed G.Nodes
	if c.CachedImages {
		x = g.letFloats(g.embeddingsNode("image embeddings", n), s.given.images)
	} else {
		kept := g.keptNode(n)
		if s.keptTokens.ids != nil { // there are none where a graph is only measured
			g.let(kept, s.keptTokens.ids)
		}
		x = g.Normalize(g.imageFeatures(g.letFloats(g.imagesNode(n), s.images), kept))
		computed = append(computed, x)
	}
	if c.SameTexts || !c.CachedTexts {
		texts = g.let(g.tokensNode(n, len(tokens)/n), tokens)
	}
	if c.CachedTexts {
		y = g.letFloats(g.embeddingsNode("text embeddings", n), s.given.texts)
	} else {
		y = g.Normalize(g.textFeatures(texts))
		computed = append(computed, y)
	}
	if !c.SameTexts {
		texts = nil
	}
	loss := g.loss(x, y, texts)
	if err := g.check(); err != nil {
		return nil, o, err
	}
	wrt, memory := g.trainable()
	grads, err := G.Grad(loss, wrt...)
	if err != nil {
		return nil, o, fmt.Errorf("model: gradient: %w", err)
	}
	o.ForwardEnd, o.Lent, o.Place = loss, m.grads, map[*G.Node][]float32{}
	for i, grad := range grads {
		o.Place[grad] = memory[i]
	}
	if c.Rematerialize {
		o.Segments = g.blocks
	}
	return slices.Concat(G.Nodes{loss}, computed, grads), o, nil
}

// Images is where to put the normalized images (N, 3, S, S) of the next run; nil with
// CachedImages.
func (s *TrainStep) Images() []float32 { return s.images }

// Tokens is where to put the token ids (N, T) of the next run.
func (s *TrainStep) Tokens() []int32 { return s.tokens }

// ImageEmbeddings are the unit rows (N, E) of the last run, TextEmbeddings
// those of its texts. The next run overwrites them, or reads them with CachedImages.
func (s *TrainStep) ImageEmbeddings() []float32 {
	if s.given.images != nil {
		return s.given.images
	}
	return s.output(1)
}

// TextEmbeddings are those of the texts.
func (s *TrainStep) TextEmbeddings() []float32 {
	switch {
	case s.given.texts != nil:
		return s.given.texts
	case s.given.images != nil:
		return s.output(1)
	}
	return s.output(2)
}

// Run computes the loss and the gradients. A token id outside of the
// vocabulary is an error.
func (s *TrainStep) Run() (loss float32, err error) {
	if err := checkTokens(s.tokens, s.vocabulary); err != nil {
		return 0, err
	}
	if err := s.run(); err != nil {
		return 0, err
	}
	return s.output(0)[0], nil
}

func (m *CLIP) newImages(n int) []float32 {
	return make([]float32, n*3*m.config.Image.Size*m.config.Image.Size)
}

func (m *CLIP) newTokens(n int) []int32 { return make([]int32, n*m.config.Text.ContextLength) }

func values(n *G.Node) []float32 {
	b, err := op.BufferOf(n.Value())
	if err != nil {
		panic(err) // the machine bound it
	}
	return b.F
}
