package configs

import (
	"fmt"
	"reflect"
	"strings"
)

// Annotated is a run as YAML in which a comment above each key says what it
// means, its type and its default: the run that Load makes of the same, or
// without a recipe the defaults. A recipe may lack what Validate wants. The YAML
// loads as a recipe.
func Annotated(recipe string, sets, environ []string) ([]byte, error) {
	var paths []string
	intro := "Every key of a run with its default. A key that is required shows the quickstart's value.\n" +
		"A recipe needs the required keys and those that are to differ from their defaults."
	if recipe != "" {
		paths = []string{recipe}
		intro = fmt.Sprintf("The run of the recipe %s, with every key.", recipe)
	}
	base := Default()
	if recipe == "" {
		base = example()
	}
	run, err := loadFrom(base, paths, sets, environ)
	if err != nil {
		return nil, err
	}
	if run.Data.Train == "" && len(run.Data.Sources) == 0 {
		intro += "\nIt runs with shards: --set data.train='shards/*.parquet'"
	}
	a := annotator{keys: Keys(), begun: map[string]bool{"": true}}
	a.comment("", intro)
	for _, key := range a.keys {
		a.add(key, reflect.ValueOf(run.redacted()).Elem())
	}
	return []byte(a.text.String()), nil
}

// width is the longest line of a comment, its indent included.
const width = 96

type annotator struct {
	text  strings.Builder
	keys  []Key
	begun map[string]bool // sections with a heading
}

// add writes a key of run, below its section and its comment.
func (a *annotator) add(key Key, run reflect.Value) {
	section, name := split(key.Name)
	if strings.Contains(section, "[]") {
		return // explained with its list
	}
	a.enter(section)
	indent := indentOf(key.Name)
	if key.Doc != "" {
		a.gap()
		a.comment(indent, key.Doc)
		a.elements(indent, key.Name)
	}
	value := flow(fieldOf(run, key.Name))
	note := key.Type + ", default " + key.Default
	switch {
	case key.Required:
		note = key.Type + ", required"
	case key.Default == value:
		note = key.Type + ", the default"
	}
	fmt.Fprintf(&a.text, "%s%s: %s # %s\n", indent, name, value, note)
}

// enter writes the headings that lead to a section, unless they are there. Keys
// of a section may follow those of a section in it, as their indent says.
func (a *annotator) enter(section string) {
	if a.begun[section] {
		return
	}
	above, name := split(section)
	a.enter(above)
	a.begun[section] = true
	a.gap()
	if doc := docs[section]; doc != "" {
		a.comment(indentOf(section), doc)
	}
	fmt.Fprintf(&a.text, "%s%s:\n", indentOf(section), name)
}

// gap writes an empty line, except below a heading.
func (a *annotator) gap() {
	if !strings.HasSuffix(a.text.String(), ":\n") {
		a.text.WriteByte('\n')
	}
}

// elements explains the keys of the elements of a list.
func (a *annotator) elements(indent, list string) {
	for _, key := range a.keys {
		if name, ok := strings.CutPrefix(key.Name, list+"[]."); ok && key.Doc != "" {
			a.comment(indent, fmt.Sprintf("%s (%s): %s", name, key.Type, key.Doc))
		}
	}
}

func indentOf(key string) string { return strings.Repeat("  ", strings.Count(key, ".")) }

// comment writes text as lines of a comment.
func (a *annotator) comment(indent, text string) {
	for paragraph := range strings.Lines(text) {
		for _, line := range Wrap(paragraph, width-len(indent)-2) {
			a.text.WriteString(strings.TrimRight(indent+"# "+line, " ") + "\n")
		}
	}
}

// Wrap breaks text into lines of up to a number of letters, at spaces.
func Wrap(text string, width int) (lines []string) {
	line := ""
	for _, word := range strings.Fields(text) {
		switch {
		case line == "":
			line = word
		case len(line)+1+len(word) > width:
			lines = append(lines, line)
			line = word
		default:
			line += " " + word
		}
	}
	return append(lines, line)
}
