package eval

import (
	"fmt"
	"iter"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// An Audit says which classes the captions of training name.
type Audit struct {
	Captions int      `json:"captions"`
	Classes  []Naming `json:"classes"`
}

// A Naming counts the captions that name a class; Example is the first.
type Naming struct {
	Class    string `json:"class"`
	Captions int    `json:"captions"`
	Example  string `json:"example,omitempty"`
}

// AuditCaptions looks for the words of every class in every caption. A caption
// names a class if it has all words of its name, in any order and with others
// between, in capitals or not, also in the plural in s or es. Of a name such as
// "tin can, of beer", the words a, an, the, of, and, or count for nothing. Both are
// compared in NFC.
//
// So it errs on the safe side: "a red ball on a circle" names "red circle". It
// knows words, not meanings: "automobile" is not named by "car", nor "women" by
// "woman".
func AuditCaptions(classes []string, captions iter.Seq2[string, error]) (Audit, error) {
	a := Audit{Classes: make([]Naming, len(classes))}
	classesOf := map[string][]int{}
	needs := make([]int, len(classes))
	for i, class := range classes {
		a.Classes[i].Class = class
		words := wordSet(class)
		if len(words) == 0 {
			return a, fmt.Errorf("eval: class %q has no word to look for", class)
		}
		needs[i] = len(words)
		for w := range words {
			classesOf[w] = append(classesOf[w], i)
		}
	}
	has, touched := make([]int, len(classes)), []int(nil)
	for caption, err := range captions {
		if err != nil {
			return a, fmt.Errorf("eval: audit: %w", err)
		}
		a.Captions++
		touched = touched[:0]
		for w := range wordSet(caption) {
			for _, i := range classesOf[w] {
				has[i]++
				touched = append(touched, i)
			}
		}
		for _, i := range touched {
			if has[i] == needs[i] {
				if a.Classes[i].Captions++; a.Classes[i].Captions == 1 {
					a.Classes[i].Example = caption
				}
			}
			has[i] = 0
		}
	}
	return a, nil
}

// wordSet returns the words of a text that say something, without the endings
// of a plural.
func wordSet(text string) map[string]bool {
	words := map[string]bool{}
	for w := range strings.FieldsFuncSeq(strings.ToLower(norm.NFC.String(text)), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
	}) {
		switch w {
		case "a", "an", "the", "of", "and", "or":
		default:
			words[singular(w)] = true
		}
	}
	return words
}

// singular takes s and es away, the same for the singular: bus, buses and
// busses, bu; cat and cats, cat; horse and horses, hor.
func singular(word string) string {
	if len(word) < 3 {
		return word
	}
	stem := strings.TrimRight(word, "s")
	if stem != "" {
		word = stem
	}
	if stem = strings.TrimSuffix(word, "e"); len(stem) > 1 {
		word = stem
	}
	if stem = strings.TrimRight(word, "s"); len(stem) > 1 {
		word = stem
	}
	return word
}

// Unseen says for each class whether no caption names it.
func (a Audit) Unseen() []bool {
	unseen := make([]bool, len(a.Classes))
	for i, n := range a.Classes {
		unseen[i] = n.Captions == 0
	}
	return unseen
}

// Prove reports the first of classes that a caption names after all, or that
// the audit did not look for.
func (a Audit) Prove(classes []string) error {
	named := make(map[string]Naming, len(a.Classes))
	for _, n := range a.Classes {
		named[n.Class] = n
	}
	for _, class := range classes {
		n, ok := named[class]
		if !ok {
			return fmt.Errorf("eval: class %q is not in the audit; want one of its %d classes", class, len(a.Classes))
		}
		if n.Captions > 0 {
			return fmt.Errorf("eval: class %q is not unseen: %d of %d training captions name it, such as %q",
				class, n.Captions, a.Captions, n.Example)
		}
	}
	return nil
}

func (a Audit) String() string {
	unseen := 0
	for _, u := range a.Unseen() {
		if u {
			unseen++
		}
	}
	return fmt.Sprintf("%d training captions name %d of %d classes, and none of the other %d",
		a.Captions, len(a.Classes)-unseen, len(a.Classes), unseen)
}

// A Split is the accuracy on images whose class training named, and on images
// whose class it never named. In both, an image can be given any class.
type Split struct {
	// Seen and Unseen are nil where no image has such a class.
	Seen   *ZeroShot `json:"seen,omitempty"`
	Unseen *ZeroShot `json:"unseen,omitempty"`

	// Harmonic is the harmonic mean of both top-1 accuracies; 0 without both.
	// Source: Xian et al., arXiv:1707.00600, section 4.3.
	Harmonic float64 `json:"harmonic"`
}

// ScoreSplit scores unit image embeddings (N, E) apart, by whether their class is
// unseen.
func (c *Classifier) ScoreSplit(images []float32, labels []int, unseen []bool) (s Split, err error) {
	if len(unseen) != len(c.Classes) {
		return s, fmt.Errorf("eval: split of %d classes; want %d", len(unseen), len(c.Classes))
	}
	if err := c.each(images, labels, func(int, int, []float64) {}); err != nil {
		return s, err
	}
	e := len(images) / len(labels)
	for _, part := range []struct {
		unseen bool
		to     **ZeroShot
	}{{false, &s.Seen}, {true, &s.Unseen}} {
		var x []float32
		var y []int
		for i, label := range labels {
			if unseen[label] == part.unseen {
				x, y = append(x, images[i*e:][:e]...), append(y, label)
			}
		}
		if len(y) == 0 {
			continue
		}
		z, err := c.Score(x, y)
		if err != nil {
			return s, err
		}
		*part.to = &z
	}
	if s.Seen != nil && s.Unseen != nil && s.Seen.Top1+s.Unseen.Top1 > 0 {
		s.Harmonic = 2 * s.Seen.Top1 * s.Unseen.Top1 / (s.Seen.Top1 + s.Unseen.Top1)
	}
	return s, nil
}
