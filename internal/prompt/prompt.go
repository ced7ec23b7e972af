// Package prompt fills templates such as "a photo of a {}".
package prompt

import (
	"fmt"
	"strings"
)

// places are the ways to write the place of the name that are in use.
var places = []string{"{}", "{c}", "{0}", "%s"}

// Check reports a template that does not have one place of the name.
func Check(template string) error {
	n := 0
	for _, p := range places {
		n += strings.Count(template, p)
	}
	if n != 1 {
		return fmt.Errorf("%q; want {} once, or one {c}, {0} or %%s, for the name", template)
	}
	return nil
}

// Fill puts a name in the place of a template that Check finds good.
func Fill(template, name string) string {
	for _, p := range places {
		if before, after, ok := strings.Cut(template, p); ok {
			return before + name + after
		}
	}
	return template
}
