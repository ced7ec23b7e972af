package checkpoint

import (
	"io"
	"os"
)

// FS is the part of a file system that a store needs; tests have one that fails.
type FS interface {
	MkdirAll(path string) error
	Create(path string) (SyncWriter, error)
	Open(path string) (io.ReadCloser, error)
	ReadFile(path string) ([]byte, error)
	ReadDir(path string) (names []string, err error)
	Rename(from, to string) error
	RemoveAll(path string) error
	SyncDir(path string) error
}

// A SyncWriter is a file being written.
type SyncWriter interface {
	io.WriteCloser
	Sync() error
}

// OS is the system's file system.
type OS struct{}

// MkdirAll makes a folder and those above it.
func (OS) MkdirAll(path string) error { return os.MkdirAll(path, 0o777) }

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
