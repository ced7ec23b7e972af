package pack

import (
	"fmt"
	"slices"
	"strconv"

	"golang.org/x/text/unicode/norm"
)

// numberLabels numbers the labels: by the names that are given, or else by the order of
// their names in NFC, unless all are numbers.
func (l *list) numberLabels() error {
	if len(l.given) > 0 {
		return l.numberByNames()
	}
	names := map[string]int64{}
	numeric := l.classes == nil
	for i := range l.pairs {
		p := &l.pairs[i]
		if p.label = norm.NFC.String(p.label); p.label != "" {
			names[p.label] = 0
			_, err := strconv.ParseInt(p.label, 10, 64)
			numeric = numeric && err == nil
		}
	}
	if !numeric {
		l.classes = nil
		for name := range names {
			l.classes = append(l.classes, name)
		}
		slices.Sort(l.classes)
		for i, name := range l.classes {
			names[name] = int64(i)
		}
	}
	for i := range l.pairs {
		p := &l.pairs[i]
		if p.number = names[p.label]; numeric && p.label != "" {
			p.number, _ = strconv.ParseInt(p.label, 10, 64) // checked above
		}
	}
	return nil
}

// numberByNames numbers the labels by the names that are given.
func (l *list) numberByNames() error {
	numbers := map[string]int64{}
	for i, name := range l.given {
		numbers[norm.NFC.String(name)] = int64(i)
	}
	for i := range l.pairs {
		p := &l.pairs[i]
		if p.label == "" {
			continue
		}
		n, ok := numbers[norm.NFC.String(p.label)]
		if !ok {
			var err error
			if n, err = strconv.ParseInt(p.label, 10, 64); err != nil || n < 0 || n >= int64(len(l.given)) {
				return fmt.Errorf("pack: %s: label %q is none of the %d classes; want a name of them, or 0 to %d",
					p.where, p.label, len(l.given), len(l.given)-1)
			}
		}
		p.number = n
	}
	l.classes = l.given
	return nil
}
