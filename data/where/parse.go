// Package where has the conditions by which training chooses rows, and finds the
// rows of a Parquet file that one keeps:
//
//	similarity > 0.28 and (width >= 64 or not url = null)
//
// A condition has = != < <= > >= between columns, numbers, 'text' and true or
// false, and the words and, or and not, the weakest first or. A column is named by
// letters, digits, _ and dots, or by anything in backquotes. As in SQL, a
// comparison with a null is neither true nor false, nor is its not, and such a row
// is left out; = null and != null look for nulls. Numbers are compared as float64,
// text by its bytes.
//
// Row groups whose statistics decide a condition for all their rows are not read.
package where

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A Condition says which rows are kept.
type Condition struct {
	text    string
	root    *node
	columns []string
	places  []int // of the first use of each column, in the text
}

// A node is a part of a condition: "or", "and" or "not" of others, "column",
// one that is true or false, or a comparison.
type node struct {
	op    string
	at    int // its place in the text, from 0
	left  *node
	right *node
	sides [2]operand // of a comparison or a column
}

// An operand is a column, where column is not -1, or a value.
type operand struct {
	column int
	value  value
	at     int
}

// A value is a null, a number, a text, or true or false, which are 1 and 0.
// A whole number is number + rest, which tells those apart that a float64 does not;
// as rounding keeps their order, numbers are compared by both in turn.
type value struct {
	kind   valueKind
	number float64
	rest   int64
	text   string
}

// ofInt sets a whole number.
func (v *value) ofInt(n int64) {
	if v.number = float64(n); v.number == 1<<63 { // which no int64 is
		v.rest = n - math.MaxInt64 - 1
		return
	}
	v.rest = n - int64(v.number)
}

func (v *value) ofUint(n uint64) {
	if v.number = float64(n); v.number == 1<<64 {
		v.rest = -int64(math.MaxUint64-n) - 1
		return
	}
	v.rest = int64(n - uint64(v.number))
}

// compareNumbers is negative where a is less than b, and 0 where they are equal.
func compareNumbers(a, b value) int {
	return cmp.Or(cmp.Compare(a.number, b.number), cmp.Compare(a.rest, b.rest))
}

type valueKind int8

const (
	isNull valueKind = iota
	isNumber
	isText
	isBool
)

func (k valueKind) String() string {
	return [...]string{"null", "a number", "text", "true or false"}[k]
}

// maxBytes keeps the time that a condition takes to parse in milliseconds.
const maxBytes = 64 << 10

// Parse reads a condition. Its errors say at which character, from 1.
func Parse(text string) (*Condition, error) {
	if len(text) > maxBytes {
		return nil, fmt.Errorf("where of %d bytes; want at most %d", len(text), maxBytes)
	}
	p := &parser{Condition: &Condition{text: text}}
	if err := p.scan(); err != nil {
		return nil, err
	}
	root, err := p.or()
	if err != nil {
		return nil, err
	}
	if t := p.peek(); t.kind != tokenEnd {
		return nil, p.bad(t, "and, or, or the end")
	}
	p.root = root
	return p.Condition, nil
}

// String is the text that was parsed.
func (c *Condition) String() string { return c.text }

type tokenKind int8

const (
	tokenEnd tokenKind = iota
	tokenWord
	tokenColumn // in backquotes
	tokenNumber
	tokenText
	tokenSign
)

type token struct {
	kind tokenKind
	text string
	at   int
}

type parser struct {
	*Condition
	tokens []token
	next   int
	depth  int
}

func (c *Condition) errorf(at int, format string, args ...any) error {
	return fmt.Errorf("where %q: at %d: %s", c.text,
		utf8.RuneCountInString(c.text[:at])+1, fmt.Sprintf(format, args...))
}

func (p *parser) bad(t token, want string) error {
	have := strconv.Quote(t.text)
	if t.kind == tokenEnd {
		have = "the end"
	}
	return p.errorf(t.at, "have %s; want %s", have, want)
}

// scan splits the text into tokens.
func (p *parser) scan() error {
	s := p.text
	span := func(from int, in string) int { // the end of what is made of such letters
		for from < len(s) && strings.IndexByte(in, s[from]) >= 0 {
			from++
		}
		return from
	}
	const digits, letters = "0123456789", "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
	for i := 0; i < len(s); {
		c, end, kind := s[i], i+1, tokenSign
		text := ""
		switch {
		case strings.IndexByte(" \t\r\n", c) >= 0:
			i++
			continue
		case c == '\'' || c == '"' || c == '`':
			for kind = tokenText; ; end++ {
				n := strings.IndexByte(s[end:], c)
				if n < 0 {
					return p.errorf(i, "a %c without its end", c)
				}
				if end += n + 1; end == len(s) || s[end] != c {
					break
				}
			}
			if c == '"' { // a column in SQL, text in some of its dialects
				return p.errorf(i, "%s in double quotes; want '%[1]s' for text, `%[1]s` for a column", s[i+1:end-1])
			}
			quote := s[i : i+1]
			text = strings.ReplaceAll(s[i+1:end-1], quote+quote, quote) // twice means the quote itself
			if c == '`' {
				kind = tokenColumn
			}
		case strings.IndexByte(letters, c) >= 0 || c >= 0x80:
			for kind = tokenWord; end < len(s) &&
				(strings.IndexByte(letters+digits+".", s[end]) >= 0 || s[end] >= 0x80); {
				end++
			}
		case strings.IndexByte(digits+".-+", c) >= 0:
			kind, end = tokenNumber, span(end, digits+".")
			if end < len(s) && (s[end] == 'e' || s[end] == 'E') {
				if end++; end < len(s) && (s[end] == '-' || s[end] == '+') {
					end++
				}
				end = span(end, digits)
			}
		case strings.IndexByte("=!<>", c) >= 0:
			end = span(end, "=>")
		case c != '(' && c != ')':
			return p.errorf(i, "have %q; want a column, a number, text in ' or a sign", s[i:i+1])
		}
		if kind != tokenText && kind != tokenColumn {
			text = s[i:end]
		}
		p.tokens = append(p.tokens, token{kind, text, i})
		i = end
	}
	p.tokens = append(p.tokens, token{at: len(s)})
	return nil
}

func (p *parser) peek() token { return p.tokens[p.next] }

// word takes a word, if it is the next token.
func (p *parser) word(words ...string) bool {
	t := p.peek()
	if t.kind == tokenWord && slices.Contains(words, strings.ToLower(t.text)) || t.kind == tokenSign &&
		slices.Contains(words, t.text) {
		p.next++
		return true
	}
	return false
}

func (p *parser) or() (*node, error)  { return p.binary("or", p.and) }
func (p *parser) and() (*node, error) { return p.binary("and", p.not) }

func (p *parser) binary(op string, part func() (*node, error)) (*node, error) {
	left, err := part()
	for err == nil {
		at := p.peek().at
		if !p.word(op) {
			return left, nil
		}
		var right *node
		right, err = part()
		left = &node{op: op, at: at, left: left, right: right}
	}
	return nil, err
}

func (p *parser) not() (*node, error) {
	if p.depth++; p.depth > 100 {
		return nil, p.errorf(p.peek().at, "more than 100 deep")
	}
	defer func() { p.depth-- }()
	at := p.peek().at
	switch {
	case p.word("not"):
		part, err := p.not()
		return &node{op: "not", at: at, left: part}, err
	case p.word("("):
		inner, err := p.or()
		if err == nil && !p.word(")") {
			err = p.bad(p.peek(), "and, or, or )")
		}
		return inner, err
	}
	return p.comparison()
}

var comparisons = []string{"=", "==", "!=", "<>", "<", "<=", ">", ">="}

func (p *parser) comparison() (*node, error) {
	left, err := p.operand()
	if err != nil {
		return nil, err
	}
	t := p.peek()
	if t.kind != tokenSign || !slices.Contains(comparisons, t.text) {
		if left.column >= 0 && (t.kind == tokenEnd || t.kind == tokenWord || t.text == ")") {
			return &node{op: "column", at: left.at, sides: [2]operand{left}}, nil
		}
		return nil, p.bad(t, "one of "+strings.Join(comparisons, " "))
	}
	p.next++
	right, err := p.operand()
	n := &node{op: t.text, at: t.at, sides: [2]operand{left, right}}
	switch t.text {
	case "==":
		n.op = "="
	case "<>":
		n.op = "!="
	}
	if null := left.isNull() || right.isNull(); err == nil && null && n.op != "=" && n.op != "!=" {
		return nil, p.errorf(t.at, "null is neither less nor more; want = null or != null")
	}
	return n, err
}

func (o operand) isNull() bool { return o.column < 0 && o.value.kind == isNull }

func (p *parser) operand() (operand, error) {
	t := p.peek()
	o := operand{column: -1, at: t.at}
	lower := strings.ToLower(t.text)
	switch {
	case t.kind == tokenText:
		o.value = value{kind: isText, text: t.text}
	case t.kind == tokenNumber:
		x, err := strconv.ParseFloat(t.text, 64)
		if err != nil {
			return o, p.bad(t, "a number")
		}
		o.value = value{kind: isNumber, number: x}
		if n, err := strconv.ParseInt(t.text, 10, 64); err == nil {
			o.value.ofInt(n)
		} else if n, err := strconv.ParseUint(t.text, 10, 64); err == nil {
			o.value.ofUint(n)
		}
	case t.kind == tokenWord && lower == "null":
	case t.kind == tokenWord && lower == "true":
		o.value = value{kind: isBool, number: 1}
	case t.kind == tokenWord && lower == "false":
		o.value = value{kind: isBool}
	case t.kind == tokenColumn || t.kind == tokenWord && !slices.Contains([]string{"and", "or", "not"}, lower):
		if o.column = slices.Index(p.columns, t.text); o.column < 0 {
			o.column = len(p.columns)
			p.columns, p.places = append(p.columns, t.text), append(p.places, t.at)
		}
	default:
		return o, p.bad(t, "a column, a number, text in ', true, false or null")
	}
	p.next++
	return o, nil
}
