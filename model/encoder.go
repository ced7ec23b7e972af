package model

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"github.com/goclip/goclip/model/vm"
)

// An Encoder is one tower, forward only, for batches of a fixed size.
type Encoder struct {
	plans
	batch  int
	words  int       // in the vocabulary of a text encoder
	images []float32 // nil in a text encoder
}

// EncoderConfig says how an encoder runs.
type EncoderConfig struct {
	Batch int  // inputs of a run
	BF16  bool // as in a StepConfig
}

func (c EncoderConfig) validate() error {
	if c.Batch < 1 {
		return fmt.Errorf("model: batch %d; want at least 1", c.Batch)
	}
	return nil
}

// NewImageEncoder compiles the image tower.
func (m *CLIP) NewImageEncoder(c EncoderConfig, pool *Pool) (*Encoder, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	n := c.Batch
	e := &Encoder{batch: n, images: m.newImages(n)}
	return e, e.plans.init(func([]int32) (G.Nodes, vm.Options, error) {
		g := m.newGraph()
		g.BF16 = c.BF16
		return g.encode(g.imageFeatures(g.let(g.imagesNode(n), e.images), nil))
	}, m.config.Text, n, nil, pool)
}

// NewTextEncoder compiles the text tower.
func (m *CLIP) NewTextEncoder(c EncoderConfig, pool *Pool) (*Encoder, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	n := c.Batch
	e := &Encoder{batch: n, words: m.config.Text.VocabSize}
	return e, e.plans.init(func(tokens []int32) (G.Nodes, vm.Options, error) {
		g := m.newGraph()
		g.BF16 = c.BF16
		return g.encode(g.textFeatures(g.let(g.tokensNode(n, len(tokens)/n), tokens)))
	}, m.config.Text, n, m.newTokens(n), pool)
}

// encode ends the graph of an encoder: what to compute is features, and the
// same as unit rows.
func (g *graph) encode(features *G.Node) (G.Nodes, vm.Options, error) {
	outputs := G.Nodes{features, g.Normalize(features)}
	return outputs, vm.Options{}, g.check()
}

// Batch is the number of inputs of a run.
func (e *Encoder) Batch() int { return e.batch }

// Images is where an image encoder reads the normalized images (N, 3, S, S).
func (e *Encoder) Images() []float32 { return e.images }

// Tokens is where a text encoder reads the token ids (N, T).
func (e *Encoder) Tokens() []int32 { return e.tokens }

// Run encodes what Images or Tokens hold into unit rows (N, E), which the next
// run overwrites. Rows that the caller did not fill are encoded as well. A token
// id outside of the vocabulary is an error.
func (e *Encoder) Run() ([]float32, error) {
	if err := checkTokens(e.tokens, e.words); err != nil {
		return nil, err
	}
	if err := e.run(); err != nil {
		return nil, err
	}
	return e.output(1), nil
}

// Features are the rows (N, E) of the last run before they were normalized.
func (e *Encoder) Features() []float32 { return e.output(0) }
