package model

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"github.com/goclip/goclip/model/vm"
)

// A Step computes the loss of a batch and the gradient of every parameter that is not
// frozen.
type Step interface {
	// Images and Tokens are where the next run reads normalized images (N, 3,
	// S, S) and token ids (N, T). There are no Images with CachedImages.
	Images() []float32
	Tokens() []int32

	// DrawPatches chooses the patches that the next run keeps, if the model has patch
	// dropout: a function of the seed and the number of the step alone.
	DrawPatches(seed uint64, step int)

	// Run computes the loss, and the gradients into the parameters' Grad.
	Run() (loss float32, err error)

	// ImageEmbeddings and TextEmbeddings are the unit rows (N, E) of the last run;
	// with CachedImages and CachedTexts, where the next run reads them.
	ImageEmbeddings() []float32
	TextEmbeddings() []float32

	// Stats describes the plan. Of several, it is the sum of the steps that a
	// run takes, in the arena that they share.
	Stats() vm.Stats
}

// StepConfig says how a step uses memory and how it multiplies. What it computes
// depends on the first by no more than the rounding of a sum over micro-batches.
type StepConfig struct {
	Batch int // pairs

	// MicroBatch is the number of pairs whose activations are in memory at
	// once; 0 means the whole batch.
	MicroBatch int

	// Rematerialize recomputes the values inside of residual blocks for the
	// backward pass, instead of keeping them. Gradients are the same bits.
	Rematerialize bool

	// BF16 rounds the operands of matrix products to bfloat16, and stores what lies
	// between products so: see [op.Builder]. Parameters and their gradients, sums,
	// the residual stream, LayerNorm, softmax and the loss are float32.
	BF16 bool

	// SameTexts makes pairs of the batch that have the same tokens no negatives of each
	// other: see [op.Builder.ContrastiveLoss] and [op.Builder.SigmoidLoss].
	SameTexts bool

	// CachedImages takes the embeddings of the images as given, as an image encoder of
	// the same precision computes them. CachedTexts takes those of the texts; tokens
	// are then read with SameTexts alone. What is not computed must be frozen.
	CachedImages, CachedTexts bool
}

// NewStep compiles a step. Gradients go to the parameters' Grad.
func (m *CLIP) NewStep(c StepConfig, pool *Pool) (Step, error) {
	if err := m.validateStep(c); err != nil {
		return nil, err
	}
	if c.whole() {
		return m.NewTrainStep(c, pool)
	}
	return m.NewMicroStep(c, pool)
}

func (c StepConfig) whole() bool { return c.MicroBatch == 0 || c.MicroBatch >= c.Batch }

func (m *CLIP) validateStep(c StepConfig) error {
	switch {
	case c.Batch < 2:
		return fmt.Errorf("model: batch %d; want at least 2, since a pair is learned against the others", c.Batch)
	case c.MicroBatch < 0:
		return fmt.Errorf("model: micro-batch %d is negative", c.MicroBatch)
	case c.CachedImages && m.config.Image.PatchDropout > 0:
		return fmt.Errorf("model: cached embeddings of images with image.patch_dropout %g, which has others "+
			"in each step; want it 0", m.config.Image.PatchDropout)
	case c.CachedImages && m.Trains(ImageTower):
		return fmt.Errorf("model: cached embeddings of images, whose tower trains; want it frozen")
	case c.CachedTexts && m.Trains(TextTower):
		return fmt.Errorf("model: cached embeddings of texts, whose tower trains; want it frozen")
	}
	return nil
}

// Measure is the plan of NewStep with the same config for texts of up to length
// tokens, and the bytes of its inputs and embeddings, without the memory for them.
func (m *CLIP) Measure(c StepConfig, length int) (stats vm.Stats, inputs int64, err error) {
	size, n := int64(m.config.Image.Size), int64(c.Batch)
	length = m.cut(length)
	inputs = 4 * n * int64(m.config.Text.ContextLength)
	if !c.CachedImages {
		inputs += 4 * n * 3 * size * size
	}
	if c.whole() {
		outputs, o, err := m.trainGraph(c, &TrainStep{}, make([]int32, c.Batch*length))
		if err != nil {
			return stats, 0, err
		}
		stats, err = vm.Measure(outputs, o)
		if err != nil {
			return stats, 0, fmt.Errorf("model: %w", err)
		}
		return stats, inputs, nil
	}
	_, todo, err := m.microStep(c, length)
	if err != nil {
		return stats, 0, err
	}
	stats, err = measure(todo)
	return stats, inputs + 4*4*n*int64(m.config.EmbedDim), err
}

// cut is the length at which texts of up to length tokens are computed: see plans.
func (m *CLIP) cut(length int) int {
	return min(m.config.Text.ContextLength, (length+lengthStep-1)/lengthStep*lengthStep)
}

// EncoderBytes is what both encoders for batches of n take, with their inputs,
// for texts of up to length tokens.
func (m *CLIP) EncoderBytes(n, length int) (int64, error) {
	g := m.newGraph()
	bytes := 4 * int64(n) * int64(3*m.config.Image.Size*m.config.Image.Size+m.config.Text.ContextLength)
	for _, features := range []*G.Node{g.imageFeatures(g.imagesNode(n), nil), g.textFeatures(g.tokensNode(n, m.cut(length)))} {
		unit := g.Normalize(features)
		if err := g.check(); err != nil {
			return 0, err
		}
		stats, err := vm.Measure(G.Nodes{features, unit}, vm.Options{})
		if err != nil {
			return 0, fmt.Errorf("model: %w", err)
		}
		bytes += int64(stats.ArenaBytes)
	}
	return bytes, nil
}
