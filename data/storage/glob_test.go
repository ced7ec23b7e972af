package storage

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestGlob: ** means folders of any depth, links among them, each file once; a file
// that is there as it is written is that file.
func TestGlob(t *testing.T) {
	dir, far := t.TempDir(), t.TempDir()
	for _, name := range []string{"a.p", "x/b.p", "x/y/c.p", "x/y/z/d.p", "x/y/d.txt", "k[1].p", "k1.p", "l, m.p", "n{1,2}.p", "loop/x/f.p"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(far, "e.p"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for from, to := range map[string]string{"x/far": far, "x/y/again": filepath.Join(dir, "x/y/z"), "loop/x/loop": filepath.Join(dir, "loop")} {
		if err := os.Symlink(to, filepath.Join(dir, from)); err != nil {
			t.Skip(err)
		}
	}
	t.Chdir(dir)
	s, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	for patterns, want := range map[string]string{
		"x/**/*.p":         "x/b.p x/far/e.p x/y/again/d.p x/y/c.p",
		"x/y/**":           "x/y/again/d.p x/y/c.p x/y/d.txt",
		"x/*/*.p":          "x/far/e.p x/y/c.p",
		"k[1].p":           "k[1].p",
		"k?.p,k[1].p":      "k1.p k[1].p",
		"l, m.p":           "l, m.p",
		"n{1,2}.p":         "n{1,2}.p",
		"n{1,2}.p,x/none*": `error: pattern "x/none*" matches no file`,
		"x/[":              `error: pattern "x/[": syntax error in pattern`,
	} {
		names, err := s.List(t.Context(), patterns)
		var got []string
		for _, n := range names {
			got = append(got, n.String())
		}
		paths, other := Glob(patterns)
		if err != nil {
			got = []string{"error: " + err.Error()}
			paths = []string{"error: " + other.Error()}
		}
		if have := strings.Join(got, " "); have != want {
			t.Errorf("List(%q): %s; want %s", patterns, have, want)
		}
		if diff := cmp.Diff(got, paths); diff != "" {
			t.Errorf("Glob(%q) (-List +Glob): %s", patterns, diff)
		}
	}
	if _, err := s.List(t.Context(), "loop/**/*.p"); err == nil || !strings.Contains(err.Error(), `pattern "loop/**/*.p": stat `) {
		t.Errorf("a link that leads back: %v; want an error", err)
	}
}
