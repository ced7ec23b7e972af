package evalcmd

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// spoil copies the trained model and fills one of its tensors with NaN. It
// returns the file of the weights.
func spoil(t *testing.T, tensor string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("r/checkpoints/step-00000003")); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "model.safetensors")
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	n := 8 + int(binary.LittleEndian.Uint64(file))
	var header map[string]json.RawMessage
	var at struct {
		Offsets []int `json:"data_offsets"`
	}
	if err := json.Unmarshal(file[8:n], &header); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(header[tensor], &at); err != nil {
		t.Fatalf("%s: %v", tensor, err)
	}
	for i := at.Offsets[0]; i < at.Offsets[1]; i += 4 {
		binary.LittleEndian.PutUint32(file[n+i:], math.Float32bits(float32(math.NaN())))
	}
	if err := os.WriteFile(path, file, 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestNotFinite holds that no command prints or writes a number that weights
// which are not finite gave.
func TestNotFinite(t *testing.T) {
	enter(t)
	classes := []string{"--data", valData, "--classes", "world/classes.txt"}
	out := filepath.Join(t.TempDir(), "out.parquet")
	const image, text, scale = "val-seen-00000-of-00001.parquet: row 0: its embedding has NaN", `text "a photo of a `,
		"logit_scale: the factor is NaN"
	for _, test := range []struct {
		tensor, want string
		args         []string
	}{
		{"visual.proj", "a.png: eval: image 0: its embedding has NaN", []string{"predict", "--labels", "a,b", "a.png"}},
		{"visual.proj", image, append([]string{"zeroshot"}, classes...)},
		{"visual.proj", image, []string{"embed", "--data", valData, "--out", out}},
		{"visual.proj", image, []string{"retrieval", "--data", valData}},
		{"visual.proj", image, []string{"probe", "--train", valData, "--data", valData}},
		{"visual.proj", image, []string{"search", "--data", valData, "--text", "a"}},
		{"visual.proj", image, append([]string{"report", "--out", out}, classes...)},
		{"text_projection", text, append([]string{"zeroshot"}, classes...)},
		{"text_projection", text, []string{"predict", "--labels", "a,b", "a.png"}},
		{"text_projection", `text "a"`, []string{"search", "--data", valData, "--text", "a"}},
		{"logit_scale", scale, []string{"predict", "--labels", "a,b", "a.png"}},
		{"logit_scale", scale, append([]string{"zeroshot", "--details"}, classes...)},
	} {
		weights := spoil(t, test.tensor)
		code, printed, errs := call(append(test.args, "--checkpoint", weights)...)
		if code != 1 || printed != "" || !strings.Contains(errs, test.want) || strings.Count(errs, "\n") != 1 {
			t.Errorf("NaN in %s: eval %q: exit code %d, %q, stderr %q; want 1 and %q", test.tensor, test.args, code,
				printed, errs, test.want)
		}
		if _, err := os.Stat(out); err == nil {
			t.Errorf("NaN in %s: eval %q wrote a file", test.tensor, test.args)
		}
	}
	weights := spoil(t, "visual.proj")
	code, _, errs := call(append([]string{"compare", "r", weights}, classes...)...)
	if code != 1 || !strings.Contains(errs, image) {
		t.Errorf("NaN: eval compare: exit code %d, stderr %q", code, errs)
	}
}
