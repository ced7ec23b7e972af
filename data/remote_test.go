package data

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// serveFiles serves a folder by https's range requests, over http. Fault says
// what the nth answer is, from 0: "" for the file.
func serveFiles(t *testing.T, dir string, fault func(n int64) string) (url string, requests *atomic.Int64) {
	t.Helper()
	requests = &atomic.Int64{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch fault(requests.Add(1) - 1) {
		case "503":
			http.Error(w, "fault", http.StatusServiceUnavailable)
			return
		case "403":
			http.Error(w, "fault", http.StatusForbidden)
			return
		case "reset":
			panic(http.ErrAbortHandler)
		case "cut":
			w = &cut{w, 1000}
		case "wait":
			<-r.Context().Done()
			return
		}
		info, err := os.Stat(filepath.Join(dir, r.URL.Path))
		if err == nil {
			w.Header().Set("ETag", fmt.Sprintf(`"%x"`, info.ModTime().UnixNano()))
		}
		http.ServeFile(w, r, filepath.Join(dir, r.URL.Path))
	}))
	server.Config.ErrorLog = nil
	t.Cleanup(server.Close)
	return server.URL, requests
}

// A cut response ends after some bytes.
type cut struct {
	http.ResponseWriter
	left int
}

func (c *cut) Write(p []byte) (int, error) {
	n, err := c.ResponseWriter.Write(p[:min(len(p), c.left)])
	if c.left -= n; c.left == 0 {
		panic(http.ErrAbortHandler)
	}
	return n, err
}

func healthy(int64) string { return "" }

// TestRemote streams over several windows and epochs from a server whose answers
// fail now and then: the batches equal the batches from disk, bit for bit.
func TestRemote(t *testing.T) {
	patterns := hfShards(t, 1500, 3, func(i int, r *hfRow) {
		if i%500 == 7 {
			r.Image.Bytes = []byte("no image")
		}
	})
	c := Config{ShuffleWindow: blockRows, CaptionChoice: "random"}
	want, ledger := batches(t, patterns, c, 40, 320)
	faults := map[int64]string{3: "503", 9: "reset", 15: "cut"}
	url, requests := serveFiles(t, filepath.Dir(patterns), func(n int64) string { return faults[n%20] })
	for _, ahead := range []string{"1kB", "64MiB"} {
		c.ReadAhead = ahead
		got, lines := batches(t, url+"/{000..002}.parquet?X-Amz-Signature=secret", c, 40, 320)
		for i := range want {
			for j := range want[i].Rows {
				want[i].Rows[j].Shard = filepath.Base(want[i].Rows[j].Shard)
				got[i].Rows[j].Shard = strings.TrimPrefix(got[i].Rows[j].Shard, url+"/")
			}
			if diff := cmp.Diff(want[i], got[i], cmp.AllowUnexported(),
				cmp.FilterPath(unexported, cmp.Ignore())); diff != "" {
				t.Fatalf("read_ahead %s: batch %d: %s", ahead, i, diff)
			}
		}
		if strings.Contains(lines, "secret") || strings.ReplaceAll(lines, url, filepath.Dir(patterns)) != ledger {
			t.Errorf("ledger %s; want %s", lines, ledger)
		}
	}
	t.Logf("%d requests", requests.Load())
}

// unexported says whether a path ends in a field that is.
func unexported(p cmp.Path) bool {
	f, ok := p.Last().(cmp.StructField)
	return ok && strings.ToLower(f.Name()[:1]) == f.Name()[:1]
}

// TestRemoteScan reads all rows in their order, as evaluation does.
func TestRemoteScan(t *testing.T) {
	patterns := hfShards(t, 300, 2, nil)
	url, _ := serveFiles(t, filepath.Dir(patterns), healthy)
	labels := func(patterns string) (all []int) {
		d, err := Open(t.Context(), patterns, Config{}, Need{Label: true})
		must(t, err)
		must(t, d.Scan(t.Context(), 4, 32, NewLedger(&bytes.Buffer{}, Config{}), func(e Examples) error {
			all = append(all, e.Labels...)
			return nil
		}))
		return all
	}
	if diff := cmp.Diff(labels(patterns), labels(url+"/{000,001}.parquet")); diff != "" {
		t.Error(diff)
	}
}

// TestRemoteErrors checks what ends a run, and by which name.
func TestRemoteErrors(t *testing.T) {
	patterns := hfShards(t, 1200, 1, nil)
	path := filepath.Join(filepath.Dir(patterns), "000.parquet")
	for name, test := range map[string]struct {
		fault, want string
		change      func()
	}{
		"denied": {"403", "000.parquet: bytes 262144-430021: the server says 403 Forbidden", nil},
		"replaced": {"", "000.parquet: bytes 262144-430021: has changed while it was in use: had version",
			func() { must(t, os.Chtimes(path, time.Now(), time.Now().Add(time.Second))) }},
		"waits": {"wait", "waiting for reading of 000.parquet; http://127.0.0.1:", nil},
	} {
		t.Run(name, func(t *testing.T) {
			var now atomic.Pointer[string]
			none := ""
			now.Store(&none)
			url, _ := serveFiles(t, filepath.Dir(patterns), func(int64) string { return *now.Load() })
			c := Config{ShuffleWindow: blockRows, StallSeconds: 1, ReadAhead: "1kB"}
			d, err := Open(t.Context(), url+"/000.parquet?sig=secret", c, Need{Caption: true})
			must(t, err)
			now.Store(&test.fault)
			if test.change != nil {
				test.change()
			}
			s := d.Stream(StreamConfig{Seed: 1, Batch: 10, ImageSize: 4, Context: 12,
				Tokenizer: testTokenizer(t), Ledger: NewLedger(&bytes.Buffer{}, c), Log: t.Logf})
			defer s.Close()
			_, err = s.Next(context.Background())
			if err == nil || !strings.Contains(err.Error(), test.want) ||
				!strings.Contains(err.Error(), "bytes ") || strings.Contains(err.Error(), "secret") {
				t.Errorf("%v; want error with %q and bytes", err, test.want)
			}
		})
	}
}

// TestRemoteFingerprints checks that a shard that was replaced by other bytes of
// the same size is another, and that a copy of it on disk is not.
func TestRemoteFingerprints(t *testing.T) {
	patterns := hfShards(t, 60, 1, nil)
	path := filepath.Join(filepath.Dir(patterns), "000.parquet")
	url, _ := serveFiles(t, filepath.Dir(patterns), healthy)
	prints := func(patterns string) map[string]string {
		d, err := Open(t.Context(), patterns, Config{}, Need{})
		must(t, err)
		f, err := d.Fingerprints(t.Context())
		must(t, err)
		return f
	}
	disk, before := prints(patterns), prints(url+"/000.parquet")
	must(t, os.Chtimes(path, time.Now(), time.Now().Add(time.Hour)))
	after := prints(url + "/000.parquet")
	if got := ShardsDifference(before, after); !strings.HasPrefix(got, "000.parquet has changed") {
		t.Errorf("another ETag: %q; want a difference", got)
	}
	if got := ShardsDifference(disk, after); got != "" {
		t.Errorf("on disk and remote: %q; want none", got)
	}
}

// TestRemoteOpen checks that a list of many shards costs one request each, and
// that what a shard holds is not read before it is wanted.
func TestRemoteOpen(t *testing.T) {
	patterns := hfShards(t, 20, 1, nil)
	var shards []string
	for i := range 200 {
		shards = append(shards, fmt.Sprintf("%s?n=%d", "/000.parquet", i))
	}
	url, requests := serveFiles(t, filepath.Dir(patterns), healthy)
	d, err := Open(t.Context(), url+strings.Join(shards, ","+url), Config{}, Need{Caption: true})
	must(t, err)
	if d.Len() != 4000 || requests.Load() != 200 {
		t.Errorf("%d rows by %d requests; want 4000 by 200", d.Len(), requests.Load())
	}
}

// TestOpenCanceled checks that opening ends with its context.
func TestOpenCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Open(ctx, hfShards(t, 20, 2, nil), Config{}, Need{}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v; want %v", err, context.Canceled)
	}
}
