package goclip_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// pages are what a reader goes through, in this order.
var pages = []string{
	"README.md", "docs/data.md", "docs/training.md", "docs/configuration.md", "docs/pages.md", "docs/evaluation.md",
	"docs/models.md", "docs/library.md", "docs/metrics.md", "docs/speed.md",
}

// others are read beside them: TestPages and TestLinks check them as well.
var others = []string{"DESIGN.md", "LOG.md", "CHANGELOG.md", "SECURITY.md", "CONTRIBUTING.md"}

// A block is a fenced block of a page.
type block struct {
	page     string
	line     int // of its first line, from 1
	language string
	text     string
	notRun   string // the reason of a comment before it, such as <!-- not run: needs Python -->
}

func (b block) String() string { return fmt.Sprintf("%s:%d", b.page, b.line) }

// blocks reads the fenced blocks of a page. What is indented like code is an error, as
// no language says how to check it.
func blocks(t *testing.T, page string) (all []block) {
	t.Helper()
	var open *block
	var reason string
	last := ""
	for i, line := range lines(t, page) {
		language, fence := strings.CutPrefix(line, "```")
		switch {
		case open != nil && fence:
			all, open = append(all, *open), nil
		case open != nil:
			open.text += line + "\n"
		case fence:
			open, reason = &block{page, i + 2, language, "", reason}, ""
		case strings.HasPrefix(line, "<!-- not run: "):
			reason = strings.TrimSuffix(strings.TrimPrefix(line, "<!-- not run: "), " -->")
		case strings.HasPrefix(line, "    ") && last == "":
			t.Errorf("%s:%d: indented code; want a fenced block with its language", page, i+1)
		}
		last = line
	}
	if open != nil {
		t.Errorf("%s: a block has no end", open)
	}
	return all
}

func lines(t *testing.T, page string) []string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}

// TestPages holds that pages lists all of docs, that README is short, and that prose
// has no line of more than 120 columns.
func TestPages(t *testing.T) {
	found, err := filepath.Glob("docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range found {
		if !slices.Contains(pages, filepath.ToSlash(page)) {
			t.Errorf("%s is none of pages in docs_test.go; give it a place", page)
		}
	}
	if n := len(lines(t, "README.md")); n > 120 {
		t.Errorf("README.md has %d lines; want 120 or fewer", n)
	}
	for _, page := range slices.Concat(others, pages) {
		code := false
		for i, line := range lines(t, page) {
			code = code != strings.HasPrefix(line, "```")
			wide := code || strings.HasPrefix(line, "|") || strings.HasPrefix(line, "    ")
			if n := len([]rune(line)); n > 120 && !wide {
				t.Errorf("%s:%d: %d columns; want 120 or fewer", page, i+1, n)
			}
		}
	}
}

var (
	link    = regexp.MustCompile(`\]\(([^)]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
)

// TestLinks holds that what a page links to is there.
func TestLinks(t *testing.T) {
	for _, page := range slices.Concat(others, pages) {
		text := strings.Join(lines(t, page), "\n")
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			path, anchor, _ := strings.Cut(m[1], "#")
			if strings.Contains(path, "://") {
				continue
			}
			target := page
			if path != "" {
				target = filepath.Join(filepath.Dir(page), path)
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s: link to %s: %v", page, m[1], err)
			} else if anchor != "" && !slices.Contains(anchors(t, target), anchor) {
				t.Errorf("%s: link to %s: no such heading", page, m[1])
			}
		}
	}
}

// anchors are the names that GitHub gives to the headings of a page.
func anchors(t *testing.T, page string) (all []string) {
	t.Helper()
	for _, m := range heading.FindAllStringSubmatch(strings.Join(lines(t, page), "\n"), -1) {
		words := regexp.MustCompile(`[^\w -]`).ReplaceAllString(strings.ToLower(m[1]), "")
		all = append(all, strings.ReplaceAll(words, " ", "-"))
	}
	return all
}

// promised names a test in SECURITY.md, by its package's folder and its function;
// command names tests by what their functions begin with, and a folder.
var (
	promised = regexp.MustCompile("`(?:([\\w/]+)\\.)?((?:Test|Fuzz)\\w+)`")
	command  = regexp.MustCompile("`go test -run (\\w+) \\./([\\w/]+)`")
)

// TestNamedTests holds that the tests which SECURITY.md and the pages name exist.
func TestNamedTests(t *testing.T) {
	all := promised.FindAllStringSubmatch(strings.Join(lines(t, "SECURITY.md"), "\n"), -1)
	if len(all) < 50 {
		t.Errorf("SECURITY.md names %d tests; want 50 or more", len(all))
	}
	for _, m := range all {
		if !hasFunc(t, m[1], m[2]+"(") {
			t.Errorf("SECURITY.md: %s: no such test", m[0])
		}
	}
	for _, page := range pages {
		for _, m := range command.FindAllStringSubmatch(strings.Join(lines(t, page), "\n"), -1) {
			if !hasFunc(t, m[2], m[1]) {
				t.Errorf("%s: %s: no such test", page, m[0])
			}
		}
	}
}

// hasFunc says whether a test file of a folder has a function that begins so.
func hasFunc(t *testing.T, folder, begin string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(files, func(file string) bool {
		return slices.ContainsFunc(lines(t, file),
			func(line string) bool { return strings.HasPrefix(line, "func "+begin) })
	})
}

// TestBlocks runs the commands of README.md and docs/ as they stand, one page after
// the other in one folder, and compiles their Go. It prints the blocks that a comment
// excepts, and their reasons.
func TestBlocks(t *testing.T) {
	if testing.Short() {
		t.Skip("runs every command of the documentation, for half a minute")
	}
	r := newReader(t)
	var programs []block
	for _, page := range pages {
		for _, b := range blocks(t, page) {
			switch {
			case b.notRun != "":
				t.Logf("%s: not run: %s", b, b.notRun)
			case b.language == "sh":
				r.run(t, b)
			case b.language == "go":
				programs = append(programs, b)
			case b.language == "yaml":
				checkRecipe(t, b)
			case b.language == "python":
				t.Logf("%s: not run: needs Python", b)
			case b.language != "text":
				t.Errorf("%s: language %q; want sh, go, yaml, python or text", b, b.language)
			}
		}
	}
	compile(t, programs)
}

// indent sets output off from the line above it.
func indent(b []byte) string {
	return "\t" + strings.ReplaceAll(string(bytes.TrimSpace(b)), "\n", "\n\t")
}
