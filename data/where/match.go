package where

import "strings"

// truth has the three values of SQL: a comparison with null is unknown.
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
	return truthOf(compared(n.op, compareNumbers(left, right)))
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
func (c *Condition) check(n *node, kinds []valueKind) error {
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
