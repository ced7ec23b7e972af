package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// subwords is the model of a tokenizer.json: a *bpe, a *unigram or a *wordpiece.
type subwords interface {
	// encode returns the ids of a piece of text, which is not empty.
	encode(piece string) []int32
}

// A bpe is a byte-pair encoding of characters, by the rules of a tokenizer.json.
type bpe struct {
	ids    map[string]int32
	merges map[pair]merge
	suffix string // of the last character of a piece
	unk    int32  // -1 if every character has tokens
	fuse   bool   // neighboring unknown characters become one token
	whole  bool   // a piece that is a token is not built by merges
	bytes  byteTokens
}

// hfBPE is the model of a tokenizer.json of kind BPE.
type hfBPE struct {
	Type   string           `json:"type"`
	Suffix string           `json:"end_of_word_suffix"`
	Vocab  map[string]int32 `json:"vocab"`
	Merges []hfMerge        `json:"merges"`

	Dropout      *float64 `json:"dropout"`
	UnkToken     string   `json:"unk_token"`
	Continuing   string   `json:"continuing_subword_prefix"`
	FuseUnk      bool     `json:"fuse_unk"`
	ByteFallback bool     `json:"byte_fallback"`
	IgnoreMerges bool     `json:"ignore_merges,omitempty"`
}

// An hfMerge is written as "a b" by old versions and as ["a", "b"] by new ones.
type hfMerge [2]string

// UnmarshalJSON reads either form.
func (m *hfMerge) UnmarshalJSON(text []byte) error {
	if len(text) > 0 && text[0] == '[' {
		both := []*string{&m[0], &m[1]}
		if err := json.Unmarshal(text, &both); err != nil || len(both) != 2 || both[0] == nil || both[1] == nil {
			return fmt.Errorf("merge %s; want two symbols", text)
		}
		return nil
	}
	var s string
	if err := json.Unmarshal(text, &s); err != nil {
		return err
	}
	var ok bool
	if m[0], m[1], ok = strings.Cut(s, " "); !ok || strings.Contains(m[1], " ") {
		return fmt.Errorf("merge %q; want two symbols", s)
	}
	return nil
}

// MarshalJSON writes the old form.
func (m hfMerge) MarshalJSON() ([]byte, error) { return json.Marshal(m[0] + " " + m[1]) }

// newBPE reads a model of kind BPE. The strings are the tokens by id; byteLevel
// says that pieces come in the byte alphabet.
func newBPE(part json.RawMessage, byteLevel bool) (*bpe, []string, error) {
	var x hfBPE
	if err := strict(part, &x); err != nil {
		return nil, nil, err
	}
	return x.build(byteLevel)
}

func (x hfBPE) build(byteLevel bool) (*bpe, []string, error) {
	switch {
	case x.Vocab == nil:
		return nil, nil, errors.New("no vocabulary")
	case x.Dropout != nil && *x.Dropout != 0:
		return nil, nil, fmt.Errorf("dropout %g; want none", *x.Dropout)
	case x.Continuing != "":
		return nil, nil, fmt.Errorf("continuing_subword_prefix %q is not supported", x.Continuing)
	case x.ByteFallback && x.Suffix != "":
		return nil, nil, fmt.Errorf("byte_fallback with end_of_word_suffix %q is not supported", x.Suffix)
	}
	texts, err := dense(x.Vocab)
	if err != nil {
		return nil, nil, err
	}
	m := &bpe{ids: x.Vocab, suffix: x.Suffix, unk: -1, fuse: x.FuseUnk, whole: x.IgnoreMerges}
	if x.ByteFallback {
		m.bytes = newByteTokens(x.Vocab)
	}
	if x.UnkToken != "" {
		id, ok := x.Vocab[x.UnkToken]
		if !ok {
			return nil, nil, fmt.Errorf("vocabulary has no token %q, the unk_token", x.UnkToken)
		}
		m.unk = id
	} else if len(m.bytes) < 256 && (!byteLevel || !m.hasAlphabet()) {
		return nil, nil, errors.New("no unk_token, nor tokens for all bytes")
	}
	m.merges, err = x.rules()
	return m, texts, err
}

// dense returns the tokens by id; each id below their number has one.
func dense(vocab map[string]int32) ([]string, error) {
	texts, used := make([]string, len(vocab)), make([]bool, len(vocab))
	for s, id := range vocab {
		if id < 0 || int(id) >= len(texts) {
			return nil, fmt.Errorf("token %q has id %d; want less than %d, the size of the vocabulary",
				s, id, len(texts))
		}
		if used[id] {
			other := []string{texts[id], s}
			slices.Sort(other)
			return nil, fmt.Errorf("tokens %q and %q have the id %d; want one each", other[0], other[1], id)
		}
		texts[id], used[id] = s, true
	}
	return texts, nil
}

// rules are the merges by the ids of their pairs.
func (x hfBPE) rules() (map[pair]merge, error) {
	rules := make(map[pair]merge, len(x.Merges))
	for i, two := range x.Merges {
		left, okLeft := x.Vocab[two[0]]
		right, okRight := x.Vocab[two[1]]
		made, ok := x.Vocab[two[0]+two[1]]
		if !okLeft || !okRight || !ok {
			return nil, fmt.Errorf("merge %d: %q and %q; want both and what they make in the vocabulary",
				i+1, two[0], two[1])
		}
		if _, twice := rules[pair{left, right}]; twice {
			return nil, fmt.Errorf("merge %d: %q and %q; want a new pair", i+1, two[0], two[1])
		}
		rules[pair{left, right}] = merge{int32(i), made}
	}
	return rules, nil
}

// hasAlphabet reports whether each byte has a token, within a piece and at its
// end.
func (m *bpe) hasAlphabet() bool {
	for _, r := range alphabet {
		_, within := m.ids[string(r)]
		_, end := m.ids[string(r)+m.suffix]
		if !within || !end {
			return false
		}
	}
	return true
}

// encode returns the ids of a piece.
func (m *bpe) encode(piece string) []int32 {
	if id, ok := m.ids[piece]; ok && m.whole {
		return []int32{id}
	}
	s, unknown := make([]int32, 0, len(piece)), false // unknown characters wait for the next known one
	for i, r := range piece {
		end := i + utf8.RuneLen(r)
		symbol := piece[i:end]
		if end == len(piece) {
			symbol += m.suffix
		}
		if id, ok := m.ids[symbol]; ok {
			if unknown {
				s, unknown = append(s, m.unk), false
			}
			s = append(s, id)
			continue
		}
		if bytes, ok := m.bytes.of(symbol); ok {
			s = append(s, bytes...)
			continue
		}
		if unknown && !m.fuse {
			s = append(s, m.unk)
		}
		unknown = true
	}
	if unknown {
		s = append(s, m.unk)
	}
	return mergeQueue(s, m.merges)
}
