package modelcmd

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goclip/goclip/checkpoint"
	"github.com/goclip/goclip/run"
)

const (
	folder = "../../../foreign/testdata/folders/open_clip"
	other  = "../../../foreign/testdata/folders/transformers-clip"
)

func call(args ...string) (string, error) {
	c := Command()
	var out bytes.Buffer
	c.SetOut(&out)
	c.SetErr(&out)
	c.SetArgs(args)
	c.SilenceErrors, c.SilenceUsage = true, true
	err := c.Execute()
	return out.String(), err
}

// An export says how it compares, and what it says of itself is in its README.md.
func TestExport(t *testing.T) {
	dir := t.TempDir()
	out, file := filepath.Join(dir, "mine"), filepath.Join(dir, "probes.json")
	text, err := call("export", "--checkpoint", folder, "--to", "hf", "--license", "mit", "--probes", file, out)
	if err != nil || !strings.Contains(text, "read back: 64 pictures and 64 texts: largest difference of unit features 0") {
		t.Fatalf("export prints %s, %v; want a report", text, err)
	}
	card, err := os.ReadFile(filepath.Join(out, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"license: mit\n", "# mine\n", "library_name: transformers\n", "SHA-256 ", "## Data\n\nNot known.",
	} {
		if !strings.Contains(string(card), want) {
			t.Errorf("README.md is\n%s; want %q in it", card, want)
		}
	}
	var probes struct {
		Pictures [][]byte
		IDs      [][]int32
		Rows     [][]float32 `json:"image_features"`
	}
	content, err := os.ReadFile(file)
	if err != nil || json.Unmarshal(content, &probes) != nil || len(probes.Pictures) != 64 ||
		len(probes.IDs) != 64 || len(probes.Rows) != 64 {
		t.Errorf("the probes: %v, %d pictures; want 64", err, len(probes.Pictures))
	}
	for want, args := range map[string][]string{
		`required flag(s) "to"`:            {"export", "--checkpoint", folder, out},
		"holds README.md already":          {"export", "--checkpoint", folder, "--to", "open_clip", out},
		`form "tf"; want one of`:           {"export", "--checkpoint", folder, "--to", "tf", out + "2"},
		"no such file":                     {"export", "--checkpoint", "none", "--to", "hf", out + "2"},
		`required flag(s) "out"`:           {"blend", folder, folder},
		"alpha 2; want 0":                  {"blend", folder, folder, "--alpha", "2", "--out", out + "2"},
		"model.image.layers: have 2 and 1": {"blend", folder, other, "--out", out + "2"},
	} {
		if text, err := call(args...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %s, %v; want error with %q", args, text, err, want)
		}
	}
}

// A blend of a model with itself is the model, in a folder that is a model again.
func TestBlend(t *testing.T) {
	out := filepath.Join(t.TempDir(), "blend")
	if text, err := call("blend", folder, folder, "--alpha", "0.3", "--out", out); err != nil {
		t.Fatalf("blend prints %s, %v", text, err)
	}
	a, err := run.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	b, err := run.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range a.Model.Params() {
		for j, v := range p.Value {
			if d := v - b.Model.Params()[i].Value[j]; d > 1e-7 || d < -1e-7 {
				t.Fatalf("%s differs by %g", p.Name, d)
			}
		}
	}
}

// The scores of a card are the last ones up to the checkpoint.
func TestScores(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, run.MetricsFile)
	lines := `{"step": 5, "loss": 3}
{"step": 5, "set": "val", "top1": 0.25, "n": 80, "classes": 4}
{"step": 9, "set": "val", "top1": 0.5, "top1_low": 0.4, "top1_high": 0.6, "n": 80, "classes": 4}
{"step": 12, "set": "val", "top1": 0.75, "n": 80, "classes": 4}
{"step": 9, "set": "captions", "loss": 2, "batch": 8, "images": 8, "captions": 16, "image_to_text_r1": 0.5}
`
	if err := os.WriteFile(path, []byte(lines), 0o666); err != nil {
		t.Fatal(err)
	}
	all, err := scores(path, 9)
	if err != nil || len(all) != 2 || all[0].What != "zero-shot top-1 on val (80 pairs, 4 classes, after step 9)" ||
		all[0].Value != "50.0 % (95 % interval 40.0 to 60.0)" ||
		all[1].What != "R@1/5/10 on captions (8 images, 16 captions, after step 9)" ||
		!strings.HasPrefix(all[1].Value, "captions 50.0/0.0/0.0 %, images") {
		t.Errorf("scores are %v, %v; want those of step 9", all, err)
	}
	if all, err := scores(filepath.Join(dir, "none"), 9); err != nil || len(all) > 0 {
		t.Errorf("without metrics: %v, %v", all, err)
	}
	if checkpoint.StepName(9) != "step-00000009" {
		t.Error("the names of checkpoints have changed; cardOf reads them")
	}
}
