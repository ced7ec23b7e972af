package weightfile

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goclip/goclip/checkpoint"
	"github.com/goclip/goclip/checkpoint/weights"
	"github.com/goclip/goclip/internal/bounded"
)

// An index has the tensors of its files, each with its values.
func TestIndex(t *testing.T) {
	needShared(t)
	w, err := Open(shared + "/hf-clip-old/model.safetensors.index.json")
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if w.Format != Safetensors || len(w.Files) != 3 {
		t.Errorf("%d files of %s; want 3 of safetensors", len(w.Files), w.Format)
	}
	n := 0
	for _, path := range w.Files {
		one, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, tensor := range one.Tensors() {
			n++
			if !bytes.Equal(raw(t, one, tensor), raw(t, w, tensor)) {
				t.Errorf("%s of %s comes back otherwise", tensor.Name, path)
			}
		}
		one.Close()
	}
	for i, tensor := range w.Tensors() {
		if i > 0 && w.Tensors()[i-1].Name >= tensor.Name {
			t.Errorf("%s comes after %s", tensor.Name, w.Tensors()[i-1].Name)
		}
	}
	if n != len(w.Tensors()) {
		t.Errorf("%d tensors; want %d", len(w.Tensors()), n)
	}
}

// folder writes two safetensors files, one file of torch.save, and an index.
func folder(t *testing.T, index string) string {
	dir := t.TempDir()
	write := func(name string, tensors ...string) {
		var file bytes.Buffer
		var list []checkpoint.Tensor
		for _, name := range tensors {
			list = append(list, checkpoint.Tensor{Name: name, Data: []float32{float32(len(name))}})
		}
		if err := checkpoint.WriteTensors(&file, list, nil); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), file.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("one", "module.a", "module.bb")
	write("two", "module.ccc")
	write("../outside", "module.dddd")
	torch, err := os.ReadFile("../torchfile/testdata/training.pt")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "training"), torch, 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "model.safetensors.index.json")
	if err := os.WriteFile(path, []byte(index), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestIndexErrors(t *testing.T) {
	const one = `"module.a": "one", "module.bb": "one"`
	for index, want := range map[string]string{
		`{"metadata": {"total_size": 12}, "weight_map": {` + one + `, "module.ccc": "./two"}}`: "",
		`{"weight_map": {` + one + `}}`:                                   "",
		`{"weight_map": {"module.a": "one"}}`:                             `one has tensor "module.bb", which the index has in ""`,
		`{"weight_map": {` + one + `, "module.c": "two"}}`:                `two has tensor "module.ccc"`,
		`{"weight_map": {` + one + `, "x": "one", "y": "one"}}`:           `one has no tensor "x", nor are 1 others`,
		`{"weight_map": {"module.a": "one", "module.bb": "two"}}`:         `one has tensor "module.bb", which the index has in "two"`,
		`{"weight_map": {` + one + `, "module.ccc": "three"}}`:            "three: no such file",
		`{"weight_map": {` + one + `, "module.a": "one"}}`:                `"module.a" occurs twice`,
		`{"weight_map": {}, "weight_map": {}}`:                            `"weight_map" occurs twice`,
		`{"weight_map": {"module.dddd": "../outside"}}`:                   `names "../outside"; want a file with weights in the folder`,
		`{"weight_map": {"module.dddd": "/etc/passwd"}}`:                  `names "/etc/passwd"`,
		`{"weight_map": {"module.dddd": "model.safetensors.index.json"}}`: `names "model.safetensors.index.json"`,
		`{"weight_map": {"module.dddd": "."}}`:                            "is no regular file",
		`{"weight_map": {"module.dddd": ""}}`:                             `names ""`,
		`{"weight_map": {"module.dddd": 1}}`:                              `"weight_map": "module.dddd": json: cannot unmarshal number`,
		`{"weight_map": []}`:                                              `"weight_map": is not a JSON object`,
		`{"weight_map": {"module.fc.weight": "training"}}`:                `training is torch.save and has ["epoch" "large" "name" "optimizer"] beside`,
		`{}`:               "has no weight_map",
		`[]`:               "is not a JSON object",
		`{"weight_map": {`: "EOF",
	} {
		w, err := Open(folder(t, index))
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n")) {
			t.Errorf("%s: %v; want error with %q", index, err, want)
		}
		if err == nil {
			var x [1]float32
			if err := w.ReadFloat32s("bb", x[:]); err != nil || x[0] != 9 || w.Prefix != "module." {
				t.Errorf("%s: bb = %g without %q, %v; want 9", index, x[0], w.Prefix, err)
			}
			if err := w.ReadInt64s("x", nil); err == nil || !strings.Contains(err.Error(), `"module.x": `+weights.ErrNotFound.Error()) {
				t.Errorf("%s: %v; want ErrNotFound", index, err)
			}
			w.Close()
		}
	}
}

// FuzzIndex: an index is read in proportion to its length, and no name in it
// leads out of its folder.
func FuzzIndex(f *testing.F) {
	f.Add(`{"metadata": {"total_size": 12}, "weight_map": {"a": "one", "b": "sub/two"}}`)
	f.Add(`{"weight_map": {"a": "../one"}}`)
	f.Fuzz(func(t *testing.T, text string) {
		bounded.Run(t, 1<<20+400*uint64(len(text)), func() {
			where, err := parseIndex(text)
			if err == nil && len(where) == 0 {
				t.Error("an index of nothing is no error")
			}
			for tensor, file := range where {
				if err == nil && (!filepath.IsLocal(file) || strings.HasPrefix(file, "..")) {
					t.Errorf("tensor %q is in %q", tensor, file)
				}
			}
		})
	})
}
