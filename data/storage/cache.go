package storage

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/goclip/goclip/internal/atomicfile"
)

// A cache keeps blocks of remote files in a folder, a file each: the SHA-256 of
// the block, then the block. Its name is a hash of the name and version of the
// remote file and the number of the block. Other processes see a file whole or not
// at all; one that is damaged, or that another process has deleted, is a miss.
type cache struct {
	folder string
	limit  int64
	logf   func(format string, args ...any)

	mu    sync.Mutex
	bytes int64 // in the folder, as far as this store knows
	since int64 // written since it has looked
	off   bool  // nothing more can be written
}

const blockSuffix = ".block"

// partAge is how old a part of a block must be for its writer to have died.
const partAge = time.Hour

func newCache(folder string, limit int64, logf func(string, ...any)) (*cache, error) {
	if limit <= 0 {
		return nil, fmt.Errorf("cache: %d bytes; want more", limit)
	}
	if err := os.MkdirAll(folder, 0o700); err != nil { // what is behind a login should not be readable to all here
		return nil, fmt.Errorf("cache: %w", err)
	}
	c := &cache{folder: folder, limit: limit, logf: logf}
	if err := c.evict(0); err != nil {
		return nil, fmt.Errorf("cache: %w", err)
	}
	return c, nil
}

func (c *cache) path(key string, block int64) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%d\n%d", key, blockBytes, block))
	return filepath.Join(c.folder, hex.EncodeToString(sum[:])+blockSuffix)
}

// has says whether a block seems to be kept.
func (c *cache) has(key string, block int64) bool {
	if c == nil || key == "" {
		return false
	}
	_, err := os.Stat(c.path(key, block))
	return err == nil
}

// get returns a block of length bytes, or nil.
func (c *cache) get(key string, block int64, length int) []byte {
	if c == nil || key == "" {
		return nil
	}
	path := c.path(key, block)
	file, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	if len(file) == sha256.Size+length {
		if sum := sha256.Sum256(file[sha256.Size:]); bytes.Equal(sum[:], file[:sha256.Size]) {
			now := time.Now()
			_ = os.Chtimes(path, now, now) // else it is evicted early
			return file[sha256.Size:]
		}
	}
	c.logf("data: cache: %s is damaged; it is read again from where it came", path)
	_ = os.Remove(path) // or is overwritten
	return nil
}

// put keeps a block. Where that cannot be done, such as on a full disk, it says so
// once and keeps no more.
func (c *cache) put(key string, block int64, text []byte) {
	if c == nil || key == "" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	size := int64(sha256.Size + len(text))
	if c.off || size > c.limit {
		return
	}
	err := error(nil)
	if c.bytes+size > c.limit || c.since > c.limit/16 { // others write as well
		err = c.evict(size)
	}
	if err == nil {
		err = c.write(c.path(key, block), text)
	}
	if err != nil {
		c.off = true
		c.logf("data: cache: %v; nothing more is kept, and what is missing is read from where it came", err)
		return
	}
	c.bytes, c.since = c.bytes+size, c.since+size
}

func (c *cache) write(path string, text []byte) error {
	f, err := atomicfile.Create(path)
	if err != nil {
		return err
	}
	defer f.Discard()
	if err := f.Chmod(0o600); err != nil { // the folder may be one that others can read
		return err
	}
	sum := sha256.Sum256(text)
	for _, part := range [][]byte{sum[:], text} {
		if _, err := f.Write(part); err != nil {
			return err
		}
	}
	return f.Replace() // what a crash of the machine spoils does not have its sum
}

// isPart says whether a file is a block that is being written.
func isPart(name string) bool {
	return strings.HasPrefix(name, ".") && strings.Contains(name, blockSuffix+".")
}

// evict counts what the folder holds and, if there is no space for room bytes,
// deletes the blocks that were used the longest ago until a tenth is free. Other
// processes may do so at the same time.
func (c *cache) evict(room int64) error {
	entries, err := os.ReadDir(c.folder)
	if err != nil {
		return err
	}
	type file struct {
		name string
		size int64
		used time.Time
	}
	var files []file
	c.bytes, c.since = 0, 0
	for _, e := range entries {
		part := isPart(e.Name())
		if !part && !strings.HasSuffix(e.Name(), blockSuffix) {
			continue
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if part && time.Since(info.ModTime()) < partAge {
			continue
		}
		if part { // of a process that was killed
			_ = os.Remove(filepath.Join(c.folder, e.Name())) // or another one did
			continue
		}
		files = append(files, file{e.Name(), info.Size(), info.ModTime()})
		c.bytes += info.Size()
	}
	if c.bytes+room <= c.limit {
		return nil
	}
	slices.SortFunc(files, func(a, b file) int { return a.used.Compare(b.used) })
	for _, f := range files {
		if c.bytes+room <= c.limit-c.limit/10 {
			break
		}
		if err := os.Remove(filepath.Join(c.folder, f.name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		c.bytes -= f.size
	}
	return nil
}
