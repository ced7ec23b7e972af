// Package nearest finds the name that somebody means who has misspelled it.
package nearest

import (
	"slices"
	"strings"
)

// Of returns the candidate that a slip or two would make of name, or "". Of a name with
// dots, the part behind the last one says how many slips are likely.
func Of(name string, candidates []string) string {
	if len(name) > 100 { // is no slip, and would take long to compare
		return ""
	}
	last := name[strings.LastIndexByte(name, '.')+1:]
	best, least := "", max(2, len(last)/3)+1
	for _, c := range slices.Sorted(slices.Values(candidates)) {
		if d := distance(name, c); d < least {
			best, least = c, d
		}
	}
	return best
}

// distance is the least number of letters to insert, remove or replace to make
// b of a (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
