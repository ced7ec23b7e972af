package where

import (
	"math"
	"strings"
	"testing"
)

// TestWhere evaluates conditions on one row, whose columns are a (3), b (0.5),
// s (it's), t (true), n (null) and c.d (-2).
func TestWhere(t *testing.T) {
	row := map[string]value{
		"a": {kind: isNumber, number: 3}, "b": {kind: isNumber, number: 0.5}, "s": {kind: isText, text: "it's"},
		"t": {kind: isBool, number: 1}, "n": {}, "c.d": {kind: isNumber, number: -2}, "odd name": {kind: isNumber},
		"x": {kind: isNumber, number: math.NaN()},
	}
	for _, test := range []struct {
		where string
		want  truth
	}{
		{"a = 3", yes}, {"a==3", yes}, {"a != 3", no}, {"a <> 4", yes}, {"a<3", no}, {"a<=3", yes},
		{"a>2.9e0", yes}, {"3>=a", yes},
		{"b > .28 and a >= 3", yes}, {"b > .28 and a > 3", no}, {"a > 3 or b > 0.28", yes},
		{"a > 3 and b > 1 or t", yes}, {"t or a > 3 and b > 1", yes}, {"(t or a > 3) and b > 1", no},
		{"not a > 3", yes}, {"not not a > 3", no}, {"NOT t AND t", no}, {"not (t and t)", no},
		{"s = 'it''s'", yes}, {"s != ''''", yes}, {"'''' = ''''", yes}, {"s < 'j'", yes}, {"s >= 'J'", yes},
		{"t = true", yes}, {"t != False", yes},
		{"n > 1", unknown}, {"not n > 1", unknown}, {"n > 1 or t", yes},
		{"n > 1 and t", unknown}, {"n > 1 and a > 3", no},
		{"n = null", yes}, {"n != null", no}, {"null = a", no}, {"a != null", yes}, {"n", unknown},
		{"c.d = -2", yes}, {"`odd name` = 0", yes}, {"a > b", yes}, {"x = x", no}, {"x != x", yes}, {"x < 1", no},
	} {
		c, err := Parse(test.where)
		if err != nil {
			t.Error(err)
			continue
		}
		var values []value
		for _, name := range c.columns {
			values = append(values, row[name])
		}
		if got := c.root.match(values); got != test.want {
			t.Errorf("%s is %d, want %d", test.where, got, test.want)
		}
	}
	for _, test := range []struct{ where, want string }{
		{"a >", "at 4: have the end; want a column, a number"},
		{"a > 3 and", "at 10: have the end"},
		{"a > 3 b < 4", `at 7: have "b"; want and, or, or the end`},
		{"(a > 3", "at 7: have the end; want and, or, or )"},
		{"a > 3)", `at 6: have ")"`},
		{"a => 3", `at 3: have "=>"; want one of =`},
		{"a > 'x", "at 5: a ' without its end"},
		{`s = 'x' or "a b" > 3`, "at 12: a b in double quotes; want 'a b' for text, `a b` for a column"},
		{"a > 1.2.3", `at 5: have "1.2.3"; want a number`},
		{"a > 3 & b", `at 7: have "&"`},
		{"a > null", "at 3: null is neither less nor more"},
		{"3", "at 2: have the end; want one of ="},
		{"and a", `at 1: have "and"`},
		{"été > 'ü' b", `at 11: have "b"`}, // characters, not bytes
		{strings.Repeat(" ", 1<<20), "where of 1048576 bytes; want at most 65536"},
		{strings.Repeat("(", 200) + "a" + strings.Repeat(")", 200), "more than 100 deep"},
	} {
		if _, err := Parse(test.where); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%.20s: %v; want error with %q", test.where, err, test.want)
		}
	}
}
