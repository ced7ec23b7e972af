// Package atomicfile writes files that readers see whole or not at all.
package atomicfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// A File is a file that is being written beside its final name. It has to be
// ended with Commit or Replace; Discard after either does nothing.
type File struct {
	*bufio.Writer
	file *os.File
	path string
}

// Create begins to write what is to be the file at path, beside it, under a name
// that starts with a dot. What is there already and is a pipe or a device, such as
// /dev/stdout, is an error, since it would be replaced.
func Create(path string) (*File, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() && !info.IsDir() {
		return nil, fmt.Errorf("%s: is a pipe or a device; want a file", path)
	}
	for {
		temporary := filepath.Join(filepath.Dir(path), fmt.Sprintf(".%s.%08x", filepath.Base(path), rand.Uint32()))
		f, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		return &File{bufio.NewWriterSize(f, 1<<16), f, path}, nil
	}
}

// Chmod sets the permissions, which are 0666 less the umask at first.
func (f *File) Chmod(mode fs.FileMode) error { return f.file.Chmod(mode) }

// Commit puts the file in its place. When it returns nil, the content survives
// the end of the machine.
func (f *File) Commit() error { return f.end(f.file.Sync) }

// Replace puts the file in its place without waiting for the disk: after the end
// of the machine it may be the old file, or empty. It is for what is written
// often or can be had again.
func (f *File) Replace() error { return f.end(func() error { return nil }) }

func (f *File) end(sync func() error) error {
	err := f.Flush()
	if err == nil {
		err = sync()
	}
	if closing := f.file.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Rename(f.file.Name(), f.path)
	}
	if err != nil {
		_ = os.Remove(f.file.Name()) // the first error counts
	}
	return err
}

// Discard removes what was written so far.
func (f *File) Discard() {
	if f.file.Close() == nil { // else it has been ended
		_ = os.Remove(f.file.Name()) // nothing reads it
	}
}

// Write commits a file that write fills. If that fails, the file at path stays
// as it was.
func Write(path string, write func(io.Writer) error) error {
	f, err := Create(path)
	if err != nil {
		return err
	}
	defer f.Discard()
	if err := write(f); err != nil {
		return err
	}
	return f.Commit()
}
