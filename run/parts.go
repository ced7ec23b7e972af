package run

import (
	"bytes"
	"context"
	"fmt"

	"github.com/goclip/goclip/checkpoint"
	"github.com/goclip/goclip/configs"
	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/data/tokenizer"
	"github.com/goclip/goclip/model"
)

// parts are what a run builds before it has a trainer.
type parts struct {
	config    *configs.Run // with what train.memory came to
	tokenizer *tokenizer.Tokenizer
	model     *model.CLIP

	// beginning is where the weights are from; nil if they are random, or a checkpoint's.
	beginning *beginning

	// captions are those that the tokenizer was trained on; nil if it was not.
	captions *data.CaptionCounts
}

// build makes the tokenizer, the checkpoint's if there is one, and the model with
// its initial values.
func build(ctx context.Context, c *configs.Run, in *inputs, from *checkpoint.Checkpoint) (p *parts, err error) {
	p = &parts{}
	if from != nil {
		p.tokenizer, err = tokenizer.LoadAlone(from.Path(TokenizerFile))
	} else {
		err = p.begin(ctx, c, in)
	}
	if err != nil {
		return nil, err
	}
	if p.model == nil {
		if p.model, err = newModel(c, p.tokenizer); err != nil {
			return nil, err
		}
	}
	if err := c.Train.FreezeIn(p.model); err != nil { // which decides what fits
		return nil, err
	}
	in.limitPairs(c, p.model)
	p.config, err = fit(c, p.model, in)
	return p, err
}

// begin makes what a run begins with: the tokenizer, which is that of tokenizer.path, of
// model.from, or trained on the captions, and the model, if that starts from another.
func (p *parts) begin(ctx context.Context, c *configs.Run, in *inputs) (err error) {
	if err := in.openBeginning(c); err != nil {
		return err
	}
	if b := in.beginning; b != nil {
		p.tokenizer, p.model, p.beginning = b.tokenizer, b.model, b
		return nil
	}
	if p.tokenizer = in.tokenizer; p.tokenizer != nil {
		return nil
	}
	vocabulary := c.Tokenizer
	vocabulary.SetDefaults()
	p.captions = data.NewCaptionCounts()
	p.tokenizer, err = tokenizer.Train(p.captions.Pass(in.train.Captions(ctx)), vocabulary.VocabSize)
	return err
}

// newModel makes a model whose vocabulary is the tokenizer's.
func newModel(c *configs.Run, t *tokenizer.Tokenizer) (*model.CLIP, error) {
	m, err := withVocabulary(c.Model, t)
	if err != nil {
		return nil, err
	}
	return model.New(m, c.Seed)
}

// withVocabulary is an architecture with a vocabulary of the size of the tokenizer's,
// if it has none of its own.
func withVocabulary(m model.Config, t *tokenizer.Tokenizer) (model.Config, error) {
	if m.Text.VocabSize == 0 {
		m.Text.VocabSize = t.Size()
	}
	if m.Text.VocabSize < t.Size() {
		return m, fmt.Errorf("run: model.text.vocab_size %d; want at least the tokenizer's %d, or 0 for it",
			m.Text.VocabSize, t.Size())
	}
	return m, nil
}

// sameTokenizer refuses a vocabulary file that is not the checkpoint's.
func (p *parts) sameTokenizer(dir string) error {
	path := p.config.Tokenizer.Path
	if path == "" {
		return nil
	}
	now, err := p.config.Tokenizer.Load()
	if err != nil {
		return err
	}
	if same, err := equalTokenizers(p.tokenizer, now); err != nil || same {
		return err
	}
	return fmt.Errorf("run: tokenizer.path %s is not the vocabulary that %s was trained with: have %d tokens, had %d",
		path, dir, now.Size(), p.tokenizer.Size())
}

// equalTokenizers says whether two tokenizers are written in the same way.
func equalTokenizers(a, b *tokenizer.Tokenizer) (bool, error) {
	var x, y bytes.Buffer
	if err := a.WriteJSON(&x); err != nil {
		return false, err
	}
	err := b.WriteJSON(&y)
	return bytes.Equal(x.Bytes(), y.Bytes()), err
}
