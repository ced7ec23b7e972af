package model

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"github.com/goclip/goclip/internal/kernel"
	"github.com/goclip/goclip/model/vm"
)

// An Encoder is one tower, forward only, for batches of a fixed size.
type Encoder struct {
	machine  *vm.Machine
	batch    int
	words    int       // in the vocabulary of a text encoder
	images   []float32 // one of these is nil
	tokens   []int32
	features *G.Node
	unit     *G.Node
}

// NewImageEncoder compiles the image tower for batches of n images.
func (m *CLIP) NewImageEncoder(n int, pool *kernel.Pool) (*Encoder, error) {
	if n < 1 {
		return nil, fmt.Errorf("model: batch %d; want at least 1", n)
	}
	g := m.newGraph()
	images, data := g.images(n)
	return g.encoder(&Encoder{batch: n, images: data, features: g.imageFeatures(images)}, pool)
}

// NewTextEncoder compiles the text tower for batches of n texts.
func (m *CLIP) NewTextEncoder(n int, pool *kernel.Pool) (*Encoder, error) {
	if n < 1 {
		return nil, fmt.Errorf("model: batch %d; want at least 1", n)
	}
	g := m.newGraph()
	tokens, data := g.tokens(n)
	return g.encoder(&Encoder{batch: n, words: m.config.Text.VocabSize, tokens: data, features: g.textFeatures(tokens)}, pool)
}

func (g *graph) encoder(e *Encoder, pool *kernel.Pool) (*Encoder, error) {
	e.unit = g.Normalize(e.features)
	err := g.check()
	if err != nil {
		return nil, err
	}
	if e.machine, err = vm.Compile(G.Nodes{e.features, e.unit}, vm.Options{Pool: pool}); err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	return e, nil
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
	if err := e.machine.RunAll(); err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	return values(e.unit), nil
}

// Features are the rows (N, E) of the last run before they were normalized.
func (e *Encoder) Features() []float32 { return values(e.features) }

// Stats describes the plan of the encoder.
func (e *Encoder) Stats() vm.Stats { return e.machine.Stats() }

// Profile encodes as Run does and tells the time of each operation.
func (e *Encoder) Profile() ([]vm.OpTime, error) { return e.machine.Profile() }
