package eval

import (
	"context"
	"fmt"

	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/data/tokenizer"
	"github.com/goclip/goclip/internal/kernel"
	"github.com/goclip/goclip/model"
)

// An Embedder turns images and texts into unit vectors with both towers of a
// model, whose parameters it reads at each call.
type Embedder struct {
	tokenizer *tokenizer.Tokenizer
	config    model.Config
	images    *model.Encoder
	texts     *model.Encoder
}

// BatchOf is the number of inputs encoded at once for a config's batch: 0 means 64.
func BatchOf(batch int) int {
	if batch == 0 {
		return 64
	}
	return batch
}

// NewEmbedder compiles both towers for batches of n; 0 means 64.
func NewEmbedder(m *model.CLIP, t *tokenizer.Tokenizer, n int, pool *kernel.Pool) (*Embedder, error) {
	n = BatchOf(n)
	e := &Embedder{tokenizer: t, config: m.Config()}
	var err error
	if e.images, err = m.NewImageEncoder(model.EncoderConfig{Batch: n}, pool); err != nil {
		return nil, err
	}
	if e.texts, err = m.NewTextEncoder(model.EncoderConfig{Batch: n}, pool); err != nil {
		return nil, err
	}
	return e, nil
}

// Texts embeds texts (N): unit rows (N, E).
func (e *Embedder) Texts(ctx context.Context, texts []string) ([]float32, error) {
	context := e.config.Text.ContextLength
	tokens := e.texts.Tokens()
	return e.run(ctx, e.texts, len(texts), func(row, i int) {
		e.tokenizer.Tokenize(tokens[row*context:][:context], texts[i])
	})
}

// Images embeds prepared images (N, 3, S, S): unit rows (N, E).
func (e *Embedder) Images(ctx context.Context, images []float32) ([]float32, error) {
	pixels := 3 * e.config.Image.Size * e.config.Image.Size
	if len(images)%pixels != 0 {
		return nil, fmt.Errorf("eval: have %d numbers; want images of %d", len(images), pixels)
	}
	in := e.images.Images()
	return e.run(ctx, e.images, len(images)/pixels, func(row, i int) {
		copy(in[row*pixels:][:pixels], images[i*pixels:])
	})
}

// run encodes n inputs, which put places in the rows of a batch.
func (e *Embedder) run(ctx context.Context, encoder *model.Encoder, n int, put func(row, i int)) (all []float32, err error) {
	for lo := 0; lo < n; lo += encoder.Batch() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		rows := min(encoder.Batch(), n-lo)
		for row := range rows {
			put(row, lo+row)
		}
		unit, err := encoder.Run()
		if err != nil {
			return nil, err
		}
		all = append(all, unit[:rows*e.config.EmbedDim]...)
	}
	return all, nil
}

// Classifier embeds the prompts of classes.
func (e *Embedder) Classifier(ctx context.Context, classes, templates []string) (*Classifier, error) {
	prompts, err := e.Texts(ctx, Prompts(classes, templates))
	if err != nil {
		return nil, err
	}
	return NewClassifier(classes, prompts, len(templates))
}

// ZeroShot classifies the images of a dataset by prompts for its classes.
func (e *Embedder) ZeroShot(ctx context.Context, d *data.Dataset, classes, templates []string, ledger *data.Ledger) (ZeroShot, error) {
	classifier, err := e.Classifier(ctx, classes, templates)
	if err != nil {
		return ZeroShot{}, err
	}
	var images []float32
	var labels []int
	err = d.Scan(ctx, e.config.Image.Size, e.images.Batch(), ledger, func(x data.Examples) error {
		rows, err := e.Images(ctx, x.Images)
		images, labels = append(images, rows...), append(labels, x.Labels...)
		return err
	})
	if err != nil {
		return ZeroShot{}, err
	}
	return classifier.Score(images, labels)
}
