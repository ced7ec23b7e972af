package checkpoint

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// FS is the part of a file system that a store needs; tests have one that
// fails, and loses power, at any operation.
type FS interface {
	// MkdirAll makes a folder and those above it, so that they survive a crash.
	MkdirAll(path string) error

	// Create makes an empty file. It survives a crash after its Sync and the
	// SyncDir of its folder.
	Create(path string) (SyncWriter, error)

	Open(path string) (io.ReadCloser, error)
	ReadFile(path string) ([]byte, error)
	ReadDir(path string) (names []string, err error)

	// Rename moves a file or folder within its folder. It survives a crash
	// after the SyncDir of that folder; before it, either name may.
	Rename(from, to string) error

	RemoveAll(path string) error
	SyncDir(path string) error

	// Free is the number of bytes that may still be written below a folder.
	Free(path string) (int64, error)
}

// A SyncWriter is a file being written.
type SyncWriter interface {
	io.WriteCloser
	Sync() error
}

// OS is the system's file system.
type OS struct{}

// MkdirAll makes a folder and those above it, and their names durable.
func (o OS) MkdirAll(path string) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil
	}
	parent := filepath.Dir(path)
	if parent != path {
		if err := o.MkdirAll(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(path, 0o777); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return o.SyncDir(parent)
}

// Create makes an empty file.
func (OS) Create(path string) (SyncWriter, error) { return os.Create(path) }

// Open opens a file for reading.
func (OS) Open(path string) (io.ReadCloser, error) { return os.Open(path) }

// ReadFile reads a whole file.
func (OS) ReadFile(path string) ([]byte, error) { return os.ReadFile(path) }

// ReadDir lists the names in a folder.
func (OS) ReadDir(path string) (names []string, err error) {
	entries, err := os.ReadDir(path)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names, err
}

// Rename moves a file or folder.
func (OS) Rename(from, to string) error { return os.Rename(from, to) }

// RemoveAll removes a file, or a folder with all in it.
func (OS) RemoveAll(path string) error { return os.RemoveAll(path) }

// Free is what the system lets an ordinary user write.
func (OS) Free(path string) (int64, error) { return freeBytes(path) }
