package export

import (
	"bytes"
	"fmt"

	"github.com/goclip/goclip/checkpoint"
	"github.com/goclip/goclip/data/tokenizer"
	"github.com/goclip/goclip/model"
)

// tokenizerConfig is tokenizer_config.json.
type tokenizerConfig struct {
	Class   string `json:"tokenizer_class"`
	Start   string `json:"bos_token,omitempty"`
	End     string `json:"eos_token,omitempty"`
	Pad     string `json:"pad_token"`
	Length  int    `json:"model_max_length"`
	Side    string `json:"padding_side"`
	CleanUp bool   `json:"clean_up_tokenization_spaces"`
}

// tokenizer adds the files of the tokenizer, to a folder of the folder or to itself.
func (p *plan) tokenizer(m *Model, folder string) error {
	p.files = append(p.files, checkpoint.File{
		Name: folder + "tokenizer.json", Size: 100 * int64(m.Tokenizer.Size()), Write: m.Tokenizer.WriteJSON,
	})
	return p.tokenizerConfig(m, folder)
}

// tokenizerConfig adds tokenizer_config.json. Its class takes all else as
// tokenizer.json says.
func (p *plan) tokenizerConfig(m *Model, folder string) error {
	t := m.Tokenizer
	pad, err := p.padOf(m)
	if err != nil {
		return err
	}
	x := tokenizerConfig{
		Class: "PreTrainedTokenizerFast", Pad: t.Token(pad), Length: m.CLIP.Config().Text.ContextLength, Side: "right",
	}
	if id := t.SOT(); id >= 0 {
		x.Start = t.Token(id)
	}
	if id := t.EOT(); id >= 0 {
		x.End = t.Token(id)
	}
	return p.json(folder+"tokenizer_config.json", x)
}

// padOf is the token behind the end of a text. One that stands for text, as CLIP's 0
// stands for "!", is no token of padding for transformers, which would take each "!" of
// a text for it. The end takes its place where what stands behind the end changes
// nothing, and where open_clip does not read it, having CLIP's vocabulary itself.
func (p *plan) padOf(m *Model) (int32, error) {
	t := m.Tokenizer
	bad, err := badPad(m, p.format)
	switch {
	case err != nil:
		return 0, err
	case bad:
		return 0, fmt.Errorf("texts are padded with %q, a token of text, and the model sees it; want a token of padding",
			t.Token(t.Pad()))
	case t.Special(t.Pad()), p.format == ONNX && seesPadding(m):
		return t.Pad(), nil
	}
	return t.EOT(), nil
}

// seesPadding says that what stands behind the end of a text changes its embedding.
func seesPadding(m *Model) bool {
	c := m.CLIP.Config().Text
	return c.Bidirectional || c.Pool != "eot"
}

// badPad says that the token of padding is one of text, and that this matters.
func badPad(m *Model, to Format) (bool, error) {
	if m.Tokenizer.Special(m.Tokenizer.Pad()) || to == ONNX || !seesPadding(m) {
		return false, nil
	}
	own, err := isCLIP(m.Tokenizer)
	return err == nil && (!own || to != OpenCLIP), err
}

// padToken is the token that a model gets for padding.
const padToken = "<pad>"

// padded is m with a token of padding of its own where a form needs one: a new last
// token whose embedding is that of the token which m pads with.
func padded(m *Model, to Format) (*Model, error) {
	if bad, err := badPad(m, to); err != nil || !bad {
		return m, err
	}
	given, with := *m, *m
	with.given = &given
	var err error
	if with.Tokenizer, err = m.Tokenizer.WithPad(padToken); err != nil {
		return nil, err
	}
	c := m.CLIP.Config()
	if c.Text.Pool == "eot" && c.Text.EOTID == 0 { // the largest id, which the new one is
		c.Text.EOTID = int(m.Tokenizer.EOT())
	}
	c.Text.VocabSize = max(c.Text.VocabSize, with.Tokenizer.Size())
	if with.CLIP, err = model.Blank(c); err != nil {
		return nil, err
	}
	for i, p := range with.CLIP.Params() {
		old := m.CLIP.Params()[i].Value
		copy(p.Value, old)
		if p.Name == "token_embedding.weight" {
			d := c.Text.Width
			copy(p.Value[int(with.Tokenizer.Pad())*d:][:d], old[int(m.Tokenizer.Pad())*d:])
		}
	}
	return &with, nil
}

// clipSize is the number of CLIP's tokens.
const clipSize = 49408

// isCLIP says that a tokenizer is CLIP's own, as open_clip has it.
func isCLIP(t *tokenizer.Tokenizer) (bool, error) {
	if t.Size() != clipSize {
		return false, nil
	}
	clip, err := tokenizer.Load(tokenizer.CLIP)
	if err != nil {
		return false, err
	}
	if t.Clean() != clip.Clean() || t.Pad() != clip.Pad() {
		return false, nil
	}
	return sameTokenizer(t, clip)
}

// sameTokenizer compares what files say of two tokenizers.
func sameTokenizer(a, b *tokenizer.Tokenizer) (bool, error) {
	var x, y bytes.Buffer
	if err := a.WriteJSON(&x); err != nil {
		return false, err
	}
	if err := b.WriteJSON(&y); err != nil {
		return false, err
	}
	return bytes.Equal(x.Bytes(), y.Bytes()) && a.Pad() == b.Pad(), nil
}

// cleaning is open_clip's tokenizer_kwargs, which clean by white space if there are none.
func (p *plan) cleaning(t *tokenizer.Tokenizer) map[string]any {
	switch t.Clean() {
	case tokenizer.CleanWhitespace:
		return nil
	case tokenizer.CleanNone:
		p.note("open_clip resolves references of HTML such as &amp; and trims texts before the tokenizer; " +
			"the model's own leaves that to tokenizer.json")
		return nil
	}
	return map[string]any{"clean": string(t.Clean())}
}

// noteCleaning says what a library that runs tokenizer.json alone does not do.
func (p *plan) noteCleaning(t *tokenizer.Tokenizer, library string) {
	if t.Clean() != tokenizer.CleanNone {
		p.note("%s does not resolve references of HTML such as &amp; in texts, which the model's tokenizer does", library)
	}
}
