package tokenizer

import (
	"cmp"
	"slices"
	"sort"
)

// prefixes finds which of many strings a text begins with. They are sorted, so
// that those that share a beginning are neighbors.
type prefixes struct {
	texts []string
	ids   []int32
}

// newPrefixes makes one of the strings for which id is not negative.
func newPrefixes(texts []string, id func(i int) int32) *prefixes {
	order := make([]int, 0, len(texts))
	for i, s := range texts {
		if s != "" && id(i) >= 0 {
			order = append(order, i)
		}
	}
	slices.SortFunc(order, func(i, j int) int { return cmp.Compare(texts[i], texts[j]) })
	p := &prefixes{}
	for _, i := range order {
		p.texts = append(p.texts, texts[i])
		p.ids = append(p.ids, id(i))
	}
	return p
}

// each calls f for each string that s begins with, the shortest first, with its
// length and id.
func (p *prefixes) each(s string, f func(n int, id int32)) {
	low, high := 0, len(p.texts) // those that begin with s[:n], none of them shorter
	for n := range len(s) {
		part := p.texts[low:high]
		first := sort.Search(len(part), func(i int) bool { return part[i][n] >= s[n] })
		behind := sort.Search(len(part), func(i int) bool { return part[i][n] > s[n] })
		if low, high = low+first, low+behind; low == high {
			return
		}
		if len(p.texts[low]) == n+1 {
			f(n+1, p.ids[low])
			if low++; low == high {
				return
			}
		}
	}
}

// longest is the longest string that s begins with; n is 0 if there is none.
func (p *prefixes) longest(s string) (n int, id int32) {
	p.each(s, func(m int, of int32) { n, id = m, of })
	return n, id
}
