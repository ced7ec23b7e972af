package embedcache

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const width, large = 3, 1 << 20

func open(t *testing.T, path string, key Key, size int64) *Cache {
	t.Helper()
	c, err := Open(path, key, width, size)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func row(i int) []float32 { return []float32{float32(i), -0.1, 1e-30} }

func hash(i int) Hash { return Sum([]byte{byte(i)}) }

// fill puts rows lo to hi into a cache.
func fill(t *testing.T, c *Cache, lo, hi int) {
	t.Helper()
	for i := lo; i < hi; i++ {
		c.Put(hash(i), row(i))
	}
	if err := c.Flush(); err != nil {
		t.Fatal(err)
	}
}

// holds checks that a cache has rows 0 to n-1, to the bit, and no more.
func holds(t *testing.T, c *Cache, n int) {
	t.Helper()
	for i := range n + 3 {
		got := make([]float32, width)
		ok, err := c.Get(hash(i), got)
		if err != nil || ok != (i < n) || ok && !slices.Equal(got, row(i)) {
			t.Errorf("row %d of %d: %v, %t, %v", i, n, got, ok, err)
		}
	}
	if c.Len() != n {
		t.Errorf("%d embeddings, want %d", c.Len(), n)
	}
}

func closed(t *testing.T, c *Cache) {
	t.Helper()
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestReopen holds that what was written is there again, and goes on.
func TestReopen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	c := open(t, path, Key{1}, large)
	holds(t, c, 0)
	fill(t, c, 0, 2)
	holds(t, c, 2)
	if _, err := Open(path, Key{1}, width, large); err == nil || !strings.Contains(err.Error(), "in use by another process") {
		t.Errorf("opened twice: %v; want error", err)
	}
	closed(t, c)
	c = open(t, path, Key{1}, large)
	if want := (Opened{Records: 2}); c.Opened != want {
		t.Errorf("opened %+v, want %+v", c.Opened, want)
	}
	fill(t, c, 2, 5)
	holds(t, c, 5)
	closed(t, c)
	for _, other := range []struct {
		key   Key
		width int
	}{{Key{2}, width}, {Key{2}, width + 1}} {
		c, err := Open(path, other.key, other.width, large)
		if err != nil || !c.Opened.Rebuilt || c.Len() != 0 {
			t.Fatalf("another key or width: %+v, %v; want it rebuilt", c, err)
		}
		closed(t, c)
	}
}

// TestDamage cuts a file at every length and changes every byte of it: what is read
// is right, and the file can go on.
func TestDamage(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x")
	c := open(t, path, Key{1}, large)
	fill(t, c, 0, 3)
	closed(t, c)
	text, err := os.ReadFile(path)
	if err != nil || len(text) != headerSize+3*int(RecordBytes(width)) {
		t.Fatal(len(text), err)
	}
	for i := range text {
		for _, damage := range []func([]byte) []byte{
			func(b []byte) []byte { return b[:i] },
			func(b []byte) []byte { b[i] ^= 0x10; return b },
			func(b []byte) []byte { clear(b[i:]); return b }, // pages that were never written
		} {
			if err := os.WriteFile(path, damage(slices.Clone(text)), 0o666); err != nil {
				t.Fatal(err)
			}
			c := open(t, path, Key{1}, large)
			good := max(0, (i-headerSize)/int(RecordBytes(width)))
			if c.Len() != good && c.Len() != good+1 { // +1 where zeros were zeros before
				t.Errorf("damage at byte %d: %d embeddings, want %d", i, c.Len(), good)
			}
			holds(t, c, c.Len())
			fill(t, c, c.Len(), 4)
			holds(t, c, 4)
			closed(t, c)
		}
	}
}

// TestFull holds that a file does not outgrow its size, nor a full disk spoil it.
func TestFull(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	c := open(t, path, Key{}, int64(headerSize)+3*RecordBytes(width)+1)
	if c.Most() != 3 {
		t.Errorf("at most %d embeddings, want 3", c.Most())
	}
	fill(t, c, 0, 2)
	for i := 2; i < 5; i++ {
		c.Put(hash(i), row(i))
	}
	if err := c.Flush(); !errors.Is(err, ErrFull) {
		t.Errorf("Flush: %v; want ErrFull", err)
	}
	holds(t, c, 3)
	closed(t, c)

	c = open(t, path, Key{}, large)
	failed := errors.New("no space left on device")
	c.writeAt = func(b []byte, at int64) (int, error) { // of which a part was written
		n, _ := c.file.WriteAt(b[:len(b)/2], at)
		return n, failed
	}
	c.Put(hash(3), row(3))
	if err := c.Flush(); !errors.Is(err, failed) {
		t.Errorf("Flush: %v; want %v", err, failed)
	}
	holds(t, c, 3)
	closed(t, c)
	c = open(t, path, Key{}, large)
	if want := (Opened{Records: 3}); c.Opened != want {
		t.Errorf("opened %+v, want %+v", c.Opened, want)
	}
	closed(t, c)
}

func TestErrors(t *testing.T) {
	dir := t.TempDir()
	if _, err := Open(filepath.Join(dir, "none", "x"), Key{}, width, large); err == nil {
		t.Error("a folder that is missing: no error")
	}
	path := filepath.Join(dir, "x")
	c := open(t, path, Key{}, large)
	fill(t, c, 0, 1)
	if _, err := c.file.WriteAt([]byte{7}, int64(headerSize)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Get(hash(0), make([]float32, width)); err == nil || !strings.Contains(err.Error(), "record 0 has changed") {
		t.Errorf("changed: %v; want error", err)
	}
	closed(t, c)
}
