package doctor

import (
	"fmt"
	"slices"
)

// Labels are those of the usable rows of a set.
type Labels struct {
	Rows    int     `json:"rows"` // that have one
	Classes int     `json:"classes"`
	Least   int     `json:"least"` // rows of the rarest class that occurs
	Most    int     `json:"most"`  // rows of the most frequent
	Counts  []Count `json:"counts"`
}

// Many says whether the labels tell classes apart.
func (l *Labels) Many() bool { return l != nil && l.Classes > 1 }

func (l *Labels) String() string {
	return fmt.Sprintf("%s, from %d to %s each", many(l.Classes, "class", "classes"), l.Least, Number(l.Most, "row"))
}

// labeled counts labels, the first of them first; nil where no row has one.
func (s *set) labeled() *Labels {
	if len(s.labels) == 0 {
		return nil
	}
	l := &Labels{Classes: len(s.labels)}
	var all []int64
	for label := range s.labels {
		all = append(all, label)
	}
	slices.Sort(all)
	for _, label := range all {
		n := s.labels[label]
		l.Rows += n
		l.Most = max(l.Most, n)
		if l.Least == 0 || n < l.Least {
			l.Least = n
		}
		if len(l.Counts) < maxListed {
			l.Counts = append(l.Counts, Count{fmt.Sprint(label), n})
		}
	}
	return l
}

// unbalanced is how many times as many rows the most frequent class may have as the
// rarest, before it is worth a word.
const unbalanced = 10

// labelFindings are of classes.
func labelFindings(r *Report, say sayer) {
	t := &r.Train
	if !t.Labels.Many() {
		return
	}
	if l := t.Labels; l.Most > unbalanced*l.Least {
		say("note", l.Most, t.Usable, fmt.Sprintf("classes are not balanced: %v", l),
			"judge accuracy by the mean over classes, which evaluations show as well")
	}
	say("note", t.Usable-t.Labels.Rows, t.Usable, among(t.Usable-t.Labels.Rows, t.Usable, "row", "has", "have")+" no label",
		"nothing where only captions are learned; label them where accuracy is to be measured")
}
