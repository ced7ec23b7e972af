package data

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goclip/goclip/data/storage"
)

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	good, err := os.ReadFile(filepath.Dir(hfShards(t, 30, 1, nil)) + "/000.parquet")
	must(t, err)
	write(t, filepath.Join(dir, "noimage.parquet"), []struct {
		Text string `parquet:"text"`
	}{{"a"}}, 9)
	write(t, filepath.Join(dir, "none.parquet"), []hfRow{}, 9)
	for name, content := range map[string][]byte{"text.parquet": []byte("this is a text"),
		"cut.parquet": good[:len(good)/2], "empty.parquet": nil} {
		must(t, os.WriteFile(filepath.Join(dir, name), content, 0o666))
	}
	must(t, os.Mkdir(filepath.Join(dir, "folder.parquet"), 0o777))
	for _, test := range []struct {
		file, want string
		c          Config
	}{
		{"nothing*.parquet", "matches no file", Config{}},
		{"[", "syntax error in pattern", Config{}},
		{"text.parquet", "text.parquet: not a whole Parquet file", Config{}},
		{"cut.parquet", "cut.parquet: not a whole Parquet file", Config{}},
		{"empty.parquet", "empty.parquet: not a whole Parquet file", Config{}},
		{"folder.parquet", "no file of it is .parquet", Config{}},
		{"noimage.parquet", "no image column: have text; want image.bytes or jpg", Config{}},
		{"none.parquet", "without a row", Config{}},
		{"none.parquet", "no caption column: have", Config{Caption: "blip"}},
		{"none.parquet", `caption_choice "all"`, Config{CaptionChoice: "all"}},
	} {
		if _, err := Open(context.Background(), filepath.Join(dir, test.file), test.c,
			Need{Caption: true}); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("Open(%s): %v; want error with %q", test.file, err, test.want)
		}
	}
}

func TestFingerprint(t *testing.T) {
	one, two := hfShards(t, 30, 2, nil), hfShards(t, 30, 2, func(i int, r *hfRow) { r.Caption += "!" })
	var prints []map[string]string
	for _, p := range []string{one, one, two, one + "," + two} {
		d, err := Open(context.Background(), p, Config{}, Need{})
		must(t, err)
		f, err := d.Fingerprints(context.Background())
		must(t, err)
		prints = append(prints, f)
	}
	for i, want := range []string{"", "", "parquet has changed, or its place among the shards",
		"is new, had 2 shards and have 4"} {
		if got := ShardsDifference(prints[0], prints[i]); (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("data %d: %q; want %q", i, got, want)
		}
	}
	if got := ShardsDifference(prints[3], prints[0]); !strings.Contains(got, "is missing, had 4 shards and have 2") {
		t.Errorf("less data: %q", got)
	}
}

// TestFingerprintPlace: the same shards in another order are other data.
func TestFingerprintPlace(t *testing.T) {
	dir := t.TempDir()
	rows := []flatRow{{"0", pixel(t, 1), "a caption", "success"}}
	var prints []map[string]string
	for _, name := range []string{"a", "b"} {
		write(t, filepath.Join(dir, name+".parquet"), rows, 10)
	}
	for _, order := range [][2]string{{"a", "b"}, {"b", "a"}} {
		d, err := Open(t.Context(), filepath.Join(dir, order[0]+".parquet,")+filepath.Join(dir,
			order[1]+".parquet"), Config{}, Need{})
		must(t, err)
		f, err := d.Fingerprints(t.Context())
		must(t, err)
		prints = append(prints, f)
	}
	if got := ShardsDifference(prints[0], prints[1]); !strings.Contains(got,
		"a.parquet has changed, or its place among the shards") {
		t.Errorf("%q; want that the place has changed", got)
	}
}

// TestStreamBytes: what a stream takes grows with what it holds.
func TestStreamBytes(t *testing.T) {
	patterns := hfShards(t, 90, 1, nil)
	d, err := Open(t.Context(), patterns, Config{}, Need{Caption: true})
	must(t, err)
	one, two := d.StreamBytes(10, 4, 8), d.StreamBytes(20, 4, 8)
	if pairs := int64(3 * 10 * 4 * (3*4*4 + 8)); two-one != pairs || one-pairs != 2*d.shards[0].bytes/90*90 {
		t.Errorf("%d bytes, %d with 10 more pairs; want %d more, and twice the %d of all rows", one, two,
			pairs, d.shards[0].bytes)
	}
	url, _ := serveFiles(t, filepath.Dir(patterns), healthy)
	remote, err := Open(t.Context(), url+"/000.parquet", Config{ReadAhead: "1MiB"}, Need{Caption: true})
	must(t, err)
	if got, want := remote.StreamBytes(10, 4, 8)-one, int64(1<<20+readsAtOnce*storage.FileBytes); got != want {
		t.Errorf("%d bytes more of a remote shard, want %d", got, want)
	}
}
