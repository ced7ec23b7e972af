package pack

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestErrors(t *testing.T) {
	dir := t.TempDir()
	pictures(t, dir)
	write(t, filepath.Join(dir, "img/text.png"), []byte("<html>"))
	write(t, filepath.Join(dir, "img/empty.png"), nil)
	write(t, filepath.Join(dir, "img/cut.png"), picture(t, 0, 400, 400)[:600])
	write(t, filepath.Join(dir, "loose/a.png"), picture(t, 0, 2, 2))
	write(t, filepath.Join(dir, "none/class/a.txt"), nil)
	for _, test := range []struct {
		name, content, want string
		c                   Config
	}{
		{"missing.csv", "image,caption\nimg/a.png,a\nimg/z.png,z\n", "missing.csv:3: open ", Config{}},
		{"html.csv", "image,caption\n\"img/a.png\",\"a\nb\"\nimg/text.png,z\n",
			"html.csv:4: preprocess: image: unknown format", Config{}},
		{"empty.csv", "image,caption\nimg/empty.png,a\n", "empty.csv:2: no image", Config{}},
		{"folder.csv", "image,caption\nimg,a\n", "is not a regular file", Config{}},
		{"cut.csv", "image,caption\nimg/cut.png,a\n", "cut.csv:2: ", Config{ShortSide: 8}},
		{"fields.csv", "image,caption\nimg/a.png\n", "line 2: wrong number of fields", Config{}},
		{"quote.csv", "image,caption\nimg/a.png,a\"b\n", "line 2, column 12", Config{}},
		{"names.csv", "image,words\nimg/a.png,a\n", "names.csv:1: no column of captions: have image, words", Config{}},
		{"given.csv", "image,caption\nimg/a.png,a\n", "no column of captions", Config{Caption: "blip"}},
		{"noimage.csv", "url,caption\nimg/a.png,a\n", "no column of images: have url, caption", Config{}},
		{"twice.csv", "image,caption,caption\nimg/a.png,a,b\n", `column 3 is "caption"`, Config{}},
		{"header.csv", "", "is empty", Config{}},
		{"rows.csv", "image,caption\n", "no row has a caption", Config{}},
		{"clash.csv", "path,image,caption\nimg/a.png,x,y\n", "a column path", Config{Image: "image"}},
		{"bad.jsonl", "{\"image\": \"img/a.png\", \"caption\": \"a\"}\n{\"image\": \n",
			"bad.jsonl:2: unexpected EOF", Config{}},
		{"list.jsonl", "[1]\n", "list.jsonl:1: json: cannot unmarshal array", Config{}},
		{"key.jsonl", "{\"caption\": \"a\"}\n", "key.jsonl:1: no path of an image", Config{}},
		{"type.jsonl", "{\"image\": \"img/a.png\", \"caption\": 3}\n", "type.jsonl:1: caption: have 3; want text", Config{}},
		{"bad.tar", strings.Repeat("x", 600), "bad.tar: after : archive/tar: invalid tar header", Config{}},
		{"bad.parquet", "PAR1", "bad.parquet: not a whole Parquet file", Config{}},
		{"a.tar.gz", "", "is compressed", Config{}},
		{"a.txt", "", "its name does not say its format", Config{}},
		{"loose", "", "a.png: no caption: its name describes nothing", Config{}},
		{"none", "", "no image in it; files by extension: map[.txt:1]", Config{}},
		{"nothing.csv", "", "matches no file", Config{Source: "nothing-*.csv"}},
		{"absent", "", "no such file", Config{Source: "absent"}},
		{"a.csv", "", `format "zip"`, Config{Format: "zip"}},
		{"b.csv", "", "quality 101", Config{Quality: 101, ShortSide: 1}},
		{"c.csv", "", "quality 50 without a short side", Config{Quality: 50}},
	} {
		c, out := test.c, filepath.Join(t.TempDir(), "out")
		if c.Source == "" {
			c.Source = filepath.Join(dir, test.name)
			if _, err := os.Stat(c.Source); err != nil {
				write(t, c.Source, []byte(test.content))
			}
		}
		if test.name == "clash.csv" {
			test.want = "no such file" // of the column image, x
		}
		_, err := Run(t.Context(), out, c)
		if err == nil || !strings.HasPrefix(err.Error(), "pack: ") ||
			!strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v; want one line with %q", test.name, err, test.want)
		}
		if left, _ := filepath.Glob(filepath.Join(out, "*.parquet")); len(left) > 0 {
			t.Errorf("%s: left %v", test.name, left)
		}
	}
}

// TestSkipBad leaves out what cannot be read and reports each.
func TestSkipBad(t *testing.T) {
	dir := t.TempDir()
	files := pictures(t, dir)
	write(t, filepath.Join(dir, "img/text.png"), []byte("<html>"))
	list := write(t, filepath.Join(dir, "x.csv"),
		[]byte("image,caption\nimg/a.png,a\nimg/text.png,t\nimg/z.png,z\nimg/c.png,c\n"))
	var skipped []string
	r, err := Run(t.Context(), filepath.Join(dir, "out"),
		Config{Source: list, SkipBad: true, Skipped: func(err error) { skipped = append(skipped, err.Error()) }})
	if err != nil || r.Rows != 2 || r.Skipped != 2 || len(skipped) != 2 ||
		!strings.Contains(skipped[0], "x.csv:3: ") || !strings.Contains(skipped[1], "x.csv:4: ") {
		t.Errorf("%+v, %v, skipped %q; want rows 3 and 4 skipped", r, err, skipped)
	}
	if rows := readShards(t, filepath.Join(dir, "out")); len(rows) != 2 || !bytes.Equal(rows[1].Image.Bytes, files[2]) {
		t.Errorf("%d rows; want the first and the last", len(rows))
	}
}
