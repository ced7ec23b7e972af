package datacmd

import (
	"bytes"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goclip/goclip/cmd/internal/cli"
)

// TestPack packs a list from the command line and looks into the shard.
func TestPack(t *testing.T) {
	t.Chdir(t.TempDir())
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 30, 20))); err != nil {
		t.Fatal(err)
	}
	recipe := `
data: {train: small/*.parquet}
model:
  embed_dim: 8
  image: {size: 8, patch: 4, width: 8, layers: 1, heads: 2}
  text: {context_length: 8, width: 8, layers: 1, heads: 2}
train: {steps: 9, batch: 2}
optim: {warmup: 1}
`
	for name, text := range map[string]string{"run.yaml": recipe, "a.png": b.String(),
		"list.csv": "path,caption\na.png,one\nnone.png,two\n"} {
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"pack", "list.csv", "out"}, 1, "pack: list.csv:3: open none.png"},
		{[]string{"pack", "list.csv", "out", "--skip-bad", "--short-side", "8"}, 1, "out holds the split train of"},
		{[]string{"pack", "list.csv", "small", "--skip-bad", "--short-side", "8"}, 0,
			"left out: pack: list.csv:3: open none.png"},
		{[]string{"inspect", "small/*.parquet"}, 0, "jpeg of 12 x 8"},
		{[]string{"bench", "--config", "run.yaml", "--pairs", "8"}, 0, "limited by: "},
		{[]string{"bench"}, 2, "--config is missing"},
		{[]string{"pack", "list.csv"}, 2, "accepts 2 arg(s)"},
	} {
		var out strings.Builder
		root := Command()
		root.SetOut(&out)
		root.SetErr(&out)
		if code := cli.Run(root, test.args, &out); code != test.code || !strings.Contains(out.String(), test.want) {
			t.Errorf("data %q: exit code %d, %q; want %d and %q", test.args, code, out.String(), test.code, test.want)
		}
	}
	if left, _ := filepath.Glob("out/*.parquet"); len(left) > 0 {
		t.Errorf("half written: %v", left)
	}
}
