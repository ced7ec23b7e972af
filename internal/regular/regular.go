// Package regular opens files that end. A pipe or a device in the place of a file would
// be waited for, without an end.
package regular

import (
	"fmt"
	"io"
	"os"
)

// Open opens the file at path for reading. One that is no regular file, a folder among
// them, is an error.
func Open(path string) (*os.File, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file; want one with its text or bytes", path)
	}
	return os.Open(path)
}

// ReadFile reads a file of at most limit bytes.
func ReadFile(path string, limit int64) ([]byte, error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(text)) > limit {
		err = fmt.Errorf("%s has more than %d bytes; want at most that", path, limit)
	}
	return text, err
}
