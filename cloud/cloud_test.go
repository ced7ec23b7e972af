package cloud

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"gocloud.dev/blob"

	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/data/storage"
	"github.com/goclip/goclip/data/synth"
	"github.com/goclip/goclip/data/tokenizer"
)

// TestMain makes the schemes known, as a program's main function does.
func TestMain(m *testing.M) {
	Register()
	os.Exit(m.Run())
}

// s3Server starts versitygw, which VERSITYGW or the PATH names, behind a proxy
// whose nth answer, from 0, is a fault, and sets the environment for it. To have
// one: go install github.com/versity/versitygw/cmd/versitygw@v1.8.0
func s3Server(t *testing.T, fault func(n int64) string) {
	t.Helper()
	program, err := exec.LookPath(cmp.Or(os.Getenv("VERSITYGW"), "versitygw"))
	if err != nil {
		t.Skipf("no S3 server: %v; VERSITYGW may name one", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	address := l.Addr().String()
	must(t, l.Close())
	command := exec.Command(program, "--port", address, "--quiet", "posix", "--sidecar", t.TempDir(), t.TempDir())
	command.Env = append(os.Environ(), "ROOT_ACCESS_KEY=key", "ROOT_SECRET_KEY=secret")
	must(t, command.Start())
	t.Cleanup(func() {
		_ = command.Process.Kill() // it may have ended
		_ = command.Wait()
	})
	for start := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		c, err := net.Dial("tcp", address)
		if err == nil {
			_ = c.Close() // it was only asked for
			break
		}
		if time.Since(start) > 20*time.Second {
			t.Fatal(err)
		}
	}
	var requests atomic.Int64
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: address})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && r.Header.Get("Range") != "" {
			switch fault(requests.Add(1) - 1) {
			case "503":
				http.Error(w, "fault", http.StatusServiceUnavailable)
				return
			case "reset":
				panic(http.ErrAbortHandler)
			case "cut":
				w = &cut{w, 1000}
			}
		}
		proxy.ServeHTTP(w, r)
	}))
	server.Config.ErrorLog = nil
	t.Cleanup(server.Close)
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret",
		"AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": server.URL,
		"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		t.Setenv(name, value)
	}
	b, err := blob.OpenBucket(t.Context(), "s3://bucket")
	must(t, err)
	var client *s3.Client
	b.As(&client)
	name := "bucket"
	_, err = client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &name})
	must(t, err)
	must(t, b.Close())
}

// upload copies files into the bucket.
func upload(t *testing.T, pattern, folder string) {
	t.Helper()
	b, err := blob.OpenBucket(t.Context(), "s3://bucket")
	must(t, err)
	paths, err := filepath.Glob(pattern)
	must(t, err)
	for _, path := range paths {
		text, err := os.ReadFile(path)
		must(t, err)
		must(t, b.WriteAll(t.Context(), folder+filepath.Base(path), text, nil))
	}
	must(t, b.Close())
}

// cut is a response that ends after some bytes.
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

// world draws shards of 500 pairs and returns the pattern of those for training.
func world(t *testing.T, seed uint64, pairs int) string {
	t.Helper()
	dir := t.TempDir()
	c := synth.Config{Seed: seed, Train: pairs, ValSeen: 1, ValUnseen: 1, ShardRows: 500}
	must(t, synth.Write(t.Context(), dir, c))
	return filepath.Join(dir, "train-*.parquet")
}

// stream begins one in the middle of a run.
func stream(t *testing.T, d *data.Dataset, c data.Config) *data.Stream {
	t.Helper()
	words, err := tokenizer.Train(func(yield func(string, error) bool) { yield("a red circle", nil) }, 520)
	must(t, err)
	ledger := data.NewLedger(io.Discard, c)
	s := d.Stream(data.StreamConfig{Seed: 1, Batch: 10, ImageSize: 4,
		Context: 12, Tokenizer: words, Ledger: ledger, Start: 40})
	t.Cleanup(s.Close)
	return s
}

// batches reads over two epochs of 1,500 pairs. Folders are left out of the rows.
func batches(t *testing.T, patterns string, c data.Config) (all []*data.Batch) {
	t.Helper()
	d, err := data.Open(t.Context(), patterns, c, data.Need{Caption: true})
	must(t, err)
	s := stream(t, d, c)
	for range 320 {
		b, err := s.Next(t.Context())
		must(t, err)
		kept := &data.Batch{
			Images: slices.Clone(b.Images), Tokens: slices.Clone(b.Tokens),
			Captions: slices.Clone(b.Captions), Rows: slices.Clone(b.Rows),
		}
		for i := range kept.Rows {
			kept.Rows[i].Shard = path.Base(filepath.ToSlash(kept.Rows[i].Shard))
		}
		all = append(all, kept)
		b.Release()
	}
	return all
}

// touch changes a byte of a file, and not its size.
func touch(t *testing.T, name string) {
	t.Helper()
	text, err := os.ReadFile(name)
	must(t, err)
	text[len(text)/2]++
	must(t, os.WriteFile(name, text, 0o666))
}

// TestS3 streams from a real S3 server whose answers fail now and then: the
// batches equal the batches from disk, bit for bit. Then an object is
// replaced by one of the same size.
func TestS3(t *testing.T) {
	faults := map[int64]string{5: "503", 9: "reset", 15: "cut"}
	s3Server(t, func(n int64) string { return faults[n%20] })
	patterns := world(t, 1, 1500)
	upload(t, patterns, "some/")
	c := data.Config{ShuffleWindow: 512, CaptionChoice: "random"}
	want := batches(t, patterns, c)
	c.Cache = filepath.Join(t.TempDir(), "cache")
	for _, list := range []string{"s3://bucket/some/train-*.parquet",
		"s3://bucket/some/train-{00000..00002}-of-00003.parquet"} {
		for i, got := range batches(t, list, c) {
			if diff := gocmp.Diff(want[i], got, cmpopts.IgnoreUnexported(data.Batch{})); diff != "" {
				t.Fatalf("%s: batch %d: %s", list, i, diff)
			}
		}
	}
	const name = "s3://bucket/some/train-00000-of-00001.parquet"
	patterns = world(t, 1, 490)
	upload(t, patterns, "some/")
	d, err := data.Open(t.Context(), name, data.Config{}, data.Need{Caption: true})
	must(t, err)
	touch(t, strings.Replace(patterns, "*", "00000-of-00001", 1))
	upload(t, patterns, "some/")
	_, err = stream(t, d, data.Config{}).Next(t.Context())
	if !errors.Is(err, storage.ErrChanged) || !strings.Contains(err.Error(), name+": ") {
		t.Errorf("replaced: %v; want error with the name", err)
	}
}

// TestS3Errors checks what a server refuses.
func TestS3Errors(t *testing.T) {
	s3Server(t, func(int64) string { return "" })
	for _, test := range []struct{ set, value, list, want string }{
		{"", "", "s3://bucket/none*.parquet", `pattern "s3://bucket/none*.parquet" matches no file`},
		{"", "", "s3://bucket/none.parquet", "data: s3://bucket/none.parquet: its size: no such bucket or object: "},
		{"", "", "s3://other/*.parquet", "no such bucket or object: "},
		{"AWS_SECRET_ACCESS_KEY", "wrong", "s3://bucket/*.parquet", `pattern "s3://bucket/*.parquet": access denied: `},
		{"AWS_SECRET_ACCESS_KEY", "", "s3://bucket/*.parquet", "no credentials in the environment: "},
		{"AWS_REGION", "", "s3://bucket/*.parquet", "no region: "},
	} {
		t.Run(fmt.Sprint(test.set, test.list), func(t *testing.T) {
			if test.set != "" {
				t.Setenv(test.set, test.value)
			}
			_, err := data.Open(t.Context(), test.list, data.Config{}, data.Need{})
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v; want one line with %q", err, test.want)
			}
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
