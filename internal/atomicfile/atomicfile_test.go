package atomicfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// TestWrite holds that a file is replaced as a whole, or stays as it was with
// nothing beside it.
func TestWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	put := func(text string, fail error) error {
		return Write(path, func(w io.Writer) error {
			_, err := io.WriteString(w, text)
			return errors.Join(err, fail)
		})
	}
	broken := errors.New("broken")
	for _, test := range []struct {
		text string
		fail error
		want string
	}{{"first", nil, "first"}, {"second", broken, "first"}, {"third", nil, "third"}} {
		if err := put(test.text, test.fail); !errors.Is(err, test.fail) {
			t.Fatalf("Write(%q) = %v; want %v", test.text, err, test.fail)
		}
		have, err := os.ReadFile(path)
		if err != nil || string(have) != test.want {
			t.Errorf("after Write(%q): %q, %v; want %q", test.text, have, err, test.want)
		}
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
		t.Errorf("the folder holds %v, %v; want the file alone", left, err)
	}
	if err := Write(filepath.Join(path, "below"), func(io.Writer) error { return nil }); err == nil {
		t.Error("a file below a file: want error")
	}
}

// TestDiscard holds that a file that was not ended leaves nothing, and that a
// discarded one cannot be committed.
func TestDiscard(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	f, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	f.Discard()
	if err := f.Commit(); err == nil {
		t.Error("Commit after Discard: want error")
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 0 {
		t.Errorf("the folder holds %v, %v; want nothing", left, err)
	}
	f, err = Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Replace(); err != nil {
		t.Fatal(err)
	}
	f.Discard()
	if _, err := os.Stat(path); err != nil {
		t.Errorf("Discard after Replace: %v; want the file", err)
	}
}
