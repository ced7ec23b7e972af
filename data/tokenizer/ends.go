package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// ends are the ids that a tokenizer.json's post_processor puts before and
// behind a text; size is the number of tokens.
func ends(part json.RawMessage, size int) (start, end []int32, err error) {
	all, err := components(part, "processors")
	for _, c := range all { // the first is innermost
		before, behind, err := endsOf(c)
		if err != nil {
			return nil, nil, err
		}
		for _, id := range slices.Concat(before, behind) {
			if id < 0 || int(id) >= size {
				return nil, nil, fmt.Errorf("%s: id %d; want one of %d tokens", c.name, id, size)
			}
		}
		start, end = append(before, start...), append(end, behind...)
	}
	return start, end, err
}

// endsOf returns the ids that one processor puts before and behind a text.
func endsOf(c component) (start, end []int32, err error) {
	switch c.name {
	case "ByteLevel": // moves offsets alone
		return nil, nil, nil
	case "TemplateProcessing":
		return template(c.text)
	case "RobertaProcessing", "BertProcessing":
		return clsAndSep(c.text, c.name)
	}
	return nil, nil, fmt.Errorf(
		"%q; want TemplateProcessing, RobertaProcessing, BertProcessing, ByteLevel or a Sequence", c.name)
}

// template reads what a TemplateProcessing makes of a single text.
func template(part json.RawMessage) (start, end []int32, err error) {
	type name struct {
		ID     string `json:"id"`
		TypeID int    `json:"type_id"`
	}
	var x struct {
		typed
		Single []struct {
			SpecialToken, Sequence *name
		} `json:"single"`
		Pair    json.RawMessage `json:"pair"` // of two texts, which no caption is
		Special map[string]struct {
			ID     string   `json:"id"`
			IDs    []int32  `json:"ids"`
			Tokens []string `json:"tokens"`
		} `json:"special_tokens"`
	}
	if err := fields(part, "TemplateProcessing", &x); err != nil {
		return nil, nil, err
	}
	texts := 0
	for _, item := range x.Single {
		switch {
		case item.Sequence != nil && item.SpecialToken == nil:
			texts++
		case item.SpecialToken != nil && item.Sequence == nil:
			special, ok := x.Special[item.SpecialToken.ID]
			if !ok {
				return nil, nil, fmt.Errorf("TemplateProcessing: no special token %q", item.SpecialToken.ID)
			}
			if texts == 0 {
				start = append(start, special.IDs...)
			} else {
				end = append(end, special.IDs...)
			}
		default:
			return nil, nil, errors.New("TemplateProcessing: want SpecialTokens and a Sequence")
		}
	}
	if texts != 1 {
		return nil, nil, fmt.Errorf("TemplateProcessing: %d times the text; want once", texts)
	}
	return start, end, nil
}

// clsAndSep reads the tokens around a text as [name, id].
func clsAndSep(part json.RawMessage, name string) (start, end []int32, err error) {
	var x struct {
		typed
		Sep    hfNamed `json:"sep"`
		CLS    hfNamed `json:"cls"`
		Trim   bool    `json:"trim_offsets"`     // does not change ids
		Prefix bool    `json:"add_prefix_space"` // nor does this
	}
	if err := fields(part, name, &x); err != nil {
		return nil, nil, err
	}
	return []int32{x.CLS.id}, []int32{x.Sep.id}, nil
}

// hfNamed is a token with its id, [token, id].
type hfNamed struct {
	token string
	id    int32
}

// UnmarshalJSON reads the pair.
func (n *hfNamed) UnmarshalJSON(text []byte) error {
	both := []any{&n.token, &n.id}
	if err := json.Unmarshal(text, &both); err != nil || len(both) != 2 {
		return errors.New("want a token and its id")
	}
	return nil
}

// stripSep makes 0 of the token at the end, wherever it is, as open_clip's
// strip_sep_token does for CLIPA. It changes t.
func (t *Tokenizer) stripSep() error {
	if _, ok := t.model.(*pipeline); !ok || len(t.end) != 1 {
		return fmt.Errorf("strip_sep_token: %d tokens at the end of a text; want 1, by a tokenizer.json",
			len(t.end))
	}
	t.zero, t.end = t.end[0], []int32{0}
	return nil
}
