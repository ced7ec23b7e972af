// Package glob matches names of parameters, such as visual.ln_pre.weight, with the
// patterns of a config, such as visual.*.
package glob

import (
	"path"
	"strings"
)

// Valid says whether pattern is one: * is any text, dots included, ? one letter, and
// [ab] one of these.
func Valid(pattern string) bool {
	_, err := path.Match(pattern, "")
	return err == nil && pattern != ""
}

// Match says whether a valid pattern matches the whole name. Names have no slashes,
// which * would stop at.
func Match(pattern, name string) bool {
	ok, _ := path.Match(pattern, name)
	return ok
}

// Nearest is the name that shares the most letters with a pattern that matches none;
// empty where there are no names.
func Nearest(pattern string, names []string) (best string) {
	most := -1
	for _, name := range names {
		if n := common(pattern, name); n > most {
			best, most = name, n
		}
	}
	return best
}

// common counts the letters that a pattern and a name share at their start and,
// without the pattern's outer stars, at their end.
func common(pattern, name string) int {
	pattern = strings.Trim(pattern, "*")
	short := min(len(pattern), len(name))
	n := 0
	for n < short && pattern[n] == name[n] {
		n++
	}
	m := 0
	for m < short-n && pattern[len(pattern)-1-m] == name[len(name)-1-m] {
		m++
	}
	return n + m
}
