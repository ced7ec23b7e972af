package tokenizer

import (
	"fmt"
	"html"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"
)

// A Clean is how a text is cleaned before it is split into tokens, by
// open_clip's names. All but CleanNone unescape HTML twice, normalize to NFC
// and trim.
type Clean string

const (
	// CleanNone leaves the text as it is, as transformers does.
	CleanNone Clean = "none"
	// CleanWhitespace makes each run of white space one space: open_clip's way
	// with a tokenizer of Hugging Face.
	CleanWhitespace Clean = "whitespace"
	// CleanLower does that and lowers: open_clip's way with CLIP's vocabulary.
	CleanLower Clean = "lower"
	// CleanCanonicalize makes "_" a space, removes ASCII punctuation, lowers, and
	// makes each run of white space one space: SigLIP's way.
	CleanCanonicalize Clean = "canonicalize"
)

var cleans = []Clean{CleanNone, CleanWhitespace, CleanLower, CleanCanonicalize}

func (c Clean) validate() error {
	if c != "" && !slices.Contains(cleans, c) {
		return fmt.Errorf("clean %q; want none, whitespace, lower or canonicalize", string(c))
	}
	return nil
}

// apply returns text cleaned.
func (c Clean) apply(text string) string {
	switch c {
	case CleanWhitespace:
		return oneSpace(basic(text))
	case CleanLower:
		return lower(oneSpace(basic(text)))
	case CleanCanonicalize:
		return oneSpace(lower(strings.Map(canonical, basic(text))))
	}
	return text
}

// basic is open_clip's basic_clean, of ftfy NFC alone.
func basic(text string) string { return norm.NFC.String(unescape(unescape(text))) }

// oneSpace trims and makes each run of white space one space.
func oneSpace(text string) string { return strings.Join(strings.FieldsFunc(text, isSpace), " ") }

// lower is Python's str.lower.
func lower(text string) string {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf { // a final sigma and a dotted I need more than ToLower
			return cases.Lower(language.Und).String(text)
		}
	}
	return strings.ToLower(text)
}

// canonical makes "_" a space and drops the rest of Python's string.punctuation.
func canonical(r rune) rune {
	switch {
	case r == '_':
		return ' '
	case r < utf8.RuneSelf && (unicode.IsPunct(r) || unicode.IsSymbol(r)):
		return -1
	}
	return r
}

// isSpace is Python's str.isspace.
func isSpace(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f }

// unescape is Python's html.unescape. Go's differs in numeric references: it
// keeps invalid ones, and wants a semicolon after one digit.
func unescape(s string) string {
	amp := strings.IndexByte(s, '&')
	if amp < 0 {
		return s
	}
	var out strings.Builder
	for amp >= 0 {
		out.WriteString(s[:amp])
		s = s[amp:]
		n := reference(s)
		switch {
		case n == 0:
			out.WriteByte('&')
			n = 1
		case s[1] == '#':
			out.WriteString(numeric(s[2:n]))
		case s[:n] == "&nGt;":
			out.WriteString("≫\u20d2") // this and the next are not in Go's table
		case s[:n] == "&nLt;":
			out.WriteString("≪\u20d2")
		default:
			out.WriteString(html.UnescapeString(s[:n]))
		}
		s = s[n:]
		amp = strings.IndexByte(s, '&')
	}
	out.WriteString(s)
	return out.String()
}

// reference is the length of the character reference that s starts with, or 0:
// a number, or a name of 1 to 32 characters, and a semicolon if there is one.
func reference(s string) int {
	i := 1
	if strings.HasPrefix(s, "&#") {
		digits := "0123456789"
		if i = 2; len(s) > 2 && s[2]|0x20 == 'x' {
			digits, i = "0123456789abcdefABCDEF", 3
		}
		start := i
		for i < len(s) && strings.IndexByte(digits, s[i]) >= 0 {
			i++
		}
		if i == start {
			return 0
		}
	} else {
		for n := 0; i < len(s) && n < 32 && strings.IndexByte("\t\n\f <&#;", s[i]) < 0; n++ {
			_, size := utf8.DecodeRuneInString(s[i:])
			i += size
		}
		if i == 1 {
			return 0
		}
	}
	if i < len(s) && s[i] == ';' {
		i++
	}
	return i
}

// cp1252 is what the numbers 0x80 to 0x9f stand for.
var cp1252 = []rune("\u20ac\u0081\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u008d\u017d\u008f" +
	"\u0090\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u009d\u017e\u0178")

// numeric is the character of a number such as "233;" or "xE9".
func numeric(number string) string {
	digits, base := strings.TrimSuffix(number, ";"), 10
	if digits[0]|0x20 == 'x' {
		digits, base = digits[1:], 16
	}
	n, err := strconv.ParseInt(digits, base, 64)
	switch {
	case err != nil || n == 0 || n >= 0xd800 && n <= 0xdfff || n > unicode.MaxRune:
		return "\ufffd"
	case n == '\r':
		return "\r"
	case n >= 0x80 && n <= 0x9f:
		return string(cp1252[n-0x80])
	case n <= 8 || n == 0xb || n >= 0xe && n <= 0x1f || n == 0x7f || n >= 0xfdd0 && n <= 0xfdef || n&0xfffe == 0xfffe:
		return ""
	}
	return string(rune(n))
}
