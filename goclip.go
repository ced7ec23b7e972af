// Package goclip trains and uses CLIP models: two encoders, one for images and
// one for text, that map both into one space, where an image lies near its caption
// (Radford et al., arXiv:2103.00020).
//
//	m, err := goclip.Open("runs/c10")
//	...
//	defer m.Close()
//	p, err := m.Classify(ctx, photo, []string{"cat", "dog"})
//
// [Open] reads a model, whose methods embed and classify. [Train] runs a training
// config in a folder, as the command train does, and [Evaluate] measures zero-shot
// accuracy on labeled shards. Packages model, data, train, optim, checkpoint and
// eval are the parts, for programs that need more than that.
//
// Nothing here prints, exits, or handles a signal.
package goclip

import (
	"fmt"
	"sync"

	"github.com/goclip/goclip/configs"
	"github.com/goclip/goclip/data/preprocess"
	"github.com/goclip/goclip/data/tokenizer"
	"github.com/goclip/goclip/eval"
	"github.com/goclip/goclip/internal/kernel"
	"github.com/goclip/goclip/model"
	"github.com/goclip/goclip/run"
)

// A Model is a trained model, ready to use. Any number of goroutines may use it;
// what they ask for at the same time is computed together.
//
// Batches of other sizes round differently: the elements of an embedding may differ
// by some 1e-7 with what else is asked for at the same time.
type Model struct {
	config     *configs.Run
	tokenizer  *tokenizer.Tokenizer
	path       string
	skipped    []error
	logits     eval.Logits
	pool       *model.Pool
	images     *tower
	texts      *tower
	processors sync.Pool // of *preprocess.Processor

	mu         sync.Mutex
	classifier *eval.Classifier // that was used last
	prompts    string           // what it was made of
}

// An Option changes how a model is opened.
type Option func(*options) error

type options struct {
	threads      int
	architecture string
	maxPixels    int
}

// WithThreads sets the number of threads that compute; 0, the default, means one for
// each processor that Go may use. Results do not depend on it.
func WithThreads(n int) Option {
	return func(o *options) error {
		if n < 0 {
			return fmt.Errorf("goclip: %d threads; want 0 or more", n)
		}
		o.threads = n
		return nil
	}
}

// WithDevice sets where a model computes. There is "cpu", the default.
func WithDevice(name string) Option {
	return func(*options) error {
		if name != "cpu" {
			return fmt.Errorf("goclip: device %q; want cpu", name)
		}
		return nil
	}
}

// WithArchitecture says what a file of weights without a config is, by a name of
// open_clip, such as ViT-B-32; configs.Models lists them.
func WithArchitecture(name string) Option {
	return func(o *options) error {
		o.architecture = name
		return nil
	}
}

// WithMaxPixels refuses larger images before they are decoded, in place of the limit of
// the model's config; 0 means that limit. A server that takes images from anywhere wants
// a low one.
func WithMaxPixels(n int) Option {
	return func(o *options) error {
		if n < 0 {
			return fmt.Errorf("goclip: at most %d pixels; want 0 or more", n)
		}
		o.maxPixels = n
		return nil
	}
}

// Open reads a model. Path is the folder of a run, of which the newest checkpoint
// that is whole is taken, the folder of a checkpoint, a folder that open_clip or
// transformers wrote, or a file of weights with its config and tokenizer beside it.
// Where a folder has a moving average of the weights (optim.ema_decay), that is the
// model. Whatever would be ignored of it is an error. The model must be closed.
func Open(path string, o ...Option) (*Model, error) {
	if err := kernel.CheckLevel(); err != nil {
		return nil, err
	}
	with, err := collect(o)
	if err != nil {
		return nil, err
	}
	t, err := run.OpenAs(path, with.architecture)
	if err != nil {
		return nil, err
	}
	return newModel(t, with), nil
}

// FromTrained is Open of a model that package run has read already. Both share its
// weights, which must not change meanwhile.
func FromTrained(t *run.Trained, o ...Option) (*Model, error) {
	with, err := collect(o)
	if err != nil {
		return nil, err
	}
	return newModel(t, with), nil
}

func collect(all []Option) (with options, err error) {
	for _, option := range all {
		if err := option(&with); err != nil {
			return with, err
		}
	}
	return with, nil
}

func newModel(t *run.Trained, with options) *Model {
	c := *t.Config
	if with.maxPixels > 0 {
		c.Data.Preprocess.MaxPixels = with.maxPixels
	}
	m := &Model{
		config: &c, tokenizer: t.Tokenizer, path: t.Path, skipped: t.Skipped,
		logits: eval.LogitsOf(t.Model), pool: model.NewPool(with.threads),
	}
	m.processors.New = func() any { return preprocess.NewProcessor(c.Data.Preprocess, c.Model.Image.Size) }
	m.images = newTower(c.Model.EmbedDim, func(batch int) (*model.Encoder, error) {
		return t.Model.NewImageEncoder(model.EncoderConfig{Batch: batch}, m.pool)
	})
	m.texts = newTower(c.Model.EmbedDim, func(batch int) (*model.Encoder, error) {
		return t.Model.NewTextEncoder(model.EncoderConfig{Batch: batch}, m.pool)
	})
	return m
}

// Config is what the model was trained with.
func (m *Model) Config() configs.Run { return *m.config }

// Path is the file of the weights, and Skipped says of newer checkpoints in the same
// folder why they were passed over: they are damaged.
func (m *Model) Path() string { return m.path }

// Skipped is explained at Path.
func (m *Model) Skipped() []error { return m.skipped }

// Dim is E, the number of elements of an embedding.
func (m *Model) Dim() int { return m.config.Model.EmbedDim }

// Close ends the model's threads and gives its memory back, after what is being
// computed. Calls that come later return an error.
func (m *Model) Close() {
	m.images.close()
	m.texts.close()
	m.pool.Close()
}
