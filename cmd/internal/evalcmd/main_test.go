package evalcmd

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"image"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goclip/goclip/cmd/internal/cli"
	"github.com/goclip/goclip/configs"
	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/eval"
	"github.com/goclip/goclip/run"
	"github.com/goclip/goclip/train"
)

const recipe = `
world: {dir: world, draw: {train: 60, val_seen: 30, val_unseen: 4}}
data: {train: "world/train-*.parquet"}
tokenizer: {vocab_size: 530}
model:
  embed_dim: 8
  image: {size: 32, patch: 16, width: 8, layers: 1, heads: 1}
  text: {context_length: 10, width: 8, layers: 1, heads: 1}
train: {steps: 3, batch: 20}
checkpoint: {every_steps: 2}
`

// call runs the command and returns what it printed.
func call(args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	c := Command()
	c.SetOut(&out)
	code = cli.Run(c, args, &errs)
	return code, out.String(), errs.String()
}

// TestEval trains a small model and uses it as a person would.
func TestEval(t *testing.T) {
	t.Chdir(t.TempDir())
	write := func(name string, content []byte) {
		t.Helper()
		if err := os.WriteFile(name, content, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write("recipe.yaml", []byte(recipe))
	c, err := configs.Load("recipe.yaml", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	log, err := os.Create("log")
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	if _, err := run.Train(t.Context(), run.Options{Config: c, Dir: "r", Log: train.NewConsole(log, 3)}); err != nil {
		t.Fatal(err)
	}
	zeroshot := []string{"zeroshot", "--checkpoint", "r", "--data", "world/val-seen-*.parquet", "--classes", "world/classes.txt", "--templates", "world/templates.txt"}

	code, out, errs := call(append(zeroshot, "--json")...)
	var z eval.ZeroShot
	if err := json.Unmarshal([]byte(out), &z); err != nil || code != 0 || strings.Count(out, "\n") != 1 || z.N != 30 || z.Classes != 144 || z.Top5 < z.Top1 {
		t.Errorf("zeroshot --json: code %d, %v, %q %q", code, err, out, errs)
	}
	code, out, _ = call(zeroshot...)
	for _, want := range []string{"30 images, 144 classes", "chance 0.7", "top-5", "images"} {
		if code != 0 || !strings.Contains(out, want) {
			t.Errorf("zeroshot prints\n%s\nwant %q", out, want)
		}
	}

	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 40, 30))); err != nil {
		t.Fatal(err)
	}
	write("a.png", picture.Bytes())
	predict := []string{"predict", "--checkpoint", "r", "--labels", "red circle, blue star,cross"}
	code, out, errs = call(append(predict, "--json", "a.png")...)
	var p prediction
	if err := json.Unmarshal([]byte(out), &p); err != nil || code != 0 || len(p.Labels) != 3 || p.Image != "a.png" {
		t.Fatalf("predict --json: code %d, %v, %q %q", code, err, out, errs)
	}
	sum := 0.0
	for _, l := range p.Labels {
		sum += l.Probability
	}
	if math.Abs(sum-1) > 1e-9 || p.Labels[0].Probability < p.Labels[2].Probability {
		t.Errorf("probabilities %+v; want the most probable first, and 1 in all", p.Labels)
	}
	if code, out, _ := call(append(predict, "a.png", "a.png")...); code != 0 || strings.Count(out, "a.png") != 2 || !strings.Contains(out, "█") {
		t.Errorf("predict prints\n%s", out)
	}

	testEmbeddings(t, zeroshot)

	// A PNG that is small as a file and large as a picture.
	bomb := bytes.Clone(picture.Bytes())
	binary.BigEndian.PutUint32(bomb[16:], 60_000)
	binary.BigEndian.PutUint32(bomb[20:], 60_000)
	binary.BigEndian.PutUint32(bomb[29:], crc32.ChecksumIEEE(bomb[12:29]))
	write("bomb.png", bomb)
	write("twice.txt", []byte("cat\ndog\ncat\n"))
	write("few.txt", []byte("cat\ndog\n"))
	for _, test := range []struct {
		args []string
		code int
		want string
	}{
		{append(predict, "bomb.png"), 1, "60000 x 60000"},
		{append(predict, "none.png"), 1, "none.png"},
		{append(predict, "recipe.yaml"), 1, "recipe.yaml: preprocess: image: unknown format"},
		{predict, 2, "requires at least 1 arg"},
		{[]string{"predict", "--checkpoint", "r", "a.png"}, 2, "--labels is missing"},
		{[]string{"predict", "--checkpoint", "r", "--labels", "a,a", "a.png"}, 1, `class "a" is both 0 and 1`},
		{[]string{"predict", "--checkpoint", "r", "--labels", "a", "--template", "x", "a.png"}, 2, "want {} once"},
		{[]string{"predict", "--checkpoint", "world", "--labels", "a", "a.png"}, 1, "world holds no checkpoint"},
		{[]string{"zeroshot", "--checkpoint", "r", "--data", "world/*.parquet", "--classes", "twice.txt"}, 1, `class "cat" is both 0 and 2`},
		{[]string{"zeroshot", "--checkpoint", "r", "--data", "world/val-seen-*.parquet", "--classes", "few.txt"}, 1, "want 0 to 1, the lines of the class list"},
		{[]string{"zeroshot", "--checkpoint", "r", "--data", "none-*.parquet", "--classes", "world/classes.txt"}, 1, "matches no file"},
		{[]string{"zeroshot", "--data", "x", "--classes", "few.txt"}, 2, "--checkpoint is missing"},
		{append(zeroshot, "--embeddings", "e.parquet"), 2, "want one of them"},
		{append(zeroshot, "--format", "csv"), 2, "want clip_benchmark"},
		{[]string{"retrieval", "--checkpoint", "r"}, 2, "want one of them"},
		{[]string{"retrieval", "--embeddings", "recipe.yaml"}, 1, "not a whole Parquet file"},
		{[]string{"retrieval", "--embeddings", "world/train-00000-of-00001.parquet"}, 1, "holds no embeddings"},
		{[]string{"search", "--checkpoint", "r", "--data", "world/*.parquet"}, 2, "--text, --image"},
		{[]string{"search", "--checkpoint", "r", "--data", "world/*.parquet", "--text", "x", "--k", "0"}, 2, "--k 0"},
		{[]string{"search", "--checkpoint", "r", "--data", "world/*.parquet", "--image", "bomb.png"}, 1, "60000 x 60000"},
		{[]string{"probe", "--checkpoint", "r", "--data", "world/*.parquet"}, 2, "--train, --train-embeddings"},
		{[]string{"compare", "r", "--data", "world/*.parquet", "--classes", "world/classes.txt"}, 2, "accepts 2 arg"},
		{[]string{"embed", "--checkpoint", "r", "--data", "world/*.parquet", "--out", "none/e.parquet"}, 1, "none"},
		{[]string{"report", "--checkpoint", "r", "--data", "world/*.parquet", "--classes", "world/classes.txt", "--out", "none/r.html"}, 1, "eval: --out none/r.html: "},
		{[]string{"guess"}, 2, "unknown command"},
		{nil, 2, "eval wants a command"},
	} {
		code, _, errs := call(test.args...)
		if code != test.code || !strings.Contains(errs, test.want) || strings.Count(errs, "\n") != 1 {
			t.Errorf("eval %q: exit code %d, stderr %q; want %d, one line with %q", test.args, code, errs, test.code, test.want)
		}
	}
	path := filepath.Join("r", "checkpoints", "step-00000003", "model.safetensors")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text[len(text)-1] ^= 1
	write(path, text)
	if code, _, _ := call(append(zeroshot, "--json")...); code != 0 {
		t.Errorf("a damaged newest checkpoint: exit code %d; want the one before it", code)
	}
	if code, _, errs := call(append(predict, "--checkpoint", filepath.Dir(path), "a.png")...); code != 1 || !strings.Contains(errs, "model.safetensors is damaged") {
		t.Errorf("a damaged checkpoint by name: exit code %d, %q", code, errs)
	}
}

// testEmbeddings checks the commands that share embeddings: read from a file
// they must say what they say of shards.
func testEmbeddings(t *testing.T, base []string) {
	t.Helper()
	ok := func(args ...string) string {
		t.Helper()
		code, out, errs := call(args...)
		if code != 0 {
			t.Errorf("eval %q: exit code %d, %s", args, code, errs)
		}
		return out
	}
	all := "world/val-*.parquet"
	for _, out := range []string{"e.parquet", "e.npy"} {
		if text := ok("embed", "--checkpoint", "r", "--data", all, "--captions", "--out", out); !strings.Contains(text, "34 images and 34 captions, 8 numbers each") {
			t.Errorf("embed prints %q", text)
		}
	}
	fromShards := ok("retrieval", "--checkpoint", "r", "--data", all, "--json")
	for _, file := range []string{"e.parquet", "e.npy"} {
		if got := ok("retrieval", "--embeddings", file, "--json"); got != fromShards {
			t.Errorf("retrieval of %s: %swant, as of the shards, %s", file, got, fromShards)
		}
	}
	if out := ok("retrieval", "--embeddings", "e.parquet"); !strings.Contains(out, "34 images, 34 captions") || !strings.Contains(out, "chance") {
		t.Errorf("retrieval prints\n%s", out)
	}
	out := ok("retrieval", "--checkpoint", "r", "--data", all, "--format", "clip_benchmark")
	var line eval.BenchmarkResult
	if err := json.Unmarshal([]byte(out), &line); err != nil || line.Dataset != "val" || line.Task != "zeroshot_retrieval" || line.Model != "goclip-ViT-16-32-w8-l1" {
		t.Errorf("retrieval --format clip_benchmark: %v, %s", err, out)
	}

	var z zeroshot
	out = ok("zeroshot", "--checkpoint", "r", "--embeddings", "e.parquet", "--classes", "world/classes.txt", "--train", "world/train-*.parquet", "--details", "--json")
	if err := json.Unmarshal([]byte(out), &z); err != nil || z.N != 34 || z.Captions != 60 || len(z.Confusion) != 144 || z.Calibration == nil || len(z.Templates) != 1 || z.Split.Unseen == nil {
		t.Errorf("zeroshot --details --json: %v, %s", err, out)
	}
	if seen := z.Classes - len(z.NotNamed); seen < 20 || seen > 60 { // 60 captions name at most as many
		t.Errorf("%d classes are named by 60 captions", seen)
	}
	if out := ok(append(base, "--details", "--train", "world/train-*.parquet")...); !strings.Contains(out, "never seen") || !strings.Contains(out, "ECE") {
		t.Errorf("zeroshot prints\n%s", out)
	}

	out = ok("search", "--checkpoint", "r", "--embeddings", "e.parquet", "--text", "a red circle", "--k", "5", "--sheet", "s.png", "--json")
	var f found
	if err := json.Unmarshal([]byte(strings.SplitN(out, "\n", 2)[0]), &f); err != nil || strings.Count(out, "\n") != 5 || f.Rank != 1 || len(f.Captions) != 1 {
		t.Errorf("search --json: %v, %s", err, out)
	}
	sheet, err := os.Open("s.png")
	if err != nil {
		t.Fatal(err)
	}
	defer sheet.Close()
	if m, err := png.Decode(sheet); err != nil || m.Bounds().Dx() < 500 {
		t.Errorf("contact sheet: %v", err)
	}
	file, _, err := data.ReadImage(t.Context(), data.RowRef{Shard: f.Shard, Row: f.Row}, data.Config{})
	if err != nil || os.WriteFile("found.png", file, 0o666) != nil {
		t.Fatal(err)
	}
	out = ok("search", "--checkpoint", "r", "--data", all, "--image", "found.png", "--k", "1")
	if !strings.Contains(out, "1.000") || !strings.Contains(out, f.Captions[0]) {
		t.Errorf("search for an image of the data: %s; want itself, %q", out, f.Captions[0])
	}

	out = ok("probe", "--checkpoint", "r", "--train", "world/train-*.parquet", "--data", all, "--k", "3", "--json")
	var p probed
	if err := json.Unmarshal([]byte(out), &p); err != nil || p.Train != 60 || p.Test != 34 || p.C < 1e-6 || p.K != 3 {
		t.Errorf("probe --json: %v, %s", err, out)
	}
	ok("report", "--checkpoint", "r", "--embeddings", "e.parquet", "--classes", "world/classes.txt", "--templates", "world/templates.txt", "--train", "world/train-*.parquet", "--out", "r.html")
	page, err := os.ReadFile("r.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"<h2>Photos", "<h2>Every image", "<h2>Nearest", "<h2>Training", "<h2>Images and names", "<h2>Calibration", "<h2>Prompts", "<h2>Classes", "<h2>Confusion",
		"never seen</small>", "60 training captions", "ln N", `aria-label="Grid of cosines`, "default-src 'none'", "</html>"} {
		if !bytes.Contains(page, []byte(want)) {
			t.Errorf("the report has no %s", want)
		}
	}
	for floor, want := range map[float64]bool{0: false, 0.5: true} { // the captions of the report differ all
		drawn, err := curves("r/metrics.jsonl", floor)
		if got := strings.Contains(fmt.Sprint(drawn), "the captions&#39; floor"); err != nil || got != want {
			t.Errorf("curves with a floor of %g: %v, %v; want the floor drawn: %v", floor, got, err, want)
		}
	}
	for _, never := range []string{"http:", "https:", "//cdn", "NaN", "ZgotmplZ", "%!"} { // nothing from elsewhere, nothing that went wrong
		if bytes.Contains(page, []byte(never)) {
			t.Errorf("the report has %q", never)
		}
	}
	out = ok("compare", "r", "r/checkpoints/step-00000002", "--data", all, "--classes", "world/classes.txt")
	if !strings.Contains(out, "34 images, 144 classes") || !strings.Contains(out, "the difference") {
		t.Errorf("compare prints\n%s", out)
	}
}
