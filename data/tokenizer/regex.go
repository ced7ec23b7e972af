package tokenizer

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// A matcher returns the places [start, end) of a pattern in a text, in order.
type matcher func(text string) [][]int

// compile makes a matcher of a pattern, which never matches nothing.
func (p hfPattern) compile() (matcher, error) {
	switch {
	case p.String != nil && p.Regex == nil:
		if *p.String == "" {
			return nil, errors.New("an empty pattern")
		}
		return func(text string) [][]int { return places(text, *p.String) }, nil
	case p.Regex != nil && p.String == nil:
		re, err := compileRegex(*p.Regex)
		if err != nil {
			return nil, err
		}
		return func(text string) [][]int { return re.FindAllStringIndex(text, -1) }, nil
	}
	return nil, errors.New("pattern; want a String or a Regex")
}

// places are the ranges of bytes where text has s.
func places(text, s string) (all [][]int) {
	for at := 0; ; {
		i := strings.Index(text[at:], s)
		if i < 0 {
			return all
		}
		all = append(all, []int{at + i, at + i + len(s)})
		at += i + len(s)
	}
}

// unicodeSpace is White_Space, within brackets.
const unicodeSpace = `\t-\r\x{85}\p{Z}`

// compileRegex compiles an expression of Oniguruma, whose \s is all of Unicode's
// white space, where Go's is ASCII. Escapes that might differ otherwise are
// refused.
func compileRegex(pattern string) (*regexp.Regexp, error) {
	var out strings.Builder
	class := 0 // depth of brackets
	for i := 0; i < len(pattern); i++ {
		c := pattern[i]
		switch {
		case c == '[':
			class++
		case c == ']' && class > 0:
			class--
		case class == 0 && (c == '^' || c == '$'), class > 0 && strings.HasPrefix(pattern[i:], "&&"):
			return nil, fmt.Errorf("regular expression %q: %c is not supported", pattern, c)
		case c == '\\' && i+1 < len(pattern):
			i++
			switch e := pattern[i]; {
			case e == 's' && class > 0:
				out.WriteString(unicodeSpace)
			case e == 's':
				out.WriteString("[" + unicodeSpace + "]")
			case e == 'S' && class == 0:
				out.WriteString("[^" + unicodeSpace + "]")
			case strings.IndexByte("pPrnt", e) >= 0, !alphanumeric(e):
				out.WriteString(pattern[i-1 : i+1])
			default:
				return nil, fmt.Errorf("regular expression %q: \\%c is not supported", pattern, e)
			}
			continue
		}
		if class > 1 {
			return nil, fmt.Errorf("regular expression %q: brackets in brackets are not supported", pattern)
		}
		out.WriteByte(c)
	}
	re, err := regexp.Compile(out.String())
	if err != nil {
		return nil, fmt.Errorf("regular expression %q: %s",
			pattern, strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	if re.MatchString("") {
		return nil, fmt.Errorf("regular expression %q matches nothing at all; want one that does not", pattern)
	}
	return re, nil
}

func alphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}
