package where

import (
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/goclip/goclip/internal/bounded"
)

// FuzzWhere: a text is a condition, which can be written, read again and tried
// on any row, or one line that says at which of its characters it is not.
func FuzzWhere(f *testing.F) {
	f.Add("a > 3 and not (b = 'x' or `c d` != null)")
	f.Fuzz(func(t *testing.T, text string) {
		var c *Condition
		var err error
		bounded.Run(t, 1<<20+500*uint64(len(text)), func() { c, err = Parse(text) })
		if err != nil {
			checkPlace(t, text, err)
			return
		}
		if len(c.places) != len(c.columns) {
			t.Fatalf("%d places of %d columns", len(c.places), len(c.columns))
		}
		again, err := Parse(written(c, c.root))
		if err != nil {
			if !strings.Contains(err.Error(), "more than 100 deep") && !strings.Contains(err.Error(), "where of ") {
				t.Errorf("what has been read and written: %v", err)
			}
			return
		}
		if !slices.Equal(again.columns, c.columns) || written(again, again.root) != written(c, c.root) {
			t.Errorf("read again it is %s, was %s", written(again, again.root), written(c, c.root))
		}
		for _, v := range []value{{}, {kind: isNumber, number: 3},
			{kind: isText, text: "x"}, {kind: isBool, number: 1}} {
			row := slices.Repeat([]value{v}, len(c.columns))
			if got, want := again.root.match(row), c.root.match(row); got != want {
				t.Errorf("read again it is %d, was %d, where all columns are %v", got, want, v)
			}
		}
	})
}

// checkPlace holds that an error is one line and names a character of the text,
// or its end.
func checkPlace(t *testing.T, text string, err error) {
	t.Helper()
	if len(text) > maxBytes {
		return
	}
	rest, ok := strings.CutPrefix(err.Error(), fmt.Sprintf("where %q: at ", text))
	number, _, colon := strings.Cut(rest, ": ")
	at, parse := strconv.Atoi(number)
	if !ok || !colon || parse != nil || at < 1 || at > utf8.RuneCountInString(text)+1 || strings.Contains(rest, "\n") {
		t.Errorf("%q: %q; want one line with a place from 1 to %d", text, err, utf8.RuneCountInString(text)+1)
	}
}

// written is the text of a condition, each part of which is in parentheses.
func written(c *Condition, n *node) string {
	quoted := func(s, quote string) string { return quote + strings.ReplaceAll(s, quote, quote+quote) + quote }
	side := func(o operand) string {
		switch v := o.value; {
		case o.column >= 0:
			return quoted(c.columns[o.column], "`")
		case v.kind == isNull:
			return "null"
		case v.kind == isText:
			return quoted(v.text, "'")
		case v.kind == isBool:
			return strconv.FormatBool(v.number != 0)
		}
		if o.value.rest != 0 {
			x := new(big.Float).SetPrec(128).SetFloat64(o.value.number)
			return x.Add(x, new(big.Float).SetInt64(o.value.rest)).Text('f', 0)
		}
		return strconv.FormatFloat(o.value.number, 'g', -1, 64)
	}
	switch n.op {
	case "or", "and":
		return "(" + written(c, n.left) + ") " + n.op + " (" + written(c, n.right) + ")"
	case "not":
		return "not (" + written(c, n.left) + ")"
	case "column":
		return side(n.sides[0])
	}
	return side(n.sides[0]) + " " + n.op + " " + side(n.sides[1])
}

// TestWhereText: words in any order are a condition or are refused at one of
// their characters; a sign that no condition has is refused where it stands.
func TestWhereText(t *testing.T) {
	words := rapid.SampledFrom([]string{"a", "`b c`", "été", "3", "-.5e3", "'it''s'", "null", "true", "and", "or", "not", "(", ")", "=", "<>", ">=", "x.y"})
	rapid.Check(t, func(rt *rapid.T) {
		text := strings.Join(rapid.SliceOfN(words, 0, 20).Draw(rt, "words"), " ")
		if _, err := Parse(text); err != nil {
			checkPlace(t, text, err)
		}
		odd := text + " #" + rapid.String().Draw(rt, "after")
		want := fmt.Sprintf(`where %q: at %d: have "#"; want a column`, odd, utf8.RuneCountInString(text)+2)
		if _, err := Parse(odd); err == nil || !strings.HasPrefix(err.Error(), want) {
			rt.Fatalf("%v; want %s", err, want)
		}
	})
}

// TestWhereTime: the longest condition of each kind is done with in a second.
func TestWhereTime(t *testing.T) {
	var columns []string
	for i := range maxBytes / 10 {
		columns = append(columns, fmt.Sprintf("a%05d", i))
	}
	for name, text := range map[string]string{
		"quotes":  strings.Repeat("'", maxBytes),
		"parts":   strings.Repeat("a or ", maxBytes/5-1) + "a",
		"not":     strings.Repeat("not ", maxBytes/4),
		"columns": strings.Join(columns, " or "),
	} {
		bounded.Run(t, 32<<20, func() {
			if c, err := Parse(text); err == nil {
				c.root.match(make([]value, len(c.columns)))
			} else if name != "quotes" && name != "not" {
				t.Errorf("%s: %.200v", name, err)
			}
		})
	}
}
