package storage

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A served is a server of one file, the fault of whose nth answer, from 0, is
// drawn by fault.
type served struct {
	*httptest.Server
	file     []byte
	etag     atomic.Pointer[string]
	requests atomic.Int64
	fault    func(n int64) string
}

func serve(t *testing.T, file []byte, fault func(n int64) string) *served {
	t.Helper()
	s := &served{file: file, fault: fault}
	s.setTag(`"one"`)
	s.Server = httptest.NewServer(http.HandlerFunc(s.answer))
	s.Config.ErrorLog = nil
	t.Cleanup(s.Close)
	return s
}

func (s *served) setTag(tag string) { s.etag.Store(&tag) }

func (s *served) answer(w http.ResponseWriter, r *http.Request) {
	fault := ""
	if n := s.requests.Add(1) - 1; s.fault != nil {
		fault = s.fault(n)
	}
	w.Header().Set("ETag", *s.etag.Load())
	switch fault {
	case "503", "500", "429", "403", "404", "401":
		var code int
		fmt.Sscan(fault, &code)
		http.Error(w, "fault", code)
	case "no ranges":
		_, _ = w.Write(s.file)
	case "reset":
		panic(http.ErrAbortHandler)
	case "cut", "reset within", "slow":
		from := httptest.NewRecorder()
		from.Header().Set("ETag", *s.etag.Load())
		http.ServeContent(from, r, "", time.Time{}, bytes.NewReader(s.file))
		for k, v := range from.Header() {
			w.Header()[k] = v
		}
		w.WriteHeader(from.Code)
		body := from.Body.Bytes()
		_, _ = w.Write(body[:len(body)/2])
		w.(http.Flusher).Flush()
		if fault == "slow" { // no byte more
			<-r.Context().Done()
		}
		panic(http.ErrAbortHandler)
	default:
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(s.file))
	}
}

// quick is a store that does not pause, and what it says.
func quick(t *testing.T, c Config) (*Store, func() string) {
	t.Helper()
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var lines strings.Builder
	s.SetLog(func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintf(&lines, format+"\n", args...)
	})
	s.pause = func(int) time.Duration { return time.Millisecond }
	return s, func() string { mu.Lock(); defer mu.Unlock(); return lines.String() }
}

func random(n int) []byte {
	text := make([]byte, n)
	r := rand.NewChaCha8([32]byte{1})
	_, _ = r.Read(text)
	return text
}

// openOne opens the only file of a pattern.
func openOne(t *testing.T, s *Store, pattern string, first *Version) (*File, error) {
	t.Helper()
	names, err := s.List(t.Context(), pattern)
	if err != nil || len(names) != 1 {
		t.Fatalf("List(%s): %v, %v; want one", pattern, names, err)
	}
	return s.Open(t.Context(), names[0], first)
}

// TestFaults reads a file at random places while answers fail: the bytes must
// equal the file's, whatever happens.
func TestFaults(t *testing.T) {
	file := random(3*blockBytes + 777)
	for _, faults := range [][]string{{""}, {"503", "500", "429"}, {"reset"}, {"cut", "reset within"},
		{"slow"}, {"503", "reset", "cut", ""}} {
		t.Run(strings.Join(faults, ","), func(t *testing.T) {
			server := serve(t, file, func(n int64) string {
				if n%3 == 2 || faults[0] == "slow" && n%12 != 4 { // so that no request fails each time
					return ""
				}
				return faults[int(n)%len(faults)]
			})
			s, said := quick(t, Config{})
			if faults[0] == "slow" {
				s.stall = 300 * time.Millisecond
			}
			f, err := openOne(t, s, server.URL+"/a.parquet", nil)
			if err != nil {
				t.Fatal(err)
			}
			if f.Version.Size != int64(len(file)) || f.Version.Tag != `"one"` {
				t.Errorf("version %+v; want %d bytes of \"one\"", f.Version, len(file))
			}
			rng := rand.New(rand.NewPCG(1, 2))
			for range 12 {
				lo := rng.IntN(len(file))
				p := make([]byte, 1+rng.IntN(len(file)-lo))
				if n, err := f.ReadAt(p, int64(lo)); err != nil || !bytes.Equal(p, file[lo:lo+n]) || n != len(p) {
					t.Fatalf("ReadAt(%d, %d): %d, %v, equal %v", len(p), lo, n, err, bytes.Equal(p[:n], file[lo:lo+n]))
				}
			}
			if n, err := f.ReadAt(make([]byte, 10), int64(len(file)-4)); n != 4 || !errors.Is(err, io.EOF) {
				t.Errorf("over the end: %d, %v; want 4, EOF", n, err)
			}
			stats := s.Stats()
			if tried := strings.Count(said(), "again in"); tried != stats.Retries || (tried == 0) != (faults[0] == "") {
				t.Errorf("said %d retries, counted %d:\n%s", tried, stats.Retries, said())
			}
		})
	}
}

// TestRefused checks what is not tried again, and what all tries end with.
func TestRefused(t *testing.T) {
	file := random(1000)
	for _, test := range []struct {
		fault    string
		requests int64
		want     string
	}{
		{"403", 1, "a.parquet: its size: the server says 403 Forbidden: want an address that may be read"},
		{"401", 1, "the server says 401 Unauthorized"},
		{"404", 1, "the server says 404 Not Found"},
		{"no ranges", 1, "the server says 200 OK to a range request: want a server that answers those"},
		{"503", tries, "the server says 503 Service Unavailable, 8 times within"},
		{"reset", tries, "EOF, 8 times within"},
	} {
		server := serve(t, file, func(int64) string { return test.fault })
		s, _ := quick(t, Config{})
		_, err := openOne(t, s, server.URL+"/a.parquet", nil)
		if err == nil || !strings.Contains(err.Error(), test.want) || !errors.As(err, new(*ReadError)) {
			t.Errorf("%s: %v; want error with %q", test.fault, err, test.want)
		}
		if n := server.requests.Load(); n != test.requests {
			t.Errorf("%s: %d requests; want %d", test.fault, n, test.requests)
		}
	}
}

// TestReplaced replaces a file between two reads of it.
func TestReplaced(t *testing.T) {
	for _, tags := range [][2]string{{`"one"`, `"two"`}, {`W/"one"`, `W/"two"`}, {`"one"`, ""}} {
		server := serve(t, random(3*blockBytes), nil)
		server.setTag(tags[0])
		s, _ := quick(t, Config{})
		f, err := openOne(t, s, server.URL+"/a.parquet", nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.ReadAt(make([]byte, 10), 0); err != nil {
			t.Fatal(err)
		}
		server.setTag(tags[1])
		if _, err := f.ReadAt(make([]byte, 10), 2*blockBytes); !errors.Is(err, ErrChanged) {
			t.Errorf("tag %s, then %s: %v; want %v", tags[0], tags[1], err, ErrChanged)
		}
		if _, err := openOne(t, s, server.URL+"/a.parquet", &f.Version); err != nil {
			t.Error(err) // to open asks for nothing
		}
	}
}

// TestConnection checks servers that are not there, and those not to be trusted.
func TestConnection(t *testing.T) {
	down := httptest.NewServer(nil)
	down.Close()
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = nil
	secure.StartTLS()
	defer secure.Close()
	plain := serve(t, random(100), nil)
	to := httptest.NewTLSServer(http.RedirectHandler(plain.URL, http.StatusFound))
	defer to.Close()
	for _, test := range []struct {
		address, want string
		trust         bool
	}{
		{down.URL, "connection refused, 8 times within", false},
		{secure.URL, "the certificate is not trusted: ", false},
		{secure.URL, "404 Not Found", true},
		{to.URL, "a redirect from https to http of 127.0.0.1:", true},
	} {
		s, _ := quick(t, Config{})
		if test.trust {
			s.client.Transport.(*http.Transport).TLSClientConfig = secure.Client().Transport.(*http.Transport).TLSClientConfig
		}
		_, err := openOne(t, s, test.address+"/a.parquet?X-Amz-Signature=secret", nil)
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v; want error with %q", test.address, err, test.want)
		}
	}
}

// TestCancel ends a read that waits for its next try.
func TestCancel(t *testing.T) {
	server := serve(t, random(100), func(int64) string { return "503" })
	s, _ := quick(t, Config{})
	s.pause = func(int) time.Duration { return time.Hour }
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	if _, err := s.Open(ctx, NameOf(server.URL+"/a"), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("%v; want %v", err, context.Canceled)
	}
	if w := s.Waiting(); w != "" {
		t.Errorf("waits for %q", w)
	}
}

// TestCache reads a file twice, the second time without its server, by two
// stores at once, and after damage.
func TestCache(t *testing.T) {
	file := random(5*blockBytes + 99)
	server := serve(t, file, nil)
	dir := filepath.Join(t.TempDir(), "cache")
	first, _ := quick(t, Config{Cache: dir, CacheBytes: 1 << 30})
	f, err := openOne(t, first, server.URL+"/a.parquet?X-Amz-Signature=1", nil)
	if err != nil {
		t.Fatal(err)
	}
	version := f.Version
	if err := f.Keep(10); err != nil {
		t.Fatal(err)
	}
	read := func(s *Store, signature string) Stats {
		t.Helper()
		f, err := openOne(t, s, server.URL+"/a.parquet?X-Amz-Signature="+signature, &version)
		if err != nil {
			t.Fatal(err)
		}
		p := make([]byte, len(file))
		if _, err := f.ReadAt(p, 0); err != nil || !bytes.Equal(p, file) {
			t.Fatalf("%v, equal %v", err, bytes.Equal(p, file))
		}
		return s.Stats()
	}
	second, said := quick(t, Config{Cache: dir, CacheBytes: 1 << 30})
	var both sync.WaitGroup
	for _, s := range []*Store{first, second} {
		both.Go(func() { read(s, "1") })
	}
	both.Wait()
	third, _ := quick(t, Config{Cache: dir, CacheBytes: 1 << 30})
	server.fault = func(int64) string { return "404" }
	if st := read(third, "2"); st.Requests != 0 || st.Cached != int64(len(file)) {
		t.Errorf("%+v; want all from the folder", st)
	}
	server.fault = nil
	blocks, _ := filepath.Glob(filepath.Join(dir, "*.block"))
	if len(blocks) != 6 {
		t.Fatalf("%d blocks; want 6", len(blocks))
	}
	if info, err := os.Stat(blocks[0]); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("a block has the mode %v, %v; want that others cannot read it", info.Mode(), err)
	}
	if err := os.Truncate(blocks[0], 100); err != nil { // as a crash of the machine may leave it
		t.Fatal(err)
	}
	text, err := os.ReadFile(blocks[1])
	if err != nil {
		t.Fatal(err)
	}
	text[len(text)-1] ^= 1
	if err := os.WriteFile(blocks[1], text, 0o600); err != nil {
		t.Fatal(err)
	}
	before := second.Stats().Requests
	if st := read(second, "1"); st.Requests == before || !strings.Contains(said(), "is damaged; it is read again") {
		t.Errorf("%d requests, said %q; want the damaged blocks read again", st.Requests-before, said())
	}
	server.setTag(`"two"`)
	f, err = openOne(t, second, server.URL+"/a.parquet", nil)
	if err != nil {
		t.Fatal(err)
	}
	before = int(server.requests.Load())
	if _, err := f.ReadAt(make([]byte, 10), 0); err != nil || int(server.requests.Load()) == before {
		t.Errorf("another version came from the folder, %v", err)
	}
}

// TestCacheLimit checks that the oldest blocks go, and that a folder that cannot
// be written to is no reason to stop.
func TestCacheLimit(t *testing.T) {
	file := random(12 * blockBytes)
	server := serve(t, file, nil)
	dir := t.TempDir()
	old := filepath.Join(dir, ".0123"+blockSuffix+".89abcdef")
	if err := os.WriteFile(old, file, 0o600); err != nil {
		t.Fatal(err)
	}
	long := time.Now().Add(-2 * partAge)
	if err := os.Chtimes(old, long, long); err != nil {
		t.Fatal(err)
	}
	s, said := quick(t, Config{Cache: dir, CacheBytes: 5 * blockBytes})
	if _, err := os.Stat(old); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the part that a killed process left: %v; want it gone", err)
	}
	read := func() {
		t.Helper()
		f, err := openOne(t, s, server.URL+"/a.parquet", nil)
		if err != nil {
			t.Fatal(err)
		}
		p := make([]byte, len(file))
		if _, err := f.ReadAt(p, 0); err != nil || !bytes.Equal(p, file) {
			t.Fatalf("%v, equal %v", err, bytes.Equal(p, file))
		}
		var total int64
		entries, _ := os.ReadDir(dir)
		for _, e := range entries {
			info, _ := e.Info()
			total += info.Size()
		}
		if total > 5*blockBytes || len(entries) > 0 && total < 3*blockBytes {
			t.Errorf("%d blocks of %d bytes; want about %d bytes", len(entries), total, 5*blockBytes)
		}
	}
	read()
	read()
	if said() != "" {
		t.Errorf("said %q", said())
	}
	if err := os.RemoveAll(dir); err != nil { // nothing can be written there any more
		t.Fatal(err)
	}
	read()
	if n := strings.Count(said(), "nothing more is kept"); n != 1 {
		t.Errorf("said %q; want once that nothing more is kept", said())
	}
}
