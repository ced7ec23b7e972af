package data

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	good, err := os.ReadFile(filepath.Dir(hfShards(t, 30, 1, nil)) + "/000.parquet")
	must(t, err)
	write(t, filepath.Join(dir, "noimage.parquet"), []struct {
		Text string `parquet:"text"`
	}{{"a"}}, 9)
	write(t, filepath.Join(dir, "none.parquet"), []hfRow{}, 9)
	for name, content := range map[string][]byte{"text.parquet": []byte("this is a text"), "cut.parquet": good[:len(good)/2], "empty.parquet": nil} {
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
		{"folder.parquet", "not a regular file", Config{}},
		{"noimage.parquet", "no image column: have text; want image.bytes or jpg", Config{}},
		{"none.parquet", "without a row", Config{}},
		{"none.parquet", "no caption column: have", Config{Caption: "blip"}},
		{"none.parquet", `caption_choice "all"`, Config{CaptionChoice: "all"}},
	} {
		if _, err := Open(context.Background(), filepath.Join(dir, test.file), test.c, Need{Caption: true}); err == nil || !strings.Contains(err.Error(), test.want) {
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
	for i, want := range []string{"", "", "parquet has changed, or its place among the shards", "is new, had 2 shards and have 4"} {
		if got := ShardsDifference(prints[0], prints[i]); (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("data %d: %q; want %q", i, got, want)
		}
	}
	if got := ShardsDifference(prints[3], prints[0]); !strings.Contains(got, "is missing, had 4 shards and have 2") {
		t.Errorf("less data: %q", got)
	}
}
