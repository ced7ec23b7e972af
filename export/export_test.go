package export

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goclip/goclip/foreign"
	"github.com/goclip/goclip/model"
)

const here = "../foreign/testdata/folders"

// folders are models of every architecture that package foreign is tested with.
func folders(t *testing.T) (dirs []string) {
	t.Helper()
	for _, root := range []string{here, "../../shared/parity/foreign"} {
		found, _ := filepath.Glob(filepath.Join(root, "*", "expected.json"))
		if len(found) == 0 && root == here {
			t.Fatalf("no folder in %s", root)
		}
		for _, path := range found {
			dirs = append(dirs, filepath.Dir(path))
		}
	}
	return dirs
}

func openModel(t *testing.T, dir string) Model {
	t.Helper()
	f, err := foreign.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	clip, err := foreign.Load(f.Weights, f.Config)
	if err != nil {
		t.Fatal(err)
	}
	return Model{CLIP: clip, Preprocess: f.Preprocess, Tokenizer: f.Tokenizer, Card: Card{Name: filepath.Base(dir)}}
}

// smallTrunks gives timm towers of the sizes that the test folders have.
func smallTrunks(t *testing.T) {
	old := trunkName
	t.Cleanup(func() { trunkName = old })
	trunkName = func(c model.ImageConfig) string {
		if c.Width != 64*c.Heads || c.Activation != "gelu" {
			return old(c)
		}
		return fmt.Sprintf("vit_tiny_patch%d_siglip_%d", c.Patch, c.Size)
	}
}

// refused says which folders a form cannot express, and what the error names.
var refused = map[string]string{
	"hf oc-pool-variants":           "model.image.pool average",
	"hf open_clip-clipa":            "model.image.pool average",
	"open_clip transformers-clip":   "model.image.activation quick_gelu, model.text.activation gelu",
	"onnx transformers-clip":        "data.preprocess.resize_size 20",
	"open_clip hf-siglip":           "patch 16, size 64, gelu_tanh: timm has none such",
	"open_clip hf-siglip2":          "timm has none such",
	"open_clip transformers-siglip": "timm has none such",
}

// Every folder comes back from every form that can express it, with the same features,
// and from the others a refusal by name that leaves nothing behind.
func TestRoundTrip(t *testing.T) {
	smallTrunks(t)
	for _, dir := range folders(t) {
		m := openModel(t, dir)
		for _, to := range Formats {
			name := string(to) + " " + filepath.Base(dir)
			t.Run(name, func(t *testing.T) {
				parent := t.TempDir()
				out := filepath.Join(parent, "out")
				r, err := Write(m, to, out)
				left, _ := os.ReadDir(parent)
				if want := refused[name]; want != "" {
					if err == nil || !strings.Contains(err.Error(), want) || len(left) > 0 {
						t.Fatalf("%v, leaves %v; want an error with %q, and nothing left", err, left, want)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				if len(left) != 1 || left[0].Name() != "out" {
					t.Errorf("there are %v; want out alone", left)
				}
				for _, file := range append(r.Files, "README.md") {
					if info, err := os.Stat(filepath.Join(out, file)); err != nil || info.Size() == 0 {
						t.Errorf("%s: %v; want a file", file, err)
					}
				}
				if to == ONNX {
					checkGraphs(t, &m, out)
				} else if r.Probes != probes || !(max(r.Images, r.Texts, r.Pixels) <= Tolerance) {
					t.Errorf("%+v; want %d probes within %g", r, probes, Tolerance)
				}
			})
		}
	}
}

// The files that a checkpoint has beside its weights make it a folder of open_clip.
func TestOpenCLIPFiles(t *testing.T) {
	m := openModel(t, here+"/open_clip")
	dir := t.TempDir()
	p := &plan{format: OpenCLIP}
	files, err := OpenCLIPFiles(m)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.weights(&m, "model.safetensors", foreign.PlainNames); err != nil {
		t.Fatal(err)
	}
	if err := p.tokenizer(&m, ""); err != nil {
		t.Fatal(err)
	}
	p.files = append(p.files, files...)
	if _, err := p.write(&m, OpenCLIP, dir); err != nil {
		t.Error(err)
	}
	siglip := openModel(t, here+"/transformers-siglip")
	if _, err := OpenCLIPFiles(siglip); err == nil || !strings.Contains(err.Error(), "other names") {
		t.Errorf("a tower like SigLIP's: %v; want error", err)
	}
}

// A folder that holds another model is refused, whatever differs.
func TestCompare(t *testing.T) {
	m := openModel(t, here+"/open_clip")
	for _, to := range Formats {
		for name, want := range map[string]string{
			"visual.proj": "unit features differ", "text_projection": "unit features differ", "logit_scale": "logit scale"} {
			dir := filepath.Join(t.TempDir(), "out")
			if _, err := Write(m, to, dir); err != nil {
				t.Fatal(err)
			}
			p := param(t, m.CLIP, name)
			old := p.Value[0]
			p.Value[0] += 0.5
			_, err := compare(&m, to, dir)
			p.Value[0] = old
			if to == ONNX {
				want = name + ": have"
				if name == "logit_scale" { // is no part of the graphs
					continue
				}
			}
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: another %s: %v; want error with %q", to, name, err, want)
			}
		}
	}
}

func param(t *testing.T, m *model.CLIP, name string) *model.Param {
	t.Helper()
	for _, p := range m.Params() {
		if p.Name == name {
			return p
		}
	}
	t.Fatalf("no parameter %s", name)
	return nil
}

// What is there already stays, and nothing is beside it.
func TestExisting(t *testing.T) {
	m := openModel(t, here+"/open_clip")
	parent := t.TempDir()
	full, file, empty := filepath.Join(parent, "full"), filepath.Join(parent, "file"), filepath.Join(parent, "empty")
	for _, dir := range []string{full, empty} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{file, filepath.Join(full, "mine")} {
		if err := os.WriteFile(path, []byte("mine"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		to        Format
		out, want string
	}{
		{OpenCLIP, full, "holds mine already"}, {OpenCLIP, file, "not a directory"}, {"coreml", empty, `form "coreml"`},
		{OpenCLIP, "", "no name"}, {OpenCLIP, "./", "./: is the current folder"},
	} {
		if _, err := Write(m, test.to, test.out); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("Write(%s, %s): %v; want error with %q", test.to, test.out, err, test.want)
		}
	}
	if _, err := Write(m, OpenCLIP, empty+"/"); err != nil {
		t.Errorf("an empty folder: %v", err)
	}
	if text, err := os.ReadFile(filepath.Join(full, "mine")); err != nil || string(text) != "mine" {
		t.Errorf("the file there: %q, %v", text, err)
	}
	if left, _ := os.ReadDir(parent); len(left) != 3 {
		t.Errorf("there are %v; want full, file and empty", left)
	}
}

// int(width * ratio) is the width of the MLP, as Python computes it.
func TestRatio(t *testing.T) {
	for width := 1; width < 200; width++ {
		for mlp := 1; mlp < 900; mlp += 7 {
			if r := ratio(width, mlp); int(float64(width)*r) != mlp {
				t.Fatalf("ratio(%d, %d) = %v gives %d", width, mlp, r, int(float64(width)*r))
			}
		}
	}
}

// A parameter that is no number is refused by name in every form.
func TestNotFinite(t *testing.T) {
	m := openModel(t, here+"/open_clip")
	p := m.CLIP.Params()[5]
	p.Value[3] = float32(math.NaN())
	for _, to := range Formats {
		want := p.Name + ": element 3 is NaN"
		if _, err := Write(m, to, filepath.Join(t.TempDir(), "x")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want error with %q", to, err, want)
		}
	}
}
