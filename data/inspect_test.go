package data

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestInspect describes shards, and goes on after one that cannot be opened.
func TestInspect(t *testing.T) {
	patterns := hfShards(t, 30, 2, nil)
	must(t, os.WriteFile(filepath.Join(filepath.Dir(patterns), "bad.parquet"), []byte("text"), 0o666))
	var shards []ShardInfo
	for s, err := range Inspect(t.Context(), patterns, Config{}) {
		must(t, err)
		shards = append(shards, s)
	}
	if len(shards) != 3 {
		t.Fatalf("%d shards, want 3", len(shards))
	}
	s := shards[1]
	size := len(pixel(t, 15))
	want := ShardInfo{
		Name: filepath.Join(filepath.Dir(patterns), "001.parquet"), Rows: 15, Groups: 3, Bytes: s.Bytes,
		Codec:  "uncompressed",
		Layout: "image = image.bytes, captions = captions.list.element, caption = caption, label = label",
		Example: &ExampleRow{
			Format: "png", W: 4, H: 4, Bytes: size, Label: 15, Captions: []string{"caption 15", "other 15"},
		},
	}
	if diff := cmp.Diff(want, s); diff != "" || s.Bytes < int64(15*size) {
		t.Errorf("shard (-want +got):\n%s", diff)
	}
	if p := shards[2].Problem; p == nil || !strings.Contains(p.Error(), "not a whole Parquet file") ||
		shards[0].Problem != nil {
		t.Errorf("problems %v, %v; want one of the last", shards[0].Problem, p)
	}
	for _, err := range Inspect(t.Context(), "none/*.parquet", Config{}) {
		if err == nil || !strings.Contains(err.Error(), "matches no file") {
			t.Errorf("no shards: %v", err)
		}
	}
}

func TestFormatRows(t *testing.T) {
	got := FormatRows([]RowRef{{"a", 1}, {"b", 2}, {"a", 3}})
	if want := "a: rows 1, 3; b: rows 2"; got != want {
		t.Errorf("FormatRows = %q, want %q", got, want)
	}
}
