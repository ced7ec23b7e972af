package eval

import (
	"context"
	"fmt"
	"slices"

	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/data/tokenizer"
	"github.com/goclip/goclip/eval/embeddings"
	"github.com/goclip/goclip/model"
)

// An Embedder turns texts and prepared images into unit vectors with the two
// towers of a model, whose parameters it reads at each call. Its methods are not
// safe for concurrent use: they share the inputs of the towers. Embedders that
// share a pool are.
type Embedder struct {
	tokenizer *tokenizer.Tokenizer
	config    model.Config
	images    *model.Encoder
	texts     *model.Encoder
}

// NewEmbedder compiles both towers for n inputs in one forward pass; 0 means
// the default of Config.Batch.
func NewEmbedder(m *model.CLIP, t *tokenizer.Tokenizer, n int, pool *model.Pool) (*Embedder, error) {
	c := Config{Batch: n}
	c.SetDefaults()
	e := &Embedder{tokenizer: t, config: m.Config()}
	var err error
	if e.images, err = m.NewImageEncoder(model.EncoderConfig{Batch: c.Batch}, pool); err != nil {
		return nil, err
	}
	if e.texts, err = m.NewTextEncoder(model.EncoderConfig{Batch: c.Batch}, pool); err != nil {
		return nil, err
	}
	return e, nil
}

// Texts embeds texts (N): unit rows (N, E). A text whose embedding is not finite
// is an error.
func (e *Embedder) Texts(ctx context.Context, texts []string) ([]float32, error) {
	length, tokens := e.config.Text.ContextLength, e.texts.Tokens()
	put := func(row, i int) { e.tokenizer.Tokenize(tokens[row*length:][:length], texts[i]) }
	return e.run(ctx, e.texts, len(texts), put, func(i int) string { return fmt.Sprintf("text %.60q", texts[i]) })
}

// Images embeds images (N, 3, S, S), prepared as package preprocess does for
// evaluation: unit rows (N, E). An image whose embedding is not finite is an
// error.
func (e *Embedder) Images(ctx context.Context, images []float32) ([]float32, error) {
	return e.namedImages(ctx, images, func(i int) string { return fmt.Sprintf("image %d", i) })
}

func (e *Embedder) namedImages(ctx context.Context, images []float32, name func(i int) string) ([]float32, error) {
	pixels := 3 * e.config.Image.Size * e.config.Image.Size
	if len(images)%pixels != 0 {
		return nil, fmt.Errorf("eval: have %d numbers; want images of %d", len(images), pixels)
	}
	in := e.images.Images()
	put := func(row, i int) { copy(in[row*pixels:][:pixels], images[i*pixels:]) }
	return e.run(ctx, e.images, len(images)/pixels, put, name)
}

// run encodes n inputs, each of which put copies to a row of the tower's batch.
func (e *Embedder) run(ctx context.Context, tower *model.Encoder, n int, put func(row, i int),
	name func(i int) string) ([]float32, error) {
	var all []float32
	width := e.config.EmbedDim
	for lo := 0; lo < n; lo += tower.Batch() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		rows := min(tower.Batch(), n-lo)
		for row := range rows {
			put(row, lo+row)
		}
		unit, err := tower.Run()
		if err != nil {
			return nil, err
		}
		unit = unit[:rows*width]
		if at := slices.IndexFunc(unit, notFinite); at >= 0 {
			return nil, fmt.Errorf("eval: %s: its embedding has %g; want finite numbers: "+
				"the weights or the input are not finite",
				name(lo+at/width), unit[at])
		}
		all = append(all, unit...)
	}
	return all, nil
}

// A Source has images to embed: a [data.Dataset] or [data.Pictures].
type Source interface {
	Scan(ctx context.Context, size, n int, ledger *data.Ledger, visit func(data.Examples) error) error
}

// Embed embeds the images of a source, and its captions if it was opened to
// need them. Rows that cannot be used go to the ledger.
func (e *Embedder) Embed(ctx context.Context, d Source, captions bool, ledger *data.Ledger) (*embeddings.Set, error) {
	s := &embeddings.Set{Width: e.config.EmbedDim}
	err := e.EmbedEach(ctx, d, captions, ledger, func(part *embeddings.Set, _ int64) error {
		s.Append(part)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// EmbedEach is Embed of a source of any size: visit gets a batch, whose memory is its
// own, and the row of the source that comes next.
func (e *Embedder) EmbedEach(ctx context.Context, d Source, captions bool, ledger *data.Ledger,
	visit func(part *embeddings.Set, next int64) error) error {
	return d.Scan(ctx, e.config.Image.Size, e.images.Batch(), ledger, func(x data.Examples) error {
		s := &embeddings.Set{Width: e.config.EmbedDim, Labels: x.Labels, Rows: x.Rows}
		var err error
		s.Images, err = e.namedImages(ctx, x.Images, func(i int) string { return x.Rows[i].String() })
		if err != nil {
			return err
		}
		for i, c := range x.Captions {
			if captions {
				s.ImageOf = append(s.ImageOf, slices.Repeat([]int{i}, len(c))...)
				s.Captions = append(s.Captions, c...)
			}
		}
		if s.Texts, err = e.Texts(ctx, s.Captions); err != nil {
			return err
		}
		return visit(s, x.Next)
	})
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
func (e *Embedder) ZeroShot(ctx context.Context, d Source, classes, templates []string,
	ledger *data.Ledger) (ZeroShot, error) {
	classifier, err := e.Classifier(ctx, classes, templates)
	if err != nil {
		return ZeroShot{}, err
	}
	s, err := e.Embed(ctx, d, false, ledger)
	if err != nil {
		return ZeroShot{}, err
	}
	return classifier.Score(s.Images, s.Labels)
}
