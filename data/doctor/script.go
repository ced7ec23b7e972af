package doctor

import (
	"slices"
	"unicode"
)

// scripts are those that captions are most often in, then all others.
var scripts = func() (names []string) {
	names = []string{"Latin", "Cyrillic", "Han", "Hiragana", "Katakana", "Hangul", "Arabic", "Devanagari",
		"Greek", "Hebrew", "Thai"}
	first := map[string]bool{"Common": true, "Inherited": true}
	for _, name := range names {
		first[name] = true
	}
	var others []string
	for name := range unicode.Scripts {
		if !first[name] {
			others = append(others, name)
		}
	}
	slices.Sort(others)
	return append(names, others...)
}()

// noLetters is the script of a caption without a letter.
const noLetters = "no letters"

// script names the Unicode script of most letters of a text; of scripts with as
// many, the one that comes first. Japanese counts as one, whichever of its three
// scripts a letter is of.
func script(text string) string {
	counts := map[string]int{}
	last := "Latin"
	best := noLetters
	for _, r := range text {
		switch {
		case 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z':
			last = "Latin"
		case r < 0x80 || !unicode.IsLetter(r):
			continue
		case !unicode.Is(unicode.Scripts[last], r):
			last = scriptOf(r)
		}
		if counts[last]++; counts[last] > counts[best] {
			best = last
		}
	}
	if counts["Hiragana"]+counts["Katakana"] > 0 && (best == "Han" || best == "Hiragana" || best == "Katakana") {
		return "Japanese"
	}
	return best
}

func scriptOf(r rune) string {
	for _, name := range scripts {
		if unicode.Is(unicode.Scripts[name], r) {
			return name
		}
	}
	return "Latin" // letters of no script, such as ª
}
