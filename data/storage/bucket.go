package storage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"path"
	"strings"
	"sync"

	"github.com/bmatcuk/doublestar/v4"
)

// A Bucket is a place in an object store, which holds files under keys. Its
// methods may be called at once. An error that another try may cure is marked by
// Temporary; all others end what was read.
type Bucket interface {
	// Keys yields the keys that begin with prefix, in their order; with a
	// delimiter, only those that do not hold it after the prefix.
	Keys(ctx context.Context, prefix, delimiter string) iter.Seq2[string, error]

	// Stat returns the size in bytes and the tag of a file.
	Stat(ctx context.Context, key string) (Version, error)

	// Read opens n bytes from off of a file, which must be of version v: another
	// version is ErrChanged.
	Read(ctx context.Context, key string, off, n int64, v Version) (io.ReadCloser, error)
}

// An Opener opens the bucket of an address, such as s3://bucket?region=eu-west-1.
// A Store calls it once for each address. The context ends the call, not the bucket.
type Opener func(ctx context.Context, address string) (Bucket, error)

var openers sync.Map // from schemes to their Opener

// Register makes the files of a scheme, such as s3, known to all stores. It is
// for a program's main function: this package has no opener of its own, since the
// clients of object stores are larger than all else.
func Register(scheme string, open Opener) { openers.Store(scheme, open) }

// openerOf returns the opener of a scheme, nil for one that is not registered
// but is known to exist elsewhere.
func openerOf(scheme string) (Opener, error) {
	if open, ok := openers.Load(scheme); ok {
		return open.(Opener), nil
	}
	if !known[scheme] {
		return nil, fmt.Errorf("scheme %s; want https, s3, gs, azblob or a path", scheme)
	}
	return nil, fmt.Errorf("this program was built without %s://; want goclip-cloud, "+
		"which is github.com/goclip/goclip/cloud/cmd/goclip, or a program that calls cloud.Register; "+
		"signed addresses of https need none", scheme)
}

// known are the schemes of module github.com/goclip/goclip/cloud.
var known = map[string]bool{"s3": true, "gs": true, "azblob": true}

// buckets are the buckets of an object store, each opened once.
type buckets struct {
	mu   sync.Mutex
	open map[string]Bucket // from addresses
}

func (s *buckets) bucket(ctx context.Context, address string) (Bucket, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b, ok := s.open[address]; ok {
		return b, nil
	}
	scheme, _, _ := strings.Cut(address, "://")
	open, err := openerOf(scheme)
	if err != nil {
		return nil, err
	}
	b, err := open(context.WithoutCancel(ctx), address) // which others will use as well
	if err != nil {
		return nil, err
	}
	if s.open == nil {
		s.open = map[string]Bucket{}
	}
	s.open[address] = b
	return b, nil
}

// match lists the keys of a bucket that a pattern matches, in their order; * stays
// within a folder, ** does not.
func (s *buckets) match(ctx context.Context, scheme, address, pattern string) (names []Name, err error) {
	place, options, _ := strings.Cut(address, "?")
	if options != "" {
		options = "?" + options
	}
	name := func(key string) Name {
		return Name{scheme, place + "/" + key + options, place + "/" + key, address, key}
	}
	if _, err := openerOf(scheme); err != nil {
		return nil, err
	}
	meta := strings.IndexAny(pattern, `*[\`)
	if meta < 0 {
		return []Name{name(pattern)}, nil
	}
	if !doublestar.ValidatePattern(pattern) {
		return nil, path.ErrBadPattern
	}
	b, err := s.bucket(ctx, address)
	if err != nil {
		return nil, err
	}
	delimiter := "/"
	if strings.Contains(pattern[meta:], "/") || strings.Contains(pattern, "**") {
		delimiter = ""
	}
	for key, err := range b.Keys(ctx, pattern[:meta], delimiter) {
		if err != nil {
			return nil, err
		}
		if ok, _ := doublestar.Match(pattern, key); ok {
			names = append(names, name(key))
		}
		if len(names) > maxNames {
			return nil, fmt.Errorf("more than %d files", maxNames)
		}
	}
	return names, nil
}

func (s *buckets) object(ctx context.Context, name Name) (object, error) {
	b, err := s.bucket(ctx, name.bucket)
	if err != nil {
		return nil, err
	}
	return &bucketObject{b, name.key}, nil
}

// A bucketObject is a file in a bucket.
type bucketObject struct {
	bucket Bucket
	key    string
}

func (o *bucketObject) stat(ctx context.Context) (v Version, tail []byte, err error) {
	v, err = o.bucket.Stat(ctx, o.key)
	if err != nil {
		return v, nil, err
	}
	tail = make([]byte, min(v.Size, tailBytes))
	if len(tail) == 0 {
		return v, nil, nil
	}
	r, err := o.get(ctx, v.Size-int64(len(tail)), int64(len(tail)), v)
	if err != nil {
		return v, nil, err
	}
	defer func() { _ = r.Close() }() // what counts has been read
	if _, err := io.ReadFull(r, tail); err != nil {
		return v, nil, temporary{clean(err)}
	}
	return v, tail, nil
}

func (o *bucketObject) get(ctx context.Context, off, n int64, v Version) (io.ReadCloser, error) {
	return o.bucket.Read(ctx, o.key, off, n, v)
}

// Temporary marks an error that another try may cure.
func Temporary(err error) error { return temporary{err} }

// Lost says whether err, of a request that had no answer, is one that another try
// may cure: a connection that was refused or reset, but no certificate or host
// that will be the same next time.
func Lost(err error) bool { return errors.As(connection(err), new(temporary)) }
