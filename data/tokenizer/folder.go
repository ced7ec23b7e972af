package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// settings are what the files beside a vocabulary say of it.
type settings struct {
	openCLIP        *openCLIPConfig
	tokenizerConfig *tokenizerConfig
	pad             string // the padding token; "" if nothing says one
	stripSep        bool   // the id of the end becomes 0
}

// openCLIPConfig is the part of an open_clip_config.json that is about texts.
type openCLIPConfig struct {
	Model struct {
		Text struct {
			Tokenizer string                     `json:"hf_tokenizer_name"`
			Kwargs    map[string]json.RawMessage `json:"tokenizer_kwargs"`
			VocabSize int                        `json:"vocab_size"`
		} `json:"text_cfg"`
	} `json:"model_cfg"`
}

// tokenizerConfig is the part of a tokenizer_config.json that changes ids and
// is not in a tokenizer.json as well.
type tokenizerConfig struct {
	Class       string                  `json:"tokenizer_class"`
	PadToken    tokenName               `json:"pad_token"`
	BOS         tokenName               `json:"bos_token"`
	EOS         tokenName               `json:"eos_token"`
	Unk         tokenName               `json:"unk_token"`
	PaddingSide string                  `json:"padding_side"`
	AddBOS      *bool                   `json:"add_bos_token"`
	AddEOS      *bool                   `json:"add_eos_token"`
	Added       map[int32]addedInConfig `json:"added_tokens_decoder"`
}

type addedInConfig struct {
	Content string `json:"content"`
}

// A tokenName is written as text, or as an object with its content.
type tokenName string

// UnmarshalJSON reads either form.
func (n *tokenName) UnmarshalJSON(text []byte) error {
	var object addedInConfig
	if json.Unmarshal(text, &object) == nil {
		*n = tokenName(object.Content)
		return nil
	}
	return json.Unmarshal(text, (*string)(n))
}

// readSettings reads what there is of settings in a folder.
func readSettings(dir string) (s settings, err error) {
	if s.openCLIP, err = optional[openCLIPConfig](dir, "open_clip_config.json"); err != nil {
		return s, err
	}
	if s.openCLIP != nil {
		s.stripSep = string(s.openCLIP.Model.Text.Kwargs["strip_sep_token"]) == "true"
	}
	if s.tokenizerConfig, err = optional[tokenizerConfig](dir, "tokenizer_config.json"); err != nil {
		return s, err
	}
	specials, err := optional[struct {
		Pad tokenName `json:"pad_token"`
	}](dir, "special_tokens_map.json")
	if err != nil {
		return s, err
	}
	if specials != nil {
		s.pad = string(specials.Pad)
	}
	if c := s.tokenizerConfig; c != nil {
		if c.PadToken != "" {
			s.pad = string(c.PadToken)
		}
		if c.PaddingSide == "" && strings.HasPrefix(c.Class, "Gemma") {
			c.PaddingSide = "left" // the default of that class
		}
		if c.PaddingSide != "" && c.PaddingSide != "right" {
			return s, fmt.Errorf("tokenizer_config.json: padding_side %q; want right", c.PaddingSide)
		}
	}
	return s, nil
}

// optional reads a JSON file if it is there; else it returns nil.
func optional[T any](dir, name string) (*T, error) {
	text, err := readFile(filepath.Join(dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var v T
	if err := json.Unmarshal(text, &v); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &v, nil
}

// cleaning is what open_clip does to a text first; without an
// open_clip_config.json that is standard.
func (s settings) cleaning(standard Clean) (Clean, error) {
	if s.openCLIP == nil {
		return standard, nil
	}
	clean := CleanWhitespace
	if s.openCLIP.Model.Text.Tokenizer == "" {
		clean = CleanLower
	}
	kwargs := s.openCLIP.Model.Text.Kwargs
	for _, name := range slices.Sorted(maps.Keys(kwargs)) {
		value := kwargs[name]
		err := fmt.Errorf("have %s", value)
		switch name {
		case "clean":
			if err = json.Unmarshal(value, &clean); err == nil {
				err = clean.validate()
			}
		case "strip_sep_token":
			if string(value) == "false" || s.stripSep && s.openCLIP.Model.Text.Tokenizer != "" {
				err = nil
			}
		}
		if err != nil {
			return "", fmt.Errorf("open_clip_config.json: tokenizer_kwargs: %s: %w; want clean, or strip_sep_token of a named tokenizer", name, err)
		}
	}
	return clean, nil
}

// loadFolder reads the vocabulary of a folder as open_clip or transformers
// would, or as Train's was written.
func loadFolder(dir string) (*Tokenizer, error) {
	s, err := readSettings(dir)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	if s.openCLIP != nil && s.openCLIP.Model.Text.Tokenizer == "" {
		t, err := s.standard()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", dir, err)
		}
		return t, nil
	}
	for _, name := range []string{"tokenizer.json", "merges.txt"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			return load(filepath.Join(dir, name))
		}
	}
	for _, name := range []string{"spiece.model", "tokenizer.model", "vocab.txt"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			return nil, fmt.Errorf("%s: has %s alone; want a tokenizer.json, which transformers writes from it",
				dir, name)
		}
	}
	if s.openCLIP != nil {
		return nil, fmt.Errorf("%s: open_clip_config.json names the tokenizer %q; "+
			"want its tokenizer.json in the folder",
			dir, s.openCLIP.Model.Text.Tokenizer)
	}
	return nil, fmt.Errorf("%s: no tokenizer.json, no merges.txt with vocab.json, no open_clip_config.json", dir)
}

// standard is open_clip's tokenizer where the config names none.
func (s settings) standard() (*Tokenizer, error) {
	t, err := clipVocabulary()
	if err != nil {
		return nil, err
	}
	if n := s.openCLIP.Model.Text.VocabSize; n != 0 && n < t.Size() {
		return nil, fmt.Errorf("open_clip_config.json: no hf_tokenizer_name, so CLIP's %d tokens, with vocab_size %d; "+
			"want the name of a tokenizer, or %[1]d", t.Size(), n)
	}
	clean, err := s.cleaning(CleanLower)
	if err != nil {
		return nil, err
	}
	return t.WithClean(clean)
}
