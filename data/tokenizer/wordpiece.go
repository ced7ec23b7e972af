package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// A wordpiece takes the longest token that a word starts with, then the longest
// of those that continue a word, and so on (Schuster and Nakajima 2012), as
// BERT does. A word that cannot be cut so is one unknown token.
type wordpiece struct {
	first, next *prefixes // tokens at the start of a word, and within one
	unk         int32
	continuing  string // before a token within a word
	most        int    // characters of the longest word that is looked at
}

// newWordPiece reads a model of kind WordPiece. The strings are the tokens by id.
func newWordPiece(part json.RawMessage) (*wordpiece, []string, error) {
	var x struct {
		typed
		Unk        string           `json:"unk_token"`
		Continuing string           `json:"continuing_subword_prefix"`
		Most       int              `json:"max_input_chars_per_word"`
		Vocab      map[string]int32 `json:"vocab"`
	}
	if err := strict(part, &x); err != nil {
		return nil, nil, err
	}
	if x.Vocab == nil {
		return nil, nil, errors.New("no vocabulary")
	}
	unk, ok := x.Vocab[x.Unk]
	switch {
	case !ok:
		return nil, nil, fmt.Errorf("vocabulary has no token %q, the unk_token", x.Unk)
	case x.Continuing == "":
		return nil, nil, errors.New("no continuing_subword_prefix; want one, such as ##")
	case x.Most < 1:
		return nil, nil, fmt.Errorf("max_input_chars_per_word %d; want 1 or more", x.Most)
	}
	texts, err := dense(x.Vocab)
	if err != nil {
		return nil, nil, err
	}
	m := &wordpiece{unk: unk, continuing: x.Continuing, most: x.Most}
	var within []string
	var ids []int32
	for id, s := range texts {
		if n := len(x.Continuing); len(s) > n && s[:n] == x.Continuing {
			within, ids = append(within, s[n:]), append(ids, int32(id))
		}
	}
	m.first = newPrefixes(texts, func(i int) int32 { return int32(i) })
	m.next = newPrefixes(within, func(i int) int32 { return ids[i] })
	return m, texts, nil
}

// encode returns the ids of a word.
func (m *wordpiece) encode(word string) (ids []int32) {
	if utf8.RuneCountInString(word) > m.most {
		return []int32{m.unk}
	}
	for at, set := 0, m.first; at < len(word); set = m.next {
		n, id := set.longest(word[at:])
		if n == 0 {
			return []int32{m.unk}
		}
		ids = append(ids, id)
		at += n
	}
	return ids
}
