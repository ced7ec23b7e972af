// Package storage opens files for reading wherever they lie: on disk, behind
// https://, or in an object store (s3://, gs://, azblob://).
//
//	pattern -> names -> File: io.ReaderAt, size, version
//
// A remote file is read in blocks by range requests, each tried again with
// growing pauses where that can help, and kept in a folder if the user named
// one. What is read belongs to one version of the file: one that is replaced
// meanwhile is an error.
//
// Names never show what may be a secret: the query of an address, and who signs.
package storage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Config says how remote files are read.
type Config struct {
	// Cache is a folder that keeps blocks of remote files, up to CacheBytes
	// together, which must be positive; empty keeps none. Several processes may
	// share it.
	Cache      string
	CacheBytes int64
}

// A Store opens files. Its methods may be called at once.
type Store struct {
	log     atomic.Pointer[func(format string, args ...any)]
	client  *http.Client
	buckets buckets
	cache   *cache // nil without one
	pause   func(try int) time.Duration
	stall   time.Duration // without a byte

	mu       sync.Mutex
	requests map[*request]bool // that have not ended
	stats    Stats
}

// Stats says what a store has done for remote files.
type Stats struct {
	Requests, Retries int
	Bytes, Cached     int64 // from the network; from the folder
}

// New makes a store. A cache folder that cannot be made is an error.
func New(c Config) (*Store, error) {
	s := &Store{client: newClient(), pause: backoff, stall: 30 * time.Second, requests: map[*request]bool{}}
	s.SetLog(func(string, ...any) {})
	if c.Cache != "" {
		var err error
		if s.cache, err = newCache(c.Cache, c.CacheBytes, s.logf); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// WithLog returns a context in which what opens a store lets it log to log.
func WithLog(ctx context.Context, log func(format string, args ...any)) context.Context {
	return context.WithValue(ctx, logKey{}, log)
}

type logKey struct{}

// LogFrom takes what WithLog put into ctx, if anything.
func (s *Store) LogFrom(ctx context.Context) {
	if log, ok := ctx.Value(logKey{}).(func(format string, args ...any)); ok {
		s.SetLog(log)
	}
}

// SetLog sets what logs requests that are made again; at first nothing does.
func (s *Store) SetLog(log func(format string, args ...any)) { s.log.Store(&log) }

func (s *Store) logf(format string, args ...any) { (*s.log.Load())(format, args...) }

// Stats is what the store has done so far.
func (s *Store) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stats
}

// A Version distinguishes the bytes of a file from those that it has later.
type Version struct {
	Size int64

	// Tag is the ETag of a remote file, its generation in Google's store or,
	// without one, when it was last modified; empty if the server says neither, and for local files.
	Tag string

	weak bool // the server may not be asked for this Tag alone
	info os.FileInfo
	tail []byte
}

// A File is an open file. Reads may be made at once, but not after Close.
type File struct {
	io.ReaderAt
	io.Closer
	Version Version
}

// Keep keeps the last n bytes of a remote file with its version, so that to open
// it again reads none of them.
func (f *File) Keep(n int64) error {
	if _, ok := f.ReaderAt.(*remote); !ok {
		return nil
	}
	f.Version.tail = make([]byte, n)
	_, err := f.ReadAt(f.Version.tail, f.Version.Size-n)
	return err
}

// ErrChanged says that a file is not what it was.
var ErrChanged = errors.New("has changed while it was in use")

// changed says that a file of version a is b now.
func changed(a, b Version) error {
	if a.info != nil && b.info != nil {
		return fmt.Errorf("%w: had %d bytes of %s, has %d of %s",
			ErrChanged, a.Size, a.info.ModTime().Format(time.DateTime), b.Size, b.info.ModTime().Format(time.DateTime))
	}
	if b.Size == 0 { // nobody has said
		return fmt.Errorf("%w: had version %s, has %s", ErrChanged, a.Tag, b.Tag)
	}
	return fmt.Errorf("%w: had %d bytes of version %s, has %d of %s", ErrChanged, a.Size, a.Tag, b.Size, b.Tag)
}

// Open opens a file, of the version first unless that is nil. Reads end when
// ctx does. Errors begin with the name.
func (s *Store) Open(ctx context.Context, name Name, first *Version) (*File, error) {
	if name.scheme == "" {
		return openLocal(name.full, first)
	}
	o, err := s.object(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("%v: %w", name, err)
	}
	f := &remote{store: s, name: name, object: o, ctx: ctx, blocks: map[int64][]byte{}}
	if first != nil {
		f.version, f.tail = *first, first.tail
	} else if err := f.stat(); err != nil {
		return nil, fmt.Errorf("%v: %w", name, err)
	}
	return &File{f, f, f.version}, nil
}

func (s *Store) object(ctx context.Context, name Name) (object, error) {
	if name.scheme == "https" || name.scheme == "http" {
		return &httpObject{s.client, name.full}, nil
	}
	return s.buckets.object(ctx, name)
}

// openLocal opens a file on disk, which must not be a pipe: to open that would
// wait for its writer.
func openLocal(path string, first *Version) (*File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: is not a regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if info, err = f.Stat(); err != nil {
		_ = f.Close() // it was only read
		return nil, err
	}
	now := Version{Size: info.Size(), info: info}
	if first != nil && (!os.SameFile(info, first.info) || now.Size != first.Size ||
		!info.ModTime().Equal(first.info.ModTime())) {
		_ = f.Close()
		return nil, fmt.Errorf("%s: %w", path, changed(*first, now))
	}
	return &File{f, f, now}, nil
}
