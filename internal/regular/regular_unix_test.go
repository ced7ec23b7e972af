//go:build unix

package regular

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestOpen: what has no end is an error at once; a file has a limit.
func TestOpen(t *testing.T) {
	dir := t.TempDir()
	pipe, file := filepath.Join(dir, "pipe"), filepath.Join(dir, "file")
	if err := syscall.Mkfifo(pipe, 0o666); err != nil {
		t.Skip(err)
	}
	if err := os.WriteFile(file, []byte("four"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{pipe, dir, "/dev/zero"} {
		if _, err := ReadFile(path, 4); err == nil || !strings.Contains(err.Error(), path+" is not a regular file") {
			t.Errorf("%s: %v; want an error", path, err)
		}
	}
	if text, err := ReadFile(file, 4); string(text) != "four" || err != nil {
		t.Errorf("ReadFile = %q, %v", text, err)
	}
	if _, err := ReadFile(file, 3); err == nil || !strings.Contains(err.Error(), "has more than 3 bytes") {
		t.Errorf("a file of 4 bytes: %v; want an error", err)
	}
}
