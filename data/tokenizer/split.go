package tokenizer

import (
	"iter"
	"unicode"
	"unicode/utf8"
)

// contractions are words of their own.
var contractions = [...]string{"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"}

// words splits clean text as CLIP's pattern does, without regard to case:
//
//	<start_of_text>|<end_of_text>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+
func words(text string, specials [2]string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for len(text) > 0 {
			n := prefix(text, specials)
			if n == 0 {
				_, n = utf8.DecodeRuneInString(text)
				text = text[n:]
				continue
			}
			if !yield(text[:n]) {
				return
			}
			text = text[n:]
		}
	}
}

// prefix is the length of the word at the start of text; 0 if that is a space.
func prefix(text string, specials [2]string) int {
	for _, s := range specials {
		if n := foldPrefix(text, s); n > 0 {
			return n
		}
	}
	for _, c := range contractions {
		if n := foldPrefix(text, c); n > 0 {
			return n
		}
	}
	first, size := utf8.DecodeRuneInString(text)
	kind := kindOf(first)
	switch kind {
	case space:
		return 0
	case number:
		return size
	}
	for i, r := range text {
		if kindOf(r) != kind {
			return i
		}
	}
	return len(text)
}

type runeKind int

const (
	space runeKind = iota
	letter
	number
	other
)

func kindOf(r rune) runeKind {
	switch {
	case unicode.IsLetter(r):
		return letter
	case unicode.Is(unicode.N, r):
		return number
	case isSpace(r), r == '\u0345': // of no class of CLIP's pattern without regard to case
		return space
	}
	return other
}

// foldPrefix is the number of bytes of text that match a lower-case p without
// regard to case, or 0. A long s matches an s, as it does in a pattern.
func foldPrefix(text, p string) int {
	if len(text) == 0 || text[0] != p[0] {
		return 0 // all begin with a sign, which has no case
	}
	rest := text
	for _, want := range p {
		r, size := utf8.DecodeRuneInString(rest)
		if r == 'ſ' {
			r = 's'
		}
		if size == 0 || unicode.ToLower(r) != want {
			return 0
		}
		rest = rest[size:]
	}
	return len(text) - len(rest)
}
