package storage

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A memory is a bucket of files in memory, the first tries of which fail.
type memory struct {
	files  map[string][]byte
	tag    string
	faults atomic.Int64 // tries that fail yet
}

func (m *memory) Keys(_ context.Context, prefix, delimiter string) iter.Seq2[string, error] {
	var keys []string
	for key := range m.files {
		rest, ok := strings.CutPrefix(key, prefix)
		if ok && (delimiter == "" || !strings.Contains(rest, delimiter)) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return func(yield func(string, error) bool) {
		for _, key := range keys {
			if !yield(key, nil) {
				return
			}
		}
	}
}

func (m *memory) Stat(_ context.Context, key string) (Version, error) {
	file, ok := m.files[key]
	if !ok {
		return Version{}, errors.New("no such object")
	}
	return Version{Size: int64(len(file)), Tag: m.tag}, nil
}

func (m *memory) Read(_ context.Context, key string, off, n int64, v Version) (io.ReadCloser, error) {
	if m.faults.Add(-1) >= 0 {
		return nil, Temporary(errors.New("fault"))
	}
	if v.Tag != m.tag {
		return nil, fmt.Errorf("%w: it is not version %s any more", ErrChanged, v.Tag)
	}
	return io.NopCloser(bytes.NewReader(m.files[key][off : off+n])), nil
}

// register makes m the only bucket of scheme mem, and counts how often it is opened.
func register(t *testing.T, m *memory) (opened *atomic.Int64) {
	opened = new(atomic.Int64)
	Register("mem", func(_ context.Context, address string) (Bucket, error) {
		opened.Add(1)
		if address != "mem://b" && address != "mem://b?region=x" {
			return nil, fmt.Errorf("no bucket %s", address)
		}
		return m, nil
	})
	t.Cleanup(func() { openers.Delete("mem") })
	return opened
}

func TestBucketList(t *testing.T) {
	m := &memory{files: map[string][]byte{"a/1": nil, "a/2": nil, "a/b/3": nil, "c": nil}}
	opened := register(t, m)
	s, _ := quick(t, Config{})
	for pattern, want := range map[string][]string{
		"mem://b/a/*":        {"mem://b/a/1", "mem://b/a/2"},
		"mem://b/*/*/*":      {"mem://b/a/b/3"},
		"mem://b/a/{2..3}":   {"mem://b/a/2", "mem://b/a/3"}, // names are not looked up
		"mem://b/c?region=x": {"mem://b/c"},
		"mem://b/x*":         {`pattern "mem://b/x*" matches no file`},
		"mem://d/*":          {`pattern "mem://d/*": no bucket mem://d`},
		"mem://b/[":          {`pattern "mem://b/[": syntax error in pattern`},
		"men://b/*":          {`pattern "men://b/*": scheme men; want https, s3, gs, azblob or a path`},
		"s3://b/*": {`pattern "s3://b/*": this program was built without s3://; want goclip-cloud, ` +
			`which is github.com/goclip/goclip/cloud/cmd/goclip, or a program that calls cloud.Register; ` +
			`signed addresses of https need none`},
	} {
		names, err := s.List(t.Context(), pattern)
		var got []string
		for _, n := range names {
			got = append(got, n.String())
		}
		if err != nil {
			got = []string{err.Error()}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("List(%s): %s", pattern, diff)
		}
	}
	if n := opened.Load(); n != 2 { // b, and d in vain
		t.Errorf("%d buckets opened; want 2", n)
	}
}

// TestBucketRead reads a file whose service fails now and then, and then has
// another version.
func TestBucketRead(t *testing.T) {
	file := random(3*blockBytes + 777)
	m := &memory{files: map[string][]byte{"a": file, "empty": nil}, tag: "one"}
	register(t, m)
	s, said := quick(t, Config{})
	m.faults.Store(2)
	f, err := openOne(t, s, "mem://b/a", nil)
	if err != nil {
		t.Fatal(err)
	}
	m.faults.Store(3)
	p := make([]byte, len(file))
	if n, err := f.ReadAt(p, 0); err != nil || !bytes.Equal(p, file) {
		t.Errorf("ReadAt: %d, %v, equal %v", n, err, bytes.Equal(p, file))
	}
	if n := strings.Count(said(), "again in"); n != 5 {
		t.Errorf("%d retries reported; want 5:\n%s", n, said())
	}
	if f, err := openOne(t, s, "mem://b/empty", nil); err != nil || f.Version.Size != 0 {
		t.Errorf("an empty file: %v", err)
	}
	m.tag = "two"
	if f, err = openOne(t, s, "mem://b/a", &f.Version); err != nil {
		t.Fatal(err) // to open asks for nothing
	}
	if _, err := f.ReadAt(p[:10], 0); !errors.Is(err, ErrChanged) {
		t.Errorf("replaced: %v; want %v", err, ErrChanged)
	}
	const missing = "mem://b/none: its size: no such object"
	if _, err := openOne(t, s, "mem://b/none", nil); err == nil || !strings.Contains(err.Error(), missing) {
		t.Errorf("%v; want error with %q", err, missing)
	}
}
