package tokenizer

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A splitter cuts a piece of text into pieces, and may change it.
type splitter func(piece string) []string

// splitters makes functions of a tokenizer.json's pre_tokenizer, in their
// order, and reports whether one turns bytes into the byte alphabet.
func splitters(part json.RawMessage) (steps []splitter, byteLevel bool, err error) {
	all, err := components(part, "pretokenizers")
	for _, c := range all {
		step, err := newSplitter(c.name, c.text)
		if err != nil {
			return nil, false, err
		}
		if c.name == "ByteLevel" && byteLevel {
			return nil, false, fmt.Errorf("%s twice; want it once", c.name)
		}
		steps, byteLevel = append(steps, step), byteLevel || c.name == "ByteLevel"
	}
	return steps, byteLevel, err
}

func newSplitter(name string, part json.RawMessage) (splitter, error) {
	switch name {
	case "Split":
		return newSplit(name, part)
	case "Metaspace":
		return newMetaspace(name, part)
	case "ByteLevel":
		return newByteLevel(name, part)
	case "BertPreTokenizer":
		return bertWords, fields(part, name, &typed{})
	case "WhitespaceSplit":
		return strings.Fields, fields(part, name, &typed{})
	}
	return nil, fmt.Errorf("%q; want Split, Metaspace, ByteLevel, WhitespaceSplit, "+
		"BertPreTokenizer or a Sequence", name)
}

// newSplit reads a Split: pieces between the places of a pattern.
func newSplit(name string, part json.RawMessage) (splitter, error) {
	x := struct {
		typed
		Pattern  hfPattern `json:"pattern"`
		Behavior string    `json:"behavior"`
		Invert   bool      `json:"invert"`
	}{}
	if err := fields(part, name, &x); err != nil {
		return nil, err
	}
	find, err := x.Pattern.compile()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	join, ok := behaviors[x.Behavior]
	if !ok {
		return nil, fmt.Errorf("%s: behavior %q; want Removed, Isolated, MergedWithPrevious or MergedWithNext",
			name, x.Behavior)
	}
	return func(s string) []string { return join(s, spans(s, find(s), x.Invert)) }, nil
}

// A span is a piece of a text that is a delimiter, or is none.
type span struct {
	start, end int
	delimiter  bool
}

// spans cuts all of s at the places of a pattern. They are the delimiters, or,
// inverted, all but them is.
func spans(s string, places [][]int, inverted bool) (all []span) {
	at := 0
	for _, p := range places {
		if at < p[0] {
			all = append(all, span{at, p[0], inverted})
		}
		all = append(all, span{p[0], p[1], !inverted})
		at = p[1]
	}
	if at < len(s) {
		all = append(all, span{at, len(s), inverted})
	}
	return all
}

// behaviors are what may become of delimiters.
var behaviors = map[string]func(s string, all []span) []string{
	"Removed": func(s string, all []span) (pieces []string) {
		for _, x := range all {
			if !x.delimiter {
				pieces = append(pieces, s[x.start:x.end])
			}
		}
		return pieces
	},
	"Isolated": func(s string, all []span) (pieces []string) {
		for _, x := range all {
			pieces = append(pieces, s[x.start:x.end])
		}
		return pieces
	},
	"MergedWithPrevious": func(s string, all []span) (pieces []string) {
		start := 0
		for i, x := range all { // of two delimiters, the second stands alone
			if i+1 < len(all) && all[i+1].delimiter && !x.delimiter {
				continue
			}
			pieces = append(pieces, s[start:x.end])
			start = x.end
		}
		return pieces
	},
	"MergedWithNext": func(s string, all []span) (pieces []string) {
		start := 0
		for i, x := range all { // of two delimiters, the first stands alone
			if i+1 < len(all) && x.delimiter && !all[i+1].delimiter {
				continue
			}
			pieces = append(pieces, s[start:x.end])
			start = x.end
		}
		return pieces
	},
}

// newMetaspace reads a Metaspace: a sign for each space, and before the text.
func newMetaspace(name string, part json.RawMessage) (splitter, error) {
	x := struct {
		typed
		Replacement string `json:"replacement"`
		AddPrefix   *bool  `json:"add_prefix_space"` // older files have this
		Scheme      string `json:"prepend_scheme"`
		Split       *bool  `json:"split"`
		StrRep      string `json:"str_rep"` // older files have it; the same as Replacement
	}{}
	if err := fields(part, name, &x); err != nil {
		return nil, err
	}
	if utf8.RuneCountInString(x.Replacement) != 1 {
		return nil, fmt.Errorf("%s: replacement %q; want one character", name, x.Replacement)
	}
	prefix := x.Scheme == "always" || x.Scheme == "" && (x.AddPrefix == nil || *x.AddPrefix)
	switch {
	case x.Scheme != "" && x.Scheme != "always" && x.Scheme != "never":
		return nil, fmt.Errorf("%s: prepend_scheme %q; want always or never", name, x.Scheme)
	case x.AddPrefix != nil && *x.AddPrefix != prefix:
		return nil, fmt.Errorf("%s: prepend_scheme %q with add_prefix_space %t", name, x.Scheme, *x.AddPrefix)
	}
	return func(s string) []string {
		s = strings.ReplaceAll(s, " ", x.Replacement)
		if prefix && !strings.HasPrefix(s, x.Replacement) {
			s = x.Replacement + s
		}
		if x.Split != nil && !*x.Split {
			return []string{s}
		}
		return behaviors["MergedWithNext"](s, spans(s, places(s, x.Replacement), false))
	}, nil
}

// newByteLevel reads a ByteLevel: GPT-2's words, in the byte alphabet.
func newByteLevel(name string, part json.RawMessage) (splitter, error) {
	x := struct {
		typed
		Prefix bool  `json:"add_prefix_space"`
		Trim   bool  `json:"trim_offsets"` // does not change ids
		Regex  *bool `json:"use_regex"`    // absent means true
	}{}
	if err := fields(part, name, &x); err != nil {
		return nil, err
	}
	return func(s string) (pieces []string) {
		if x.Prefix && !strings.HasPrefix(s, " ") {
			s = " " + s
		}
		if x.Regex != nil && !*x.Regex {
			return []string{toAlphabet(s)}
		}
		for len(s) > 0 {
			n := gpt2Word(s)
			pieces = append(pieces, toAlphabet(s[:n]))
			s = s[n:]
		}
		return pieces
	}, nil
}

// toAlphabet writes bytes in the byte alphabet.
func toAlphabet(s string) string {
	var out strings.Builder
	for i := range len(s) {
		out.WriteRune(alphabet[s[i]])
	}
	return out.String()
}

// gpt2Word is the length of the word at the start of text by GPT-2's pattern:
//
//	's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
func gpt2Word(text string) int {
	for _, c := range contractions {
		if strings.HasPrefix(text, c) {
			return len(c)
		}
	}
	rest := strings.TrimPrefix(text, " ")
	if first, _ := utf8.DecodeRuneInString(rest); rest != "" && !unicode.IsSpace(first) {
		n := strings.IndexFunc(rest, func(r rune) bool { return plainKind(r) != plainKind(first) })
		if n < 0 {
			return len(text)
		}
		return len(text) - len(rest) + n
	}
	n := strings.IndexFunc(text, func(r rune) bool { return !unicode.IsSpace(r) })
	if n < 0 {
		return len(text)
	}
	if _, size := utf8.DecodeLastRuneInString(text[:n]); size < n {
		return n - size // the last space belongs to the next word
	}
	return n
}

// plainKind is the class of a character in a pattern that heeds case.
func plainKind(r rune) runeKind {
	switch {
	case unicode.IsSpace(r):
		return space
	case unicode.IsLetter(r):
		return letter
	case unicode.Is(unicode.N, r):
		return number
	}
	return other
}
