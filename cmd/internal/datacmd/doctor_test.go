package datacmd

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"github.com/goclip/goclip/cmd/internal/cli"
)

// call runs the command and returns what it prints.
func call(args ...string) (out string, code int) {
	var b strings.Builder
	root := Command()
	root.SetOut(&b)
	root.SetErr(&b)
	code = cli.Run(root, args, &b)
	return b.String(), code
}

// noise is a PNG of random pixels.
func noise(t *testing.T, seed uint64) []byte {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 1))
	m := image.NewRGBA(image.Rect(0, 0, 33, 33))
	for i := range 33 * 33 {
		m.SetRGBA(i%33, i/33, color.RGBA{uint8(rng.Uint32()), uint8(rng.Uint32()), uint8(rng.Uint32()), 255})
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestDoctor examines shards from the command line, writes clean ones, and
// finds nothing in those.
func TestDoctor(t *testing.T) {
	t.Chdir(t.TempDir())
	type row struct {
		JPG     []byte `parquet:"jpg,optional"`
		Caption string `parquet:"caption"`
		Source  string `parquet:"source"`
	}
	var rows []row
	for i := range uint64(60) {
		rows = append(rows, row{noise(t, i), fmt.Sprintf("number %d of the kind %c%c", i, 'a'+i%26, 'a'+i/26),
			fmt.Sprint("from ", i)})
	}
	rows[10].JPG, rows[20].JPG, rows[30].Caption = rows[9].JPG, rows[20].JPG[:40], " "
	for name, part := range map[string][]row{"0.parquet": rows[:40], "1.parquet": rows[40:],
		"val.parquet": {rows[50], {noise(t, 99), "new", ""}}} {
		if err := parquet.WriteFile(name, part); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range map[string]string{"broken.parquet": "none", "run.yaml": `
data: {train: '[01].parquet', val: val.parquet}
model:
  embed_dim: 8
  image: {size: 64, patch: 4, width: 8, layers: 1, heads: 2}
  text: {context_length: 8, width: 8, layers: 1, heads: 2}
train: {steps: 9, batch: 32}
optim: {warmup: 1}
`} {
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		args string
		code int
		want string
	}{
		{"--data [01].parquet --out doctor.html", 0, "2 rows (3.3 %) cannot be used: 1 no caption, 1 unexpected EOF"},
		{"--data [01].parquet --val val.parquet --strict", 1, "doctor: 1 error and 2 warnings in [01].parquet"},
		{"--data [01].parquet,broken.parquet ", 0,
			"1 shard cannot be opened, such as data: broken.parquet: not a whole Parquet file"},
		{"--data [01].parquet,broken.parquet --write clean", 1, "only whole shards are copied: leave it out"},
		{"--config run.yaml ", 0, "59 pictures (98 %) are smaller than the model's 64 pixels"},
		{"--config run.yaml --data val.parquet ", 0, "train: 2 rows in 1 shard, 2 usable"},
		{"--data [01].parquet", 0, "with pictures: --out doctor.html"},
		{"--data none.parquet", 1, "matches no file"},
		{"--data [01].parquet --write . ", 1, "doctor: . holds "},
		{"--data [01].parquet --out none/doctor.html", 1, "doctor: open none"},
		{"--data [01].parquet --batch 1", 1, "batch of 1 pairs"},
		{"--data [01].parquet --drop bad", 2, "--drop bad; want some of pictures"},
		{"", 2, "--data is missing"},
	} {
		args := strings.Split(strings.TrimSpace("doctor "+test.args), " ")
		if out, code := call(args...); code != test.code || !strings.Contains(out, test.want) {
			t.Errorf("data %q: exit code %d, %q; want %d and %q", args, code, out, test.code, test.want)
		}
	}
	page, err := os.ReadFile("doctor.html")
	if err != nil || !bytes.HasSuffix(page, []byte("</html>\n")) {
		t.Errorf("doctor.html has %d bytes, %v; want a whole page", len(page), err)
	}
	for range 2 { // the second has nothing left to write
		if out, code := call("doctor", "--data", "[01].parquet", "--val", "val.parquet", "--write",
			"clean"); code != 0 || !strings.Contains(out, "clean has 1 shard, 4 of 60 rows are left out") {
			t.Errorf("--write: exit code %d, %q", code, out)
		}
	}
	out, code := call("doctor", "--data", "clean/*.parquet", "--val", "val.parquet", "--json", "--strict")
	var report struct{ Train struct{ Rows, Usable int } }
	if err := json.Unmarshal([]byte(out), &report); err != nil || code != 0 || report.Train.Rows != 56 ||
		report.Train.Usable != 56 {
		t.Errorf("the clean shards: exit code %d, %+v, %v: %s; want 56 rows of which all are usable", code, report, err, out)
	}
	kept, err := parquet.ReadFile[row]("clean/train-00000-of-00001.parquet")
	if err != nil || len(kept) != 56 || kept[10].Source != "from 11" {
		t.Errorf("%d rows are kept, %v; want 56 with all columns", len(kept), err)
	}
	if left, _ := filepath.Glob(".doctor-*"); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
}
