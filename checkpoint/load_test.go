package checkpoint

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestManifest holds what a manifest may name.
func TestManifest(t *testing.T) {
	for text, want := range map[string]string{
		`{"step":1,"files":{"a":{}}}`: "",
		`{"step":1,"files":{}}`:       "names no file",
		`{"step":1}`:                  "names no file",
		`{"files":{".":{}}}`:          `names "."; want a file of the folder`,
		`{"files":{"..":{}}}`:         `names ".."`,
		`{"files":{"../x":{}}}`:       `names "../x"`,
		`{"files":{"a/b":{}}}`:        `names "a/b"`,
		`{"files":{"":{}}}`:           `names ""`,
		`[]`:                          "is damaged",
	} {
		_, err := parseManifest([]byte(text))
		if want == "" && err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if want != "" && (!errors.Is(err, errDamaged) || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v; want damage with %q", text, err, want)
		}
	}
}

// TestBefore holds that the newest whole checkpoint before a step is found.
func TestBefore(t *testing.T) {
	s := NewStore(t.TempDir())
	if _, err := s.Before(9); !errors.Is(err, ErrNotFound) {
		t.Errorf("Before in an empty store: %v; want ErrNotFound", err)
	}
	for _, step := range []int{10, 20, 30, 40} {
		must(t, s.Save(step, files("")))
	}
	must(t, os.WriteFile(filepath.Join(s.Path(20), "state.json"), nil, 0o666)) // damages it
	must(t, os.Rename(s.Path(40), s.Path(39)))
	for step, want := range map[int]int{11: 10, 20: 10, 30: 10, 31: 30, 39: 30, 50: 30} {
		if c, err := s.Before(step); err != nil || c.Step != want || c.Dir != s.Path(want) {
			t.Errorf("Before(%d) = %+v, %v; want step %d", step, c, err, want)
		}
	}
	if _, err := s.Before(10); !errors.Is(err, ErrNotFound) {
		t.Errorf("Before(10): %v; want ErrNotFound", err)
	}
}
