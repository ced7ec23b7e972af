//go:build cloud

package data

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	gocmp "github.com/google/go-cmp/cmp"
	"gocloud.dev/blob"
)

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
		"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": server.URL,
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

// TestS3 streams from a real S3 server whose answers fail now and then: the
// batches are those of the files on disk, bit for bit. Then an object is replaced.
func TestS3(t *testing.T) {
	faults := map[int64]string{5: "503", 9: "reset", 15: "cut"}
	s3Server(t, func(n int64) string { return faults[n%20] })
	patterns := hfShards(t, 1500, 3, nil)
	upload(t, patterns, "some/train-")
	c := Config{ShuffleWindow: blockRows, CaptionChoice: "random", Cache: filepath.Join(t.TempDir(), "cache")}
	want, _ := batches(t, patterns, Config{ShuffleWindow: blockRows, CaptionChoice: "random"}, 40, 320)
	for _, list := range []string{"s3://bucket/some/train-*.parquet", "s3://bucket/some/train-{000..002}.parquet"} {
		got, _ := batches(t, list, c, 40, 320)
		for i := range want {
			for j, row := range got[i].Rows {
				if name := strings.TrimPrefix(row.Shard, "s3://bucket/some/train-"); name != filepath.Base(want[i].Rows[j].Shard) || row.Row != want[i].Rows[j].Row {
					t.Fatalf("%s: batch %d: row %v; want %v", list, i, row, want[i].Rows[j])
				}
				got[i].Rows[j] = want[i].Rows[j]
			}
			if diff := gocmp.Diff(want[i], got[i], gocmp.FilterPath(unexported, gocmp.Ignore())); diff != "" {
				t.Fatalf("%s: batch %d: %s", list, i, diff)
			}
		}
	}
	d, err := Open(t.Context(), "s3://bucket/some/train-000.parquet", Config{}, Need{Caption: true})
	must(t, err)
	upload(t, strings.Replace(hfShards(t, 510, 1, nil), "*", "000", 1), "some/train-")
	if _, err = d.read(context.Background(), 0, 10, columns{image: true}); err == nil || !strings.Contains(err.Error(), "s3://bucket/some/train-000.parquet: bytes ") || !strings.Contains(err.Error(), "has changed while it was in use") {
		t.Errorf("replaced: %v; want error with the name", err)
	}
}

// TestS3Errors checks what a server refuses.
func TestS3Errors(t *testing.T) {
	s3Server(t, healthy)
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
			_, err := Open(t.Context(), test.list, Config{}, Need{})
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v; want one line with %q", err, test.want)
			}
		})
	}
}
