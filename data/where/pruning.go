package where

import "strings"

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
		equal, unequal := b.nulls, !b.all
		if op == "!=" {
			equal, unequal = unequal, equal
		}
		return outcomes{no: unequal, yes: equal}
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
		return compareNumbers(a, v)
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
