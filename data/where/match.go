package data

import (
	"cmp"
	"strings"
)

// truth is that of SQL: a comparison with null is unknown.
type truth int8

const (
	no truth = iota
	unknown
	yes
)

func truthOf(b bool) truth {
	if b {
		return yes
	}
	return no
}

// match is the truth of a part of a condition for a row with values of the
// columns.
func (n *node) match(row []value) truth {
	switch n.op {
	case "and":
		return min(n.left.match(row), n.right.match(row))
	case "or":
		return max(n.left.match(row), n.right.match(row))
	case "not":
		return yes - n.left.match(row)
	}
	left := n.sides[0].of(row)
	if n.op == "column" {
		if left.kind == isNull {
			return unknown
		}
		return truthOf(left.number != 0)
	}
	right := n.sides[1].of(row)
	if n.sides[0].isNull() || n.sides[1].isNull() {
		return truthOf((left.kind == right.kind) == (n.op == "="))
	}
	if left.kind == isNull || right.kind == isNull {
		return unknown
	}
	if left.kind == isText {
		return truthOf(compared(n.op, strings.Compare(left.text, right.text)))
	}
	a, b := left.number, right.number
	if a != a || b != b { // NaN is not even itself
		return truthOf(n.op == "!=")
	}
	return truthOf(compared(n.op, cmp.Compare(a, b)))
}

func (o operand) of(row []value) value {
	if o.column >= 0 {
		return row[o.column]
	}
	return o.value
}

// compared says whether op holds, order being less than, equal to or more than 0.
func compared(op string, order int) bool {
	switch op {
	case "=":
		return order == 0
	case "!=":
		return order != 0
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	}
	return order >= 0
}

// check reports the first comparison of values of two kinds.
func (c *condition) check(n *node, kinds []valueKind) error {
	kind := func(o operand) valueKind {
		if o.column >= 0 {
			return kinds[o.column]
		}
		return o.value.kind
	}
	switch n.op {
	case "and", "or":
		if err := c.check(n.left, kinds); err != nil {
			return err
		}
		return c.check(n.right, kinds)
	case "not":
		return c.check(n.left, kinds)
	case "column":
		if k := kind(n.sides[0]); k != isBool {
			return c.errorf(n.at, "column %s holds %v; want a comparison", c.columns[n.sides[0].column], k)
		}
		return nil
	}
	if a, b := kind(n.sides[0]), kind(n.sides[1]); a != b && a != isNull && b != isNull {
		return c.errorf(n.at, "compares %v with %v", a, b)
	}
	return nil
}

// bounds are what is known of a column in a row group: that its values lie
// between two, unless known is false, but for those that are NaN.
type bounds struct {
	low, high       value
	known           bool
	nulls, all, nan bool // whether there may be nulls, whether all are, whether there may be NaN
}

// outcomes says which truths a part of a condition may have within a row group.
type outcomes [3]bool

// prune returns the truths that rows within bounds may have.
func (n *node) prune(columns []bounds) (may outcomes) {
	switch n.op {
	case "and", "or":
		a, b := n.left.prune(columns), n.right.prune(columns)
		for i := range a {
			for j := range b {
				if a[i] && b[j] && n.op == "and" {
					may[min(i, j)] = true
				} else if a[i] && b[j] {
					may[max(i, j)] = true
				}
			}
		}
		return may
	case "not":
		a := n.left.prune(columns)
		return outcomes{a[yes], a[unknown], a[no]}
	}
	column, other, op := n.sides[0], n.sides[1], n.op
	if column.column < 0 {
		column, other, op = other, column, mirrored(op)
	}
	if column.column < 0 || other.column >= 0 || op == "column" {
		return outcomes{true, true, true}
	}
	b := columns[column.column]
	if other.isNull() {
		is, is_not := b.nulls, !b.all
		if op == "!=" {
			is, is_not = is_not, is
		}
		return outcomes{no: is_not, yes: is}
	}
	may[unknown] = b.nulls
	switch {
	case b.all:
	case !b.known:
		may[no], may[yes] = true, true
	default:
		may[yes], may[no] = within(op, b, other.value)
		if b.nan && op == "!=" {
			may[yes] = true
		} else if b.nan {
			may[no] = true
		}
	}
	return may
}

func mirrored(op string) string {
	if m, ok := map[string]string{"<": ">", ">": "<", "<=": ">=", ">=": "<="}[op]; ok {
		return m
	}
	return op
}

// within says whether op may hold, and may fail, for values between bounds.
func within(op string, b bounds, v value) (holds, fails bool) {
	order := func(a value) int {
		if a.kind == isText {
			return strings.Compare(a.text, v.text)
		}
		return cmp.Compare(a.number, v.number)
	}
	low, high := order(b.low), order(b.high)
	switch op {
	case "=", "!=":
		holds, fails = low <= 0 && high >= 0, low != 0 || high != 0
		if op == "!=" {
			return fails, holds
		}
		return holds, fails
	case "<", "<=":
		return compared(op, low), !compared(op, high)
	default:
		return compared(op, high), !compared(op, low)
	}
}
