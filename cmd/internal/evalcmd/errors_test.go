package evalcmd

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestErrors holds that what is wrong ends a command with one line and a code.
func TestErrors(t *testing.T) {
	enter(t)
	dir := t.TempDir()
	file := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	small, err := os.ReadFile("a.png")
	if err != nil {
		t.Fatal(err)
	}
	large := bytes.Clone(small) // as a picture, not as a file
	binary.BigEndian.PutUint32(large[16:], 60_000)
	binary.BigEndian.PutUint32(large[20:], 60_000)
	binary.BigEndian.PutUint32(large[29:], crc32.ChecksumIEEE(large[12:29]))
	bomb, twice, few := file("bomb.png", large), file("twice.txt", []byte("cat\ndog\ncat\n")),
		file("few.txt", []byte("cat\ndog\n"))
	e, alone := embedded(t), filepath.Join(dir, "alone.npy") // images alone, without labels
	ok(t, "embed", "--checkpoint", "r", "--data", valData, "--out", alone)
	if err := os.Remove(filepath.Join(dir, "alone.rows.parquet")); err != nil {
		t.Fatal(err)
	}
	on := func(command string, more ...string) []string {
		return append([]string{command, "--checkpoint", "r", "--data", "world/*.parquet"}, more...)
	}
	for _, test := range []struct {
		args []string
		code int
		want string
	}{
		{predictArgs(bomb), 1, "60000 x 60000"},
		{predictArgs("none.png"), 1, "none.png"},
		{predictArgs("recipe.yaml"), 1, "recipe.yaml: preprocess: image: unknown format"},
		{predictArgs(), 2, "requires at least 1 arg"},
		{[]string{"predict", "--checkpoint", "r", "--labels", "few.txt", "a.png"}, 2, "one label; want two"},
		{[]string{"predict", "--checkpoint", "r", "--labels", "a,a", "a.png"}, 1, `class "a" is both 0 and 1`},
		{[]string{"predict", "--checkpoint", "r", "--labels", "a,b", "--template", "x", "a.png"}, 2, "want {} once"},
		{[]string{"predict", "--checkpoint", "r", "--labels", "a", "a.png"}, 2, "one label; want two or more"},
		{[]string{"predict", "--checkpoint", "world", "--labels", "a,b", "a.png"}, 1, "world holds no checkpoint"},
		{on("zeroshot", "--classes", twice), 1, `class "cat" is both 0 and 2`},
		{on("zeroshot", "--classes", few), 1, "have 144 (red circle, red square, red triangle, ...), not 2 (cat, dog)"},
		{[]string{"zeroshot", "--checkpoint", "r", "--data", "none-*.parquet", "--classes", "world/classes.txt"}, 1,
			"matches no file"},
		{[]string{"zeroshot", "--data", "x", "--classes", "few.txt"}, 2, "--checkpoint is missing"},
		{zeroshotArgs("--embeddings", e), 2, "want one of them"},
		{zeroshotArgs("--format", "csv"), 2, "want clip_benchmark"},
		{[]string{"retrieval", "--checkpoint", "r"}, 2, "want one of them"},
		{[]string{"retrieval", "--embeddings", "recipe.yaml"}, 1, "not a whole Parquet file"},
		{[]string{"retrieval", "--embeddings", "world/train-00000-of-00001.parquet"}, 1, "holds no embeddings"},
		{[]string{"search", "--checkpoint", "r/checkpoints/step-00000002", "--embeddings", e, "--text", "x"}, 1,
			"was made with other weights"},
		{[]string{"retrieval", "--embeddings", alone}, 1, "holds no captions"},
		{[]string{"zeroshot", "--checkpoint", "r", "--embeddings", alone, "--classes", "world/classes.txt"}, 1,
			"row 0 has no label"},
		{on("search"), 2, "--text, --image"},
		{on("search", "--text", "x", "--k", "0"), 2, "--k 0"},
		{on("search", "--image", bomb), 1, "60000 x 60000"},
		{on("search", "--text", "x", "--sheet", "none/s.png"), 1, "eval: --sheet none/s.png: "},
		{on("probe"), 2, "--train, --train-embeddings"},
		{on("probe", "--train", "x", "--k", "0"), 2, "--k 0"},
		{[]string{"compare", "r", "--data", "world/*.parquet", "--classes", "world/classes.txt"}, 2, "accepts 2 arg"},
		{on("embed", "--out", "none/e.parquet"), 1, "eval: --out none/e.parquet: "},
		{on("embed", "--out", "e.usearch"), 2, "--out e.usearch; want a name that ends with .parquet or .npy"},
		{on("report", "--classes", "world/classes.txt", "--out", "none/r.html"), 1, "eval: --out none/r.html: "},
		{[]string{"serve"}, 2, "--workdir, --checkpoint"},
		{[]string{"guess"}, 2, "unknown command"},
		{nil, 2, "eval wants a command"},
	} {
		code, _, errs := call(test.args...)
		if code != test.code || !strings.Contains(errs, test.want) || strings.Count(errs, "\n") != 1 {
			t.Errorf("eval %q: exit code %d, stderr %q; want %d, one line with %q", test.args, code, errs, test.code,
				test.want)
		}
	}
}
