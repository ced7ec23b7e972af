package pack

import (
	"archive/tar"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// captionsOf packs a source and returns the captions.
func captionsOf(t *testing.T, c Config) (captions []string, r Result, err error) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out")
	if r, err = Run(t.Context(), out, c); err != nil {
		return nil, r, err
	}
	for _, row := range readShards(t, out) {
		captions = append(captions, row.Caption)
	}
	return captions, r, nil
}

// TestTSVQuotes packs captions with quotes of every kind: a row stays a row.
func TestTSVQuotes(t *testing.T) {
	dir := t.TempDir()
	pictures(t, dir)
	fields := []string{`"Hello" she said`, `"no end`, `"`, `""`, `"a ""b"" c"`, `"a ""b`, `"tab` + "\t" + `in it"`,
		`say "a"`, `"a" and "b"`, `"whole"`, `"""quoted"""`}
	want := []string{`"Hello" she said`, `"no end`, `"`, ``, `a "b" c`, `"a ""b`, "tab\tin it",
		`say "a"`, `"a" and "b"`, `whole`, `"quoted"`}
	for _, end := range []string{"\n", "\r\n"} {
		text := "image\tcaption\tkey" + end + end
		for _, f := range fields {
			text += "img/a.png\t" + f + "\t7" + end
		}
		list := write(t, filepath.Join(dir, "quotes.tsv"), []byte(text))
		got, _, err := captionsOf(t, Config{Source: list})
		if d := cmp.Diff(want, got); err != nil || d != "" {
			t.Errorf("line end %q: %v, captions (-want +got):\n%s", end, err, d)
		}
	}
}

// archive is a whole tar of pairs lo to hi.
func archive(t *testing.T, lo, hi int) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	add := func(name string, text []byte) {
		must(t, w.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(text))}))
		_, err := w.Write(text)
		must(t, err)
	}
	for i := lo; i < hi; i++ {
		add(fmt.Sprintf("%d.txt", i), fmt.Appendf(nil, "caption %d", i))
		add(fmt.Sprintf("%d.png", i), picture(t, i, 12, 8))
	}
	must(t, w.Close())
	return b.Bytes()
}

// TestTarCut cuts a tar everywhere: it is an error that names the number of pairs,
// but for a cut between the two blocks of zeros at its end.
func TestTarCut(t *testing.T) {
	dir := t.TempDir()
	whole := archive(t, 0, 3)
	body := len(whole) - 2*tarBlock
	for cut := 0; cut <= len(whole); cut += 128 {
		path := write(t, filepath.Join(dir, "x.tar"), whole[:cut])
		got, _, err := captionsOf(t, Config{Source: path})
		if cut == body+tarBlock || cut == len(whole) {
			if err != nil || len(got) != 3 {
				t.Errorf("cut at %d of %d: %d pairs, %v; want 3", cut, len(whole), len(got), err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), "want a whole tar") {
			t.Fatalf("cut at %d of %d: %d pairs, %v; want an error", cut, len(whole), len(got), err)
		}
		pairs := min(cut/(body/3), 3)
		if cut%tarBlock == 0 && !strings.Contains(err.Error(), fmt.Sprint("pairs read: ", pairs)) {
			t.Errorf("cut at %d of %d: %v; want the number of pairs, %d", cut, len(whole), err, pairs)
		}
	}
}

// TestTarsJoined reads tars that were joined, with the zeros that fill up a tar
// between them, and names what is no tar.
func TestTarsJoined(t *testing.T) {
	dir := t.TempDir()
	first, second := archive(t, 0, 2), archive(t, 2, 4)
	want := []string{"caption 0", "caption 1", "caption 2", "caption 3"}
	for _, fill := range []int{0, 1, 7} {
		joined := slices.Concat(first, make([]byte, fill*tarBlock), second, make([]byte, 100))
		got, _, err := captionsOf(t, Config{Source: write(t, filepath.Join(dir, "joined.tar"), joined)})
		if d := cmp.Diff(want, got); err != nil || d != "" {
			t.Errorf("%d blocks between: %v, captions (-want +got):\n%s", fill, err, d)
		}
	}
	for name, after := range map[string][]byte{"cut": second[:len(second)-2*tarBlock], "other": []byte("not a tar")} {
		path := write(t, filepath.Join(dir, name+".tar"), slices.Concat(first, after))
		if got, _, err := captionsOf(t, Config{Source: path}); err == nil || !strings.Contains(err.Error(), name+".tar") {
			t.Errorf("a tar and a tar that is %s: %d pairs, %v; want an error", name, len(got), err)
		}
	}
}

// TestFolderLinks packs a folder of classes by links: the folder itself, a class,
// an image.
func TestFolderLinks(t *testing.T) {
	dir := t.TempDir()
	for i, name := range []string{"store/b/x.png", "in/a/x.jfif", "in/c/y.png", "store/z.png"} {
		write(t, filepath.Join(dir, name), picture(t, i, 8, 8))
	}
	for _, name := range []string{"a/x.avif", "a/README", "c/.hidden", "c/y.AVIF"} {
		write(t, filepath.Join(dir, "in", name), []byte("?"))
	}
	link := func(target, name string) {
		if err := os.Symlink(filepath.Join(dir, target), filepath.Join(dir, name)); err != nil {
			t.Skip("no links here:", err)
		}
	}
	link("store/b", "in/b")
	link("store/z.png", "in/c/z.png")
	link("in", "linked")
	for _, source := range []string{"in", "linked"} {
		got, r, err := captionsOf(t, Config{Source: filepath.Join(dir, source), Template: "{}"})
		if d := cmp.Diff([]string{"a", "b", "c", "c"}, got); err != nil || d != "" {
			t.Errorf("%s: %v, captions (-want +got):\n%s", source, err, d)
		}
		if d := cmp.Diff(map[string]int64{".avif": 2, "": 1}, r.Ignored); d != "" {
			t.Errorf("%s: ignored (-want +got):\n%s", source, d)
		}
	}
	link("in", "in/c/loop")
	if _, _, err := captionsOf(t, Config{Source: filepath.Join(dir, "linked")}); err == nil ||
		!strings.Contains(err.Error(), filepath.Join("c", "loop")+" is a link to ") {
		t.Errorf("a link to a folder above: %v; want an error", err)
	}
}

// TestFolderNames refuses two folders of one class.
func TestFolderNames(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "tree_frog/a.png"), picture(t, 0, 8, 8))
	write(t, filepath.Join(dir, "tree-frog/b.png"), picture(t, 1, 8, 8))
	_, _, err := captionsOf(t, Config{Source: dir})
	if err == nil || !strings.Contains(err.Error(), `"tree-frog" and "tree_frog" are both the class "tree frog"`) {
		t.Errorf("tree_frog and tree-frog: %v; want an error", err)
	}
}

// TestUTF8 refuses text in another encoding, and names its line.
func TestUTF8(t *testing.T) {
	dir := t.TempDir()
	pictures(t, dir)
	for name, test := range map[string]struct{ content, want string }{
		"a.csv":   {"image,caption\nimg/a.png,a\nimg/b.png,caf\xe9\n", `a.csv:3: caption is "caf\xe9"; want UTF-8, or that the encoding is latin1 or windows-1252`},
		"b.csv":   {"image,caption,key\nimg/a.png,a,caf\xe9\n", `b.csv:2: key is "caf\xe9"; want UTF-8, or that the encoding is latin1 or windows-1252`},
		"c.csv":   {"image,caption,k\xe9y\nimg/a.png,a,b\n", `c.csv:1: column 3 is "k\xe9y"; want UTF-8, or that the encoding is latin1 or windows-1252`},
		"d.tsv":   {"image\tlabel\nimg/a.png\tcaf\xe9\n", `d.tsv:2: label is "caf\xe9"; want UTF-8, or that the encoding is latin1 or windows-1252`},
		"e.csv":   {"image,caption\nimg/caf\xe9.png,a\n", `e.csv:2: name of the image is "caf\xe9.png"; want UTF-8, or that the encoding is latin1 or windows-1252`},
		"f.jsonl": {"{\"image\": \"img/a.png\", \"caption\": \"caf\xe9\"}\n", "f.jsonl:1: text is not UTF-8; want that, or that the encoding is latin1 or windows-1252"},
		"g.jsonl": {"{\"image\": \"img/a.png\", \"captions\": [\"caf\xe9\"]}\n", "g.jsonl:1: text is not UTF-8; want that, or that the encoding is latin1 or windows-1252"},
	} {
		_, _, err := captionsOf(t, Config{Source: write(t, filepath.Join(dir, name), []byte(test.content))})
		if err == nil || !strings.HasPrefix(err.Error(), "pack: /") || !strings.HasSuffix(err.Error(), test.want) {
			t.Errorf("%s: %v; want %q", name, err, test.want)
		}
	}
}

// TestEncoding: text in another encoding is what it is in UTF-8, in every format.
func TestEncoding(t *testing.T) {
	dir := t.TempDir()
	pictures(t, dir)
	for name, content := range map[string]string{
		"a.csv":   "image,caption\nimg/a.png,caf\xe9\n",
		"b.tsv":   "image\tcaption\nimg/a.png\tcaf\xe9\n",
		"c.jsonl": "{\"image\": \"img/a.png\", \"caption\": \"caf\xe9\"}\n",
	} {
		path := write(t, filepath.Join(dir, name), []byte(content))
		for _, encoding := range []string{"latin1", "windows-1252"} {
			got, _, err := captionsOf(t, Config{Source: path, Encoding: encoding})
			if err != nil || fmt.Sprint(got) != "[café]" {
				t.Errorf("%s in %s: %q, %v; want café", name, encoding, got, err)
			}
		}
	}
	for want, c := range map[string]Config{
		`encoding "utf16"; want latin1 or windows-1252`: {Source: "a.csv", Encoding: "utf16"},
		"encoding latin1 of tar; want none":             {Source: "a.tar", Encoding: "latin1", Format: "tar"},
	} {
		if _, err := Run(t.Context(), t.TempDir(), c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %q", err, want)
		}
	}
}
