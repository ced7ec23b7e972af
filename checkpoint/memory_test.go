package checkpoint

import (
	"bytes"
	"io"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// memory is a file system that fails and loses power on demand. It knows of
// every file what has been written and what has been synced, and of every
// folder which names have been.
type memory struct {
	root *node
	ops  []string
	free int64

	fail int   // the operation that fails, reading ones too, from 1; 0 means none
	err  error // of it
	stop bool  // and of all after it, as for a process that ends
}

type node struct {
	data, synced   []byte
	names, durable map[string]*node // nil for a file
}

func folder() *node { return &node{names: map[string]*node{}, durable: map[string]*node{}} }

func newMemory() *memory { return &memory{root: folder(), free: 1 << 30} }

// crash leaves what a machine finds that lost power: of files what was synced,
// and of names too, unless the disk happened to write all of them.
func (m *memory) crash(allNames bool) { m.root.crash(allNames) }

func (n *node) crash(allNames bool) {
	n.data = slices.Clone(n.synced)
	if n.names == nil {
		return
	}
	if !allNames {
		n.names = maps.Clone(n.durable)
	}
	for _, child := range n.names {
		child.crash(allNames)
	}
}

// op counts an operation and says whether it fails.
func (m *memory) op(name, path string) error {
	m.ops = append(m.ops, name+" "+filepath.ToSlash(path))
	if n := len(m.ops); m.fail > 0 && (n == m.fail || m.stop && n > m.fail) {
		return m.err
	}
	return nil
}

// find returns the node of a path, or nil.
func (m *memory) find(path string) *node {
	n := m.root
	for _, name := range strings.Split(filepath.ToSlash(path), "/") {
		if name == "." || n == nil {
			continue
		}
		n = n.names[name]
	}
	return n
}

func (m *memory) MkdirAll(path string) error {
	if m.find(path) != nil {
		return nil
	}
	if err := m.MkdirAll(filepath.Dir(path)); err != nil {
		return err
	}
	if err := m.op("mkdir", path); err != nil {
		return err
	}
	parent, n := m.find(filepath.Dir(path)), folder()
	parent.names[filepath.Base(path)], parent.durable[filepath.Base(path)] = n, n
	return nil
}

func (m *memory) Create(path string) (SyncWriter, error) {
	if err := m.op("create", path); err != nil {
		return nil, err
	}
	n := &node{}
	m.find(filepath.Dir(path)).names[filepath.Base(path)] = n
	return &memoryFile{m, path, n}, nil
}

type memoryFile struct {
	m    *memory
	path string
	*node
}

// Write writes half of what it is given before it fails.
func (f *memoryFile) Write(p []byte) (int, error) {
	err := f.m.op("write", f.path)
	if err != nil {
		p = p[:len(p)/2]
	}
	f.data = append(f.data, p...)
	return len(p), err
}

func (f *memoryFile) Sync() error {
	if err := f.m.op("sync", f.path); err != nil {
		return err
	}
	f.synced = slices.Clone(f.data)
	return nil
}

func (f *memoryFile) Close() error { return f.m.op("close", f.path) }

func (m *memory) ReadFile(path string) ([]byte, error) {
	if err := m.op("read", path); err != nil {
		return nil, err
	}
	if n := m.find(path); n != nil && n.names == nil {
		return slices.Clone(n.data), nil
	}
	return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
}

func (m *memory) Open(path string) (io.ReadCloser, error) {
	data, err := m.ReadFile(path)
	return io.NopCloser(bytes.NewReader(data)), err
}

func (m *memory) ReadDir(path string) ([]string, error) {
	if err := m.op("readdir", path); err != nil {
		return nil, err
	}
	if n := m.find(path); n != nil {
		return slices.Sorted(maps.Keys(n.names)), nil
	}
	return nil, &fs.PathError{Op: "readdir", Path: path, Err: fs.ErrNotExist}
}

func (m *memory) Rename(from, to string) error {
	if err := m.op("rename", to); err != nil {
		return err
	}
	parent := m.find(filepath.Dir(from))
	parent.names[filepath.Base(to)] = parent.names[filepath.Base(from)]
	delete(parent.names, filepath.Base(from))
	return nil
}

// RemoveAll removes one name after the other, and may fail between two.
func (m *memory) RemoveAll(path string) error {
	n := m.find(path)
	if n == nil {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(n.names)) {
		if err := m.RemoveAll(filepath.Join(path, name)); err != nil {
			return err
		}
	}
	if err := m.op("remove", path); err != nil {
		return err
	}
	delete(m.find(filepath.Dir(path)).names, filepath.Base(path))
	return nil
}

func (m *memory) SyncDir(path string) error {
	if err := m.op("syncdir", path); err != nil {
		return err
	}
	n := m.find(path)
	n.durable = maps.Clone(n.names)
	return nil
}

func (m *memory) Free(path string) (int64, error) { return m.free, m.op("free", path) }
