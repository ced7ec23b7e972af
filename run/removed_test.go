package run

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// TestRemoved: a folder of a run that has been removed is not made again by a save,
// which could not be resumed from.
func TestRemoved(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	s := &session{folder: &folder{dir: dir}}
	if err := s.save(7); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("save = %v; want an error", err)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("the folder is there again")
	}
}
