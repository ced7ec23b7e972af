package goclip

import (
	"context"
	"fmt"
	"image"
	"io"
	"strings"

	"github.com/goclip/goclip/data/preprocess"
	"github.com/goclip/goclip/eval"
	"github.com/goclip/goclip/internal/guard"
)

// maxFile bounds an image file, in bytes.
const maxFile = 256 << 20

// EncodeImages returns the embeddings of images: unit rows (N, E). Each is an
// [image.Image], or an [io.Reader] of a JPEG, PNG, GIF, BMP, TIFF or WebP file, which
// is decoded as in training; anything else is an error. An image without pixels and
// a file that cannot be decoded are errors as well, an [ImageError].
func (m *Model) EncodeImages(ctx context.Context, images ...any) ([][]float32, error) {
	size := m.config.Model.Image.Size
	return m.images.encode(ctx, len(images), func(i int, in *input) error {
		p := m.processors.Get().(*preprocess.Processor)
		defer m.processors.Put(p)
		in.pixels = make([]float32, 3*size*size)
		err := guard.Call(func() error { // a decoder may panic on a damaged file
			pixels, err := decode(p, images[i])
			if err == nil {
				p.Eval(in.pixels, pixels)
			}
			return err
		})
		if err != nil {
			return &ImageError{i, err}
		}
		return nil
	})
}

// An ImageError says which of several images, from 0, cannot be embedded, and why.
type ImageError struct {
	Image int
	Err   error
}

func (e *ImageError) Error() string { return fmt.Sprintf("goclip: image %d: %v", e.Image, e.Err) }

// Unwrap is what is wrong with the image.
func (e *ImageError) Unwrap() error { return e.Err }

func decode(p *preprocess.Processor, source any) (*preprocess.Image, error) {
	switch s := source.(type) {
	case image.Image:
		if s.Bounds().Empty() {
			return nil, fmt.Errorf("have bounds %v; want pixels", s.Bounds())
		}
		return p.FromImage(s), nil
	case io.Reader:
		file, err := io.ReadAll(io.LimitReader(s, maxFile+1))
		if err != nil {
			return nil, err
		}
		if len(file) > maxFile {
			return nil, fmt.Errorf("more than %d bytes; want an image file", maxFile)
		}
		return p.Decode(file)
	}
	return nil, fmt.Errorf("have %T; want image.Image or io.Reader", source)
}

// EncodeTexts returns the embeddings of texts: unit rows (N, E). A text of more
// tokens than the model's context is cut.
func (m *Model) EncodeTexts(ctx context.Context, texts ...string) ([][]float32, error) {
	length := m.config.Model.Text.ContextLength
	return m.texts.encode(ctx, len(texts), func(i int, in *input) error {
		in.tokens = make([]int32, length)
		m.tokenizer.Tokenize(in.tokens, texts[i])
		return nil
	})
}

// Classify returns how probable each label is for an image, as EncodeImages takes
// it, in the order of labels: probabilities that sum to 1, or of a model that was trained
// with the sigmoid loss (SigLIP) that of each label alone. Templates make the prompts of
// a label, each with {} for it; without any, "a photo of a {}" does. Several are
// averaged, which is better than one. Labels that are empty or repeated, fewer than
// two, and a template without {} are errors.
func (m *Model) Classify(ctx context.Context, image any, labels []string, templates ...string) ([]float64, error) {
	if len(labels) < 2 {
		return nil, fmt.Errorf("goclip: %d labels; want two or more to choose from", len(labels))
	}
	classifier, err := m.classifierOf(ctx, labels, templates)
	if err != nil {
		return nil, err
	}
	rows, err := m.EncodeImages(ctx, image)
	if err != nil {
		return nil, err
	}
	return classifier.Probabilities(rows[0], m.logits), nil
}

// LogitScale is the factor on cosines: the probability of label i is softmax of
// LogitScale times the cosine of the image's embedding with the label's. With the sigmoid
// loss, it is the sigmoid of that plus LogitBias.
func (m *Model) LogitScale() float64 { return m.logits.Scale }

// LogitBias is what the sigmoid loss adds to logits; 0 of a model without it.
func (m *Model) LogitBias() float64 { return m.logits.Bias }

// Logits say how cosines become probabilities: by LogitScale, LogitBias, and the kind of
// loss that the model was trained with.
func (m *Model) Logits() eval.Logits { return m.logits }

// CountTokens is the number of tokens of a text, as EncodeTexts sees it: at most the
// model's context.
func (m *Model) CountTokens(text string) int {
	return min(len(m.tokenizer.Encode(text))+m.tokenizer.MinContext(), m.config.Model.Text.ContextLength)
}

// classifierOf embeds the prompts of labels, unless the last call had the same.
func (m *Model) classifierOf(ctx context.Context, labels, templates []string) (*eval.Classifier, error) {
	if err := eval.CheckClasses(labels); err != nil {
		return nil, err
	}
	if len(templates) == 0 {
		templates = []string{eval.DefaultTemplate}
	}
	if err := eval.CheckTemplates(templates); err != nil {
		return nil, err
	}
	key := strings.Join(labels, "\x00") + "\x00\x00" + strings.Join(templates, "\x00")
	m.mu.Lock()
	c, prompts := m.classifier, m.prompts
	m.mu.Unlock()
	if c != nil && prompts == key {
		return c, nil
	}
	rows, err := m.EncodeTexts(ctx, eval.Prompts(labels, templates)...)
	if err != nil {
		return nil, err
	}
	flat := make([]float32, 0, len(rows)*m.Dim())
	for _, row := range rows {
		flat = append(flat, row...)
	}
	if c, err = eval.NewClassifier(labels, flat, len(templates)); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.classifier, m.prompts = c, key
	return c, nil
}
