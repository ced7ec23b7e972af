package tokenizer

import (
	"fmt"
	"strings"
	"unicode"
)

// addedTokens are found in a text before its words are.
type addedTokens struct {
	find        *prefixes
	left, right map[int32]bool // of those that take the white space beside them
}

// newAdded makes the added tokens that are looked for in the text as it is, and
// those that are looked for after normalization, normalized themselves. It
// appends new ones to texts, the strings of each id.
func newAdded(all []hfToken, texts []string, normalize func(string) string) (
	raw, normal *addedTokens, _ []string, err error) {
	known := make(map[string]int32, len(all))
	for id, s := range texts {
		known[s] = int32(id)
	}
	var contents [2][]string // of raw and normal
	var ids [2][]int32
	raw = &addedTokens{left: map[int32]bool{}, right: map[int32]bool{}}
	normal = &addedTokens{left: raw.left, right: raw.right}
	seen := make(map[string]bool, len(all))
	for _, x := range all {
		id, ok := known[x.Content]
		switch {
		case x.Content == "" || seen[x.Content]:
			return nil, nil, nil, fmt.Errorf("added token %q; want a new text", x.Content)
		case x.SingleWord:
			return nil, nil, nil, fmt.Errorf("added token %q: single_word is not supported", x.Content)
		case ok && id != x.ID:
			return nil, nil, nil, fmt.Errorf("added token %q has id %d; want %d, as in the vocabulary",
				x.Content, x.ID, id)
		case !ok && int(x.ID) != len(texts):
			return nil, nil, nil, fmt.Errorf("added token %q has id %d; want %d, the next", x.Content, x.ID, len(texts))
		case !ok:
			texts = append(texts, x.Content)
		}
		seen[x.Content] = true
		raw.left[x.ID], raw.right[x.ID] = x.Lstrip, x.Rstrip
		content, set := x.Content, 0
		if x.Normalized {
			if content, set = normalize(content), 1; content == "" {
				return nil, nil, nil, fmt.Errorf("added token %q is empty when normalized", x.Content)
			}
		}
		contents[set], ids[set] = append(contents[set], content), append(ids[set], x.ID)
	}
	raw.find = newPrefixes(contents[0], func(i int) int32 { return ids[0][i] })
	normal.find = newPrefixes(contents[1], func(i int) int32 { return ids[1][i] })
	return raw, normal, texts, nil
}

// split calls piece for what lies between the added tokens of a text, and token
// for each of them: the leftmost first, the longest of those.
func (a *addedTokens) split(text string, piece func(string), token func(int32)) {
	if len(a.find.texts) == 0 {
		piece(text)
		return
	}
	start := 0 // of what is not handed out
	for at := 0; at < len(text); {
		n, id := a.find.longest(text[at:])
		if n == 0 {
			at++
			continue
		}
		before := text[min(start, at):at]
		if a.left[id] {
			before = strings.TrimRightFunc(before, unicode.IsSpace)
		}
		if before != "" {
			piece(before)
		}
		token(id)
		at += n
		start = max(start, at)
		if a.right[id] {
			start = len(text) - len(strings.TrimLeftFunc(text[start:], unicode.IsSpace))
		}
	}
	if start < len(text) {
		piece(text[start:])
	}
}
