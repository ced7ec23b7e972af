package model

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/goclip/goclip/model/vm"
)

// A MicroStep computes what a TrainStep does in the memory of a micro-batch:
// it keeps the embeddings of all micro-batches, computes one loss over the
// whole batch, and runs each micro-batch again, now with the gradient of that
// loss by its embeddings, to add up the gradients of the parameters. Those of
// the logit scale and the logit bias are the loss's own.
//
// Source: Gao et al., "Scaling Deep Contrastive Learning Batch Size under
// Memory Limited Setup", arXiv:2101.06983, section 3.2.
type MicroStep struct {
	m      *CLIP
	config StepConfig
	pool   *Pool
	arena  []float32
	images []float32
	tokens []int32
	keptTokens
	imageTower *microTower
	textTowers map[int]*microTower // by the length of texts: see plans
	texts      *G.Node             // the tokens of the loss; nil where it needs none
	loss       *vm.Machine
	lossValue  []float32
	stats      vm.Stats
}

// A microTower is one tower of a MicroStep.
type microTower struct {
	rows   []float32 // embeddings (N, E); the caller's, if the tower has no parts
	dy     []float32 // gradients by them
	images []float32 // one of these is nil
	tokens []int32   // (N, t)
	kept   []int32   // (N, K) of images with patch dropout
	parts  []part    // of the batch, in order
	grads  [][]float32
}

// A part is a micro-batch: its rows of the batch, and the plan of its size.
type part struct {
	lo, hi int
	plan   *microPlan
}

// A microPlan is a tower's graph for micro-batches of one size, and its
// machines: forward to the embeddings, and on to the gradients of the parameters,
// unless all are frozen.
type microPlan struct {
	in, dy, unit    *G.Node
	kept            *G.Node // nil without patch dropout
	grads           G.Nodes
	options         vm.Options // of replay
	forward, replay *vm.Machine
}

// NewMicroStep compiles a step of micro-batches, of which the last may be smaller.
func (m *CLIP) NewMicroStep(c StepConfig, pool *Pool) (*MicroStep, error) {
	s, todo, err := m.microStep(c, m.config.Text.ContextLength)
	if err != nil {
		return nil, err
	}
	if s.stats, err = measure(todo); err != nil {
		return nil, err
	}
	s.pool, s.arena = pool, vm.NewArena(s.stats.ArenaBytes)
	if s.tokens = m.newTokens(c.Batch); !c.CachedImages {
		s.images, s.keptTokens = m.newImages(c.Batch), m.newKept(c.Batch)
	}
	s.imageTower.kept = s.ids
	s.imageTower.images, s.textTowers[m.config.Text.ContextLength].tokens = s.images, s.tokens
	if s.texts != nil {
		tokens := tensor.New(tensor.WithShape(s.texts.Shape()...), tensor.WithBacking(s.tokens))
		if err := G.Let(s.texts, tokens); err != nil {
			return nil, fmt.Errorf("model: %w", err)
		}
	}
	return s, s.compile(todo)
}

// compile compiles machines into the arena of s.
func (s *MicroStep) compile(todo []compilation) (err error) {
	for _, t := range todo {
		t.options.Pool, t.options.Arena = s.pool, s.arena
		if *t.machine, err = vm.Compile(t.outputs, t.options); err != nil {
			return fmt.Errorf("model: %w", err)
		}
	}
	return nil
}

// A compilation is a machine to come.
type compilation struct {
	outputs G.Nodes
	options vm.Options
	machine **vm.Machine
}

// measure sums up the steps, and finds the arena in which all machines fit,
// one at a time.
func measure(todo []compilation) (all vm.Stats, err error) {
	for _, t := range todo {
		s, err := vm.Measure(t.outputs, t.options)
		if err != nil {
			return all, fmt.Errorf("model: %w", err)
		}
		all.Steps += s.Steps
		all.ArenaBytes = max(all.ArenaBytes, s.ArenaBytes)
	}
	return all, nil
}

// microStep builds a step for texts of up to length tokens without its memory,
// and the machines to compile.
func (m *CLIP) microStep(c StepConfig, length int) (s *MicroStep, todo []compilation, err error) {
	if err := m.validateStep(c); err != nil {
		return nil, nil, err
	}
	if c.MicroBatch < 1 {
		return nil, nil, fmt.Errorf("model: micro-batch %d is not positive", c.MicroBatch)
	}
	s = &MicroStep{m: m, config: c, textTowers: map[int]*microTower{}, lossValue: make([]float32, 1)}
	embeddings := func() *microTower {
		return &microTower{rows: make([]float32, c.Batch*m.config.EmbedDim), dy: make([]float32, c.Batch*m.config.EmbedDim)}
	}
	x, y := embeddings(), embeddings()
	s.imageTower, s.textTowers[m.config.Text.ContextLength] = x, y
	for _, t := range []*microTower{x, y} {
		context, cached := 0, c.CachedImages
		if t == y {
			context, cached = length, c.CachedTexts
		}
		if cached {
			continue
		}
		more, err := t.divide(m, c, context)
		if err != nil {
			return nil, nil, err
		}
		todo = append(todo, more...)
	}
	loss, err := m.microLoss(s, x, y, c.Batch)
	return s, append(todo, loss), err
}

// divide cuts the batch into parts, for texts of context tokens or, if that is
// 0, for images.
func (t *microTower) divide(m *CLIP, c StepConfig, context int) (todo []compilation, err error) {
	for lo := 0; lo < c.Batch; lo += c.MicroBatch {
		p := part{lo: lo, hi: min(c.Batch, lo+c.MicroBatch)}
		if last := len(t.parts) - 1; last >= 0 && p.hi-p.lo == c.MicroBatch {
			p.plan = t.parts[last].plan
		} else if p.plan, err = m.microGraph(c, p.hi-p.lo, context); err != nil {
			return nil, err
		} else {
			todo = append(todo, compilation{G.Nodes{p.plan.unit}, vm.Options{}, &p.plan.forward})
			if len(p.plan.grads) > 0 {
				todo = append(todo, compilation{p.plan.grads, p.plan.options, &p.plan.replay})
			}
		}
		t.parts = append(t.parts, p)
	}
	for _, g := range t.parts[0].plan.grads {
		t.grads = append(t.grads, t.parts[0].plan.options.Place[g])
	}
	return todo, nil
}

// towerOfTexts is the text tower for the longest text in tokens, which it has copied.
func (s *MicroStep) towerOfTexts() (*microTower, error) {
	n, context := s.config.Batch, s.m.config.Text.ContextLength
	whole, length := s.textTowers[context], s.m.config.Text.longest(s.tokens, s.config.Batch)
	if length >= context || s.config.CachedTexts {
		return whole, nil
	}
	t := s.textTowers[length]
	if t == nil {
		t = &microTower{rows: whole.rows, dy: whole.dy, tokens: make([]int32, n*length)}
		todo, err := t.divide(s.m, s.config, length)
		if err == nil {
			err = s.compile(todo)
		}
		if err != nil {
			return nil, err
		}
		s.textTowers[length] = t
	}
	for i := range n {
		copy(t.tokens[i*length:(i+1)*length], s.tokens[i*context:])
	}
	return t, nil
}

// microGraph builds a tower for n images or, with a context, texts of that many
// tokens, whose values come later: the embeddings, and the gradients of the
// parameters from that by the embeddings.
func (m *CLIP) microGraph(c StepConfig, n, context int) (*microPlan, error) {
	g := m.newGraph()
	g.BF16 = c.BF16
	p := &microPlan{options: vm.Options{Place: map[*G.Node][]float32{}, Accumulate: true}}
	if context == 0 {
		p.in, p.kept = g.imagesNode(n), g.keptNode(n)
		p.unit = g.Normalize(g.imageFeatures(p.in, p.kept))
	} else {
		p.in = g.tokensNode(n, context)
		p.unit = g.Normalize(g.textFeatures(p.in))
	}
	p.dy = g.Builder.Input("dy", tensor.Float32, n, m.config.EmbedDim)
	if err := g.check(); err != nil {
		return nil, err
	}
	wrt, grads := g.trainable()
	if len(wrt) == 0 {
		return p, nil
	}
	var err error
	if p.grads, err = G.Backpropagate(G.Nodes{p.unit}, G.Nodes{p.dy}, wrt); err != nil {
		return nil, fmt.Errorf("model: gradient: %w", err)
	}
	p.options.ForwardEnd = p.unit
	for j, node := range p.grads {
		p.options.Place[node] = grads[j]
	}
	if c.Rematerialize {
		p.options.Segments = g.blocks
	}
	return p, nil
}

// microLoss builds the loss over the embeddings of the whole batch, and its
// gradients by them and by its own parameters.
func (m *CLIP) microLoss(s *MicroStep, x, y *microTower, n int) (compilation, error) {
	g := m.newGraph()
	rows := func(name string, data []float32) *G.Node {
		return g.input(name, tensor.New(tensor.WithShape(n, m.config.EmbedDim), tensor.WithBacking(data)))
	}
	rowsX, rowsY := rows("x", x.rows), rows("y", y.rows)
	if s.config.SameTexts {
		s.texts = g.tokensNode(n, m.config.Text.ContextLength)
	}
	loss := g.loss(rowsX, rowsY, s.texts)
	if err := g.check(); err != nil {
		return compilation{}, err
	}
	wrt, memory := g.trainable()
	if len(x.grads) > 0 {
		wrt, memory = append(wrt, rowsX), append(memory, x.dy)
	}
	if len(y.grads) > 0 {
		wrt, memory = append(wrt, rowsY), append(memory, y.dy)
	}
	grads, err := G.Grad(loss, wrt...)
	if err != nil {
		return compilation{}, fmt.Errorf("model: gradient: %w", err)
	}
	place := map[*G.Node][]float32{loss: s.lossValue}
	for i, grad := range grads {
		place[grad] = memory[i]
	}
	return compilation{append(G.Nodes{loss}, grads...), vm.Options{Place: place}, &s.loss}, nil
}

// Images is where to put the normalized images (N, 3, S, S) of the next run; nil with
// CachedImages.
func (s *MicroStep) Images() []float32 { return s.images }

// Tokens is where to put the token ids (N, T) of the next run.
func (s *MicroStep) Tokens() []int32 { return s.tokens }

// ImageEmbeddings are the unit rows (N, E) of the last run. The next run
// overwrites them, or reads them with CachedImages.
func (s *MicroStep) ImageEmbeddings() []float32 { return s.imageTower.rows }

// TextEmbeddings are those of the texts.
func (s *MicroStep) TextEmbeddings() []float32 {
	return s.textTowers[s.m.config.Text.ContextLength].rows
}

// Stats describes the plans: all their steps, in the arena that they share.
func (s *MicroStep) Stats() vm.Stats { return s.stats }

// Run computes the loss and the gradients. A token id outside of the
// vocabulary is an error.
func (s *MicroStep) Run() (loss float32, err error) {
	if err := checkTokens(s.tokens, s.m.config.Text.VocabSize); err != nil {
		return 0, err
	}
	texts, err := s.towerOfTexts()
	if err != nil {
		return 0, err
	}
	for _, run := range []func() error{s.imageTower.forward, texts.forward, s.loss.RunAll, s.imageTower.replay, texts.replay} {
		if err := run(); err != nil {
			return 0, fmt.Errorf("model: %w", err)
		}
	}
	return s.lossValue[0], nil
}

// forward computes the embeddings of all micro-batches.
func (t *microTower) forward() error {
	for _, p := range t.parts {
		if err := t.let(p); err != nil {
			return err
		}
		if err := p.plan.forward.RunAll(); err != nil {
			return err
		}
		copy(rows(t.rows, t.size(), p), values(p.plan.unit))
	}
	return nil
}

// size is the number of pairs of the batch.
func (t *microTower) size() int { return t.parts[len(t.parts)-1].hi }

// replay sums up the gradients of the parameters over all micro-batches, in
// their order.
func (t *microTower) replay() error {
	for _, g := range t.grads {
		clear(g)
	}
	if len(t.grads) == 0 {
		return nil
	}
	for _, p := range t.parts {
		if err := t.let(p); err != nil {
			return err
		}
		if err := p.plan.replay.RunAll(); err != nil {
			return err
		}
	}
	return nil
}

// let gives the plan of a part the part's inputs, and the gradients by its rows.
func (t *microTower) let(p part) error {
	n := t.size()
	var in tensor.ConsOpt
	if t.tokens == nil {
		in = tensor.WithBacking(rows(t.images, n, p))
	} else {
		in = tensor.WithBacking(rows(t.tokens, n, p))
	}
	if err := G.Let(p.plan.in, tensor.New(tensor.WithShape(p.plan.in.Shape()...), in)); err != nil {
		return err
	}
	if kept := p.plan.kept; kept != nil {
		ids := tensor.WithBacking(rows(t.kept, n, p))
		if err := G.Let(kept, tensor.New(tensor.WithShape(kept.Shape()...), ids)); err != nil {
			return err
		}
	}
	return G.Let(p.plan.dy, tensor.New(tensor.WithShape(p.plan.dy.Shape()...), tensor.WithBacking(rows(t.dy, n, p))))
}

// rows are those of a part in x, which has n.
func rows[T any](x []T, n int, p part) []T {
	size := len(x) / n
	return x[p.lo*size : p.hi*size : p.hi*size]
}
