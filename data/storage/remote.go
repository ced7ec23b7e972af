package storage

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"sync"
)

// An object is a remote file as its service gives it. Errors that another try
// may cure are temporary.
type object interface {
	// stat returns the version and the last bytes of the file, at most tailBytes
	// and maybe none.
	stat(ctx context.Context) (v Version, tail []byte, err error)

	// get opens n bytes from off of the file, which must be of a version.
	get(ctx context.Context, off, n int64, v Version) (io.ReadCloser, error)
}

const (
	blockBytes = 256 << 10 // what is asked for at once at least, and kept in the cache
	maxBlocks  = 8         // asked for at once
	tailBytes  = 64 << 10  // where the footer is
)

// FileBytes is what an open remote file holds in memory.
const FileBytes = maxBlocks * blockBytes

// A remote file is read in blocks. Reads that follow each other ask for more and
// more of them at once. It holds the blocks of the last request.
type remote struct {
	store   *Store
	name    Name
	object  object
	ctx     context.Context // of all reads
	version Version

	mu     sync.Mutex
	tail   []byte // the end of the file
	blocks map[int64][]byte
	next   int64 // the block after the last ones
	run    int64 // blocks that were asked for at once
}

func (f *remote) Close() error { return nil }

// stat asks for the version, and the footer with it.
func (f *remote) stat() error {
	return f.store.try(f.ctx, f.name, "its size", func(ctx context.Context, progress func(n int)) (err error) {
		f.version, f.tail, err = f.object.stat(ctx)
		progress(len(f.tail))
		return err
	})
}

func (f *remote) ReadAt(p []byte, off int64) (n int, err error) {
	if off < 0 {
		return 0, fmt.Errorf("offset %d is negative", off)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for n < len(p) {
		at := off + int64(n)
		if at >= f.version.Size {
			return n, io.EOF
		}
		if start := f.version.Size - int64(len(f.tail)); at >= start {
			n += copy(p[n:], f.tail[at-start:])
			continue
		}
		b := at / blockBytes
		block, ok := f.blocks[b]
		if !ok {
			if err := f.fill(b, (off+int64(len(p))-1)/blockBytes); err != nil {
				return n, err
			}
			block = f.blocks[b]
		}
		n += copy(p[n:], block[at-b*blockBytes:])
	}
	return n, nil
}

// fill gets blocks from b on: up to last, and more where reads follow each other.
func (f *remote) fill(b, last int64) error {
	if b == f.next && f.run > 0 {
		f.run = min(2*f.run, maxBlocks)
	} else {
		f.run = 1
	}
	f.run = min(max(f.run, last-b+1), maxBlocks)
	blocks := (f.version.Size + blockBytes - 1) / blockBytes
	end := min(b+f.run, blocks)
	clear(f.blocks)
	f.next = end
	for b < end {
		if block := f.store.cache.get(f.key(), b, f.length(b)); block != nil {
			f.store.count(func(s *Stats) { s.Cached += int64(len(block)) })
			f.blocks[b] = block
			b++
			continue
		}
		stop := b + 1 // a request for all that follow and are not kept
		for stop < end && !f.store.cache.has(f.key(), stop) {
			stop++
		}
		text := make([]byte, min(stop*blockBytes, f.version.Size)-b*blockBytes)
		if err := f.store.fetch(f.ctx, f.name, f.object, f.version, text, b*blockBytes); err != nil {
			return err
		}
		for ; b < stop; b++ {
			n := f.length(b)
			f.blocks[b], text = text[:n:n], text[n:]
			f.store.cache.put(f.key(), b, f.blocks[b])
		}
	}
	return nil
}

// length is the number of bytes of a block.
func (f *remote) length(b int64) int { return int(min(blockBytes, f.version.Size-b*blockBytes)) }

// key distinguishes this version of the file from all others in a cache, or is ""
// where the server says no version. A signature in the address plays no part: it ends,
// and the bytes stay.
func (f *remote) key() string {
	if f.version.Tag == "" {
		return ""
	}
	address := f.name.full
	if signed.MatchString(address) {
		address = f.name.shown
	}
	return fmt.Sprintf("%s\n%d\n%s", address, f.version.Size, f.version.Tag)
}

// signed finds the signatures of S3, Google and Azure, and of CloudFront.
var signed = regexp.MustCompile(`[?&](X-Amz-Signature|X-Goog-Signature|sig|Signature)=`)
