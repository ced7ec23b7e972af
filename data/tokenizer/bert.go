package tokenizer

import (
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// newBertNormalizer reads a BertNormalizer: control characters are dropped, an
// ideograph becomes a word of its own, letters lose their accents and are
// lowered.
func newBertNormalizer(name string, part json.RawMessage) (func(string) string, error) {
	x := struct {
		typed
		Clean     bool  `json:"clean_text"`
		Chinese   bool  `json:"handle_chinese_chars"`
		Accents   *bool `json:"strip_accents"` // null means as lowercase
		Lowercase bool  `json:"lowercase"`
	}{Clean: true, Chinese: true, Lowercase: true}
	if err := fields(part, name, &x); err != nil {
		return nil, err
	}
	strip := x.Lowercase
	if x.Accents != nil {
		strip = *x.Accents
	}
	return func(s string) string {
		if x.Clean {
			s = strings.Map(bertClean, s)
		}
		if x.Chinese {
			s = spaceIdeographs(s)
		}
		if strip {
			s = strings.Map(dropAccent, norm.NFD.String(s))
		}
		if x.Lowercase {
			s = lowerEach(s)
		}
		return s
	}, nil
}

// bertClean drops what is no text, and makes any white space a space.
func bertClean(r rune) rune {
	switch {
	case strings.ContainsRune(" \t\n\r", r):
		return ' '
	case r == utf8.RuneError || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co):
		return -1
	case unicode.IsSpace(r):
		return ' '
	}
	return r
}

func dropAccent(r rune) rune {
	if unicode.Is(unicode.Mn, r) {
		return -1
	}
	return r
}

// ideographs are those that BERT puts spaces around. The gap before 2b920 is in
// Hugging Face's tokenizers too; BERT's own table starts at 2b820.
var ideographs = &unicode.RangeTable{
	R16: []unicode.Range16{{Lo: 0x3400, Hi: 0x4dbf, Stride: 1}, {Lo: 0x4e00, Hi: 0x9fff, Stride: 1},
		{Lo: 0xf900, Hi: 0xfaff, Stride: 1}},
	R32: []unicode.Range32{{Lo: 0x20000, Hi: 0x2a6df, Stride: 1}, {Lo: 0x2a700, Hi: 0x2b73f, Stride: 1},
		{Lo: 0x2b740, Hi: 0x2b81f, Stride: 1}, {Lo: 0x2b920, Hi: 0x2ceaf, Stride: 1},
		{Lo: 0x2f800, Hi: 0x2fa1f, Stride: 1}},
}

func spaceIdeographs(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(ideographs, r) }) {
		return s
	}
	var out strings.Builder
	for _, r := range s {
		if unicode.Is(ideographs, r) {
			out.WriteByte(' ')
			out.WriteRune(r)
			r = ' '
		}
		out.WriteRune(r)
	}
	return out.String()
}

// bertWords cuts at white space, which it drops, and around each sign.
func bertWords(s string) (words []string) {
	for _, word := range strings.Fields(s) {
		start := 0
		for at, r := range word {
			if !unicode.IsPunct(r) && (r >= utf8.RuneSelf || !unicode.IsSymbol(r)) {
				continue
			}
			if start < at {
				words = append(words, word[start:at])
			}
			start = at + utf8.RuneLen(r)
			words = append(words, word[at:start])
		}
		if start < len(word) {
			words = append(words, word[start:])
		}
	}
	return words
}
