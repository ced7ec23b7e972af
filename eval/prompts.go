package eval

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/goclip/goclip/internal/regular"
)

// DefaultTemplate is the template where none is given.
const DefaultTemplate = "a photo of a {}"

// maxListBytes bounds a class or template file: 100,000 long lines.
const maxListBytes = 16 << 20

// ReadClasses reads one class name a line, or a JSON list of them. The number of a line
// is a label, so that these are errors: empty lines, except at the end; lines that begin
// with #; lines that all begin with their number, as in "0 red". So are names that occur
// twice, because an image of one would count as wrong for the other. Names are
// normalized to NFC, in which two ways to write é are one.
func ReadClasses(path string) ([]string, error) {
	lines, err := readLines(path)
	if err != nil {
		return nil, err
	}
	if lines, err = classesOf(lines); err != nil {
		return nil, fmt.Errorf("eval: %s: %w", path, err)
	}
	if err := CheckClasses(lines); err != nil {
		return nil, fmt.Errorf("%w in %s", err, path)
	}
	return lines, nil
}

// classesOf returns the names in the lines of a file.
func classesOf(lines []string) (names []string, err error) {
	numbered := len(lines) > 1
	for i, line := range lines {
		if strings.HasPrefix(line, "#") {
			return nil, fmt.Errorf("line %d: %q begins with #; want names alone, as the number of a line is a label",
				i+1, line)
		}
		number, name, _ := strings.Cut(strings.NewReplacer("\t", " ", ",", " ", ":", " ").Replace(line), " ")
		n, err := strconv.Atoi(number)
		numbered = numbered && err == nil && name != "" && (n == i || n == i+1)
	}
	if numbered {
		return nil, fmt.Errorf("each line begins with its number, as in %q; want names alone", lines[0])
	}
	if len(lines) == 0 || !strings.HasPrefix(lines[0], "[") && !strings.HasPrefix(lines[0], "{") {
		return lines, nil
	}
	if err := json.Unmarshal([]byte(strings.Join(lines, "\n")), &names); err != nil {
		return nil, fmt.Errorf("begins with %q, and is no JSON list of names: %w", lines[0][:1], err)
	}
	for i, name := range names {
		names[i] = strings.TrimSpace(name)
	}
	return names, nil
}

// CheckClasses reports the first empty or repeated name.
func CheckClasses(classes []string) error {
	if len(classes) == 0 {
		return fmt.Errorf("eval: no class; want one name a line")
	}
	seen := make(map[string]int, len(classes))
	for i, name := range classes {
		if strings.TrimSpace(name) == "" {
			return fmt.Errorf("eval: class %d is empty; want a name", i)
		}
		name = norm.NFC.String(name)
		if first, ok := seen[name]; ok {
			return fmt.Errorf("eval: class %q is both %d and %d; want each name once", name, first, i)
		}
		seen[name] = i
	}
	return nil
}

// ReadTemplates reads one prompt a line; each must hold {} once. An empty path
// means DefaultTemplate alone.
func ReadTemplates(path string) ([]string, error) {
	if path == "" {
		return []string{DefaultTemplate}, nil
	}
	lines, err := readLines(path)
	if err != nil {
		return nil, err
	}
	if len(lines) == 0 {
		return nil, fmt.Errorf("eval: %s: no template; want one a line, such as %q", path, DefaultTemplate)
	}
	if err := CheckTemplates(lines); err != nil {
		return nil, fmt.Errorf("%w in %s", err, path)
	}
	return lines, nil
}

// CheckTemplates reports the first template that does not hold {} once.
func CheckTemplates(templates []string) error {
	for i, t := range templates {
		if strings.Count(t, "{}") != 1 {
			return fmt.Errorf("eval: template %d: %q; want {} once, for the class name", i+1, t)
		}
	}
	return nil
}

// Prompts fills every template with every class: the prompts of a class follow
// each other, in the order of the templates.
func Prompts(classes, templates []string) []string {
	prompts := make([]string, 0, len(classes)*len(templates))
	for _, class := range classes {
		for _, template := range templates {
			prompts = append(prompts, strings.Replace(template, "{}", class, 1))
		}
	}
	return prompts
}

// byteOrderMark is what some editors begin a text file with.
const byteOrderMark = "\ufeff"

// readLines reads the lines of a text file, in NFC, without a byte order mark and
// without the empty ones at its end.
func readLines(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("eval: %w", err)
	}
	if info.Size() > maxListBytes {
		return nil, fmt.Errorf("eval: %s has %d bytes; want a text file of at most %d", path, info.Size(), maxListBytes)
	}
	text, err := regular.ReadFile(path, maxListBytes)
	if err != nil {
		return nil, fmt.Errorf("eval: %w", err)
	}
	if !utf8.Valid(text) {
		return nil, fmt.Errorf("eval: %s is not UTF-8 text", path)
	}
	var lines []string
	text = norm.NFC.Bytes(bytes.TrimPrefix(text, []byte(byteOrderMark)))
	scan := bufio.NewScanner(bytes.NewReader(text))
	for scan.Scan() {
		lines = append(lines, strings.TrimSpace(scan.Text()))
	}
	if err := scan.Err(); err != nil {
		return nil, fmt.Errorf("eval: %s: %w", path, err)
	}
	for len(lines) > 0 && lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	return lines, nil
}
