package tokenizer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// hfFile is a tokenizer.json. Its parts are read by type, see fields.
type hfFile struct {
	Version       string          `json:"version"`
	Truncation    *hfTruncation   `json:"truncation"`
	Padding       *hfPadding      `json:"padding"`
	AddedTokens   []hfToken       `json:"added_tokens"`
	Normalizer    json.RawMessage `json:"normalizer"`
	PreTokenizer  json.RawMessage `json:"pre_tokenizer"`
	PostProcessor json.RawMessage `json:"post_processor"`
	Decoder       json.RawMessage `json:"decoder"`
	Model         json.RawMessage `json:"model"`
}

type hfTruncation struct {
	Direction string `json:"direction"`
	MaxLength int    `json:"max_length"`
	Strategy  string `json:"strategy"`
	Stride    int    `json:"stride"`
}

type hfPadding struct {
	Strategy  json.RawMessage `json:"strategy"`
	Direction string          `json:"direction"`
	Multiple  *int            `json:"pad_to_multiple_of"`
	ID        int32           `json:"pad_id"`
	TypeID    int32           `json:"pad_type_id"`
	Token     string          `json:"pad_token"`
}

type hfToken struct {
	ID         int32  `json:"id"`
	Content    string `json:"content"`
	SingleWord bool   `json:"single_word"`
	Lstrip     bool   `json:"lstrip"`
	Rstrip     bool   `json:"rstrip"`
	Normalized bool   `json:"normalized"`
	Special    bool   `json:"special"`
}

// Read reads a tokenizer.json of Hugging Face, or of WriteJSON.
func Read(r io.Reader) (*Tokenizer, error) {
	text, err := readAll(r)
	if err != nil {
		return nil, err
	}
	return readJSON(text, settings{})
}

func readJSON(text []byte, s settings) (*Tokenizer, error) {
	var f hfFile
	if err := strict(text, &f); err != nil {
		return nil, fmt.Errorf("tokenizer.json: %w", err)
	}
	t, err := readParts(f, s)
	if err != nil {
		return nil, fmt.Errorf("tokenizer.json: %w", err)
	}
	return t, nil
}

func readParts(f hfFile, s settings) (*Tokenizer, error) {
	t := readCLIP(f)
	if t == nil {
		var err error
		if t, err = newPipeline(f); err != nil {
			return nil, err
		}
	}
	clean, err := s.cleaning(t.clean)
	if err != nil {
		return nil, err
	}
	t.clean = clean
	if err := t.checkSides(f); err != nil {
		return nil, err
	}
	return t, t.apply(f, s)
}

// checkSides refuses what is cut or padded on the left.
func (t *Tokenizer) checkSides(f hfFile) error {
	if x := f.Truncation; x != nil && x.Direction != "" && x.Direction != "Right" {
		return fmt.Errorf("truncation: direction %q; want Right", x.Direction)
	}
	if x := f.Padding; x != nil && x.Direction != "" && x.Direction != "Right" {
		return fmt.Errorf("padding: direction %q; want Right", x.Direction)
	}
	return nil
}

// apply sets the padding, which the files beside say before the file itself,
// and compares what they say of added tokens.
func (t *Tokenizer) apply(f hfFile, s settings) error {
	var ids map[string]int32
	id := func(token string) int32 {
		if ids == nil {
			ids = index(t.model.tokens())
		}
		if id, ok := ids[token]; ok {
			return id
		}
		return -1
	}
	p, _ := t.model.(*pipeline)
	if s.stripSep {
		if err := t.stripSep(); err != nil {
			return fmt.Errorf("open_clip_config.json: tokenizer_kwargs: %w", err)
		}
	}
	switch {
	case s.pad != "":
		if t.pad = id(s.pad); t.pad < 0 {
			return fmt.Errorf("has no token %q, which tokenizer_config.json or special_tokens_map.json pads with",
				s.pad)
		}
	case f.Padding != nil:
		if t.pad = f.Padding.ID; t.pad < 0 || int(t.pad) >= t.Size() {
			return fmt.Errorf("padding: pad_id %d; want one of %d tokens", t.pad, t.Size())
		}
	case p != nil && p.suffix != wordEnd: // CLIP's model does not see what is behind the end
		return errors.New("no padding; want it, or a tokenizer_config.json with pad_token beside the file")
	}
	c := s.tokenizerConfig
	if c == nil {
		return nil
	}
	for _, side := range []struct {
		name string
		want *bool
		have bool
	}{{"add_bos_token", c.AddBOS, len(t.start) > 0}, {"add_eos_token", c.AddEOS, len(t.end) > 0}} {
		if side.want != nil && *side.want != side.have {
			return fmt.Errorf("post_processor adds one: %t; tokenizer_config.json has %s: %t",
				side.have, side.name, *side.want)
		}
	}
	for n, token := range c.Added {
		if have := id(token.Content); have != n {
			return fmt.Errorf("token %q has id %d; tokenizer_config.json says %d", token.Content, have, n)
		}
	}
	return nil
}

// index is the id of each token.
func index(tokens []string) map[string]int32 {
	ids := make(map[string]int32, len(tokens))
	for id, s := range tokens {
		ids[s] = int32(id)
	}
	return ids
}

// strict decodes a JSON value without fields that v lacks.
func strict(text []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	err := d.Decode(v)
	if err == nil {
		if _, more := d.Token(); more != io.EOF {
			err = errors.New("more behind its end")
		}
	}
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return errors.New("unexpected end of JSON")
	case err != nil:
		return errors.New(strings.TrimPrefix(err.Error(), "json: "))
	}
	return nil
}

// absent reports whether a part is null or not there.
func absent(part json.RawMessage) bool { return len(part) == 0 || string(part) == "null" }

// A component is one part of a Sequence, or a part that is none.
type component struct {
	name string // its type
	text json.RawMessage
}

// sequence is the type of a part with several in order.
const sequence = "Sequence"

// maxComponents bounds a Sequence with those in it; real ones have six.
const maxComponents = 32

// components lists the components of a part in order. A Sequence has its own under
// key, and may have Sequences among them.
func components(part json.RawMessage, key string) (all []component, err error) {
	err = walk(part, key, 0, func(c component) error {
		if all = append(all, c); len(all) > maxComponents {
			return fmt.Errorf("%s of more than %d", sequence, maxComponents)
		}
		return nil
	})
	return all, err
}

func walk(part json.RawMessage, key string, depth int, f func(component) error) error {
	if absent(part) {
		return nil
	}
	var x map[string]json.RawMessage
	if err := strict(part, &x); err != nil {
		return err
	}
	var name string
	if err := json.Unmarshal(x["type"], &name); err != nil {
		return errors.New("has no type")
	}
	if name != sequence {
		return f(component{name, part})
	}
	var parts []json.RawMessage
	if err := strict(x[key], &parts); err != nil {
		return fmt.Errorf("%s: %s: %w", sequence, key, err)
	}
	if len(x) != 2 || depth == 4 {
		return fmt.Errorf("%s: want a type and %s, at most 4 in one another", sequence, key)
	}
	for _, part := range parts {
		if err := walk(part, key, depth+1, f); err != nil {
			return err
		}
	}
	return nil
}

// fields decodes a part, whose type is named in the error.
func fields(part json.RawMessage, name string, v any) error {
	if err := strict(part, v); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// typed is the field that each part has.
type typed struct {
	Type string `json:"type"`
}

// hfPattern is a string or a regular expression.
type hfPattern struct {
	String *string `json:"String,omitempty"`
	Regex  *string `json:"Regex,omitempty"`
}
