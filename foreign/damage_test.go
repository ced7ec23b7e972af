package foreign

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goclip/goclip/checkpoint"
	"github.com/goclip/goclip/internal/bounded"
)

const here = "testdata/folders"

// copied is a copy of a folder, without its images.
func copied(t *testing.T, name string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(here, name))); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(dir, "inputs")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// opened opens a folder and reads its weights.
func opened(path string) error {
	m, err := Open(path)
	if err == nil {
		_, err = Load(m.Weights, m.Config)
	}
	return err
}

// refused wants an error in one line with some words.
func refused(t *testing.T, what, path string, words ...string) {
	t.Helper()
	var err error
	bounded.Run(t, 64<<20, func() { err = opened(path) })
	if err == nil {
		t.Errorf("%s: is read; want an error with %q", what, words)
		return
	}
	for _, word := range words {
		if text := err.Error(); !strings.Contains(text, word) || strings.Contains(text, "\n") {
			t.Errorf("%s: %v; want one line with %q", what, err, word)
		}
	}
}

func TestTruncated(t *testing.T) {
	for _, name := range []string{"open_clip", "open_clip-siglip", "transformers-clip", "transformers-siglip"} {
		dir := copied(t, name)
		files, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			path := filepath.Join(dir, f.Name())
			whole, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if f.Name() == "expected.json" {
				continue
			}
			whole = []byte(strings.TrimRight(string(whole), "\n"))
			for _, n := range []int{0, 1, 9, len(whole) / 3, len(whole) / 2, len(whole) - 1} {
				write(t, path, whole[:n])
				refused(t, fmt.Sprintf("%s: %d bytes of %s", name, n, f.Name()), dir)
			}
			write(t, path, whole)
		}
		if err := opened(dir); err != nil {
			t.Errorf("%s, whole again: %v", name, err)
		}
	}
}

func write(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// Each tensor in turn is missing, or has another shape; one more is refused, too.
func TestTensors(t *testing.T) {
	for name, file := range map[string]string{
		"open_clip-clipa": "open_clip_model.safetensors", "open_clip-siglip": "open_clip_model.safetensors",
		"transformers-clip": "model.safetensors", "transformers-siglip": "model.safetensors",
	} {
		dir := copied(t, name)
		path := filepath.Join(dir, file)
		tensors := readTensors(t, path)
		m, err := Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		refused := func(what, word string) {
			t.Helper()
			_, err := Load(path, m.Config)
			if err == nil || !strings.Contains(err.Error(), word) || !strings.Contains(err.Error(), path) {
				t.Errorf("%s: %s: %v; want one line with the path and %q", name, what, err, word)
			}
		}
		for i, tensor := range tensors {
			writeTensors(t, path, slices.Concat(tensors[:i], tensors[i+1:]))
			refused("without "+tensor.Name, "")
			longer := tensor
			longer.Shape = append([]int{2}, tensor.Shape...)
			longer.Data = slices.Concat(tensor.Data, tensor.Data)
			writeTensors(t, path, slices.Concat(tensors[:i], []checkpoint.Tensor{longer}, tensors[i+1:]))
			refused("longer "+tensor.Name, "")
		}
		writeTensors(t, path, append(slices.Clone(tensors),
			checkpoint.Tensor{Name: "visual.extra", Shape: []int{2}, Data: []float32{1, 2}}))
		refused("one more", `tensor "visual.extra" [2]: the model has no such parameter`)
		writeTensors(t, path, append(slices.Clone(tensors),
			checkpoint.Tensor{Name: "vision_model.embeddings.position_ids", Shape: []int{2}, Data: []float32{0, 1}}))
		if _, err := Load(path, m.Config); err != nil && strings.HasPrefix(name, "transformers") {
			t.Errorf("with position_ids: %v", err)
		}
	}
}

func readTensors(t *testing.T, path string) (all []checkpoint.Tensor) {
	t.Helper()
	f, err := checkpoint.OpenTensors(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, name := range f.Names() {
		shape, data, err := f.Float32s(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, checkpoint.Tensor{Name: name, Shape: shape, Data: data})
	}
	return all
}

func writeTensors(t *testing.T, path string, all []checkpoint.Tensor) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := checkpoint.WriteTensors(f, all, nil); err != nil {
		t.Fatal(err)
	}
}

// Each field of each config in turn has another type; then each object has one more
// field. Both are errors that name the field, but for those that are ignored.
func TestFields(t *testing.T) {
	ignored := slices.Concat(pretrained, timmFields, []string{
		"custom_text", "init_logit_scale", "logit_scale_init_value",
		"hf_tokenizer_name", "processor_class", "projection_dim", "eos_token_id",
	})
	for name, files := range map[string][]string{
		"open_clip": {openCLIPFile}, "open_clip-clipa": {openCLIPFile}, "open_clip-siglip": {openCLIPFile},
		"transformers-clip":   {transformersFile, preprocessorFile},
		"transformers-siglip": {transformersFile, preprocessorFile},
	} {
		dir := copied(t, name)
		for _, file := range files {
			path := filepath.Join(dir, file)
			whole, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var root map[string]any
			if err := json.Unmarshal(whole, &root); err != nil {
				t.Fatal(err)
			}
			each(root, "", func(object map[string]any, field, at string) {
				was, known := object[field]
				for _, value := range others(was, known) {
					object[field] = value
					text, err := json.Marshal(root)
					if err != nil {
						t.Fatal(err)
					}
					write(t, path, text)
					if !slices.Contains(ignored, field) && !isSize(field, value) {
						refused(t, fmt.Sprintf("%s: %s: %s = %v", name, file, at, value), dir, strings.TrimSuffix(file, ".json"))
					} else {
						_ = opened(dir) // without a panic
					}
				}
				if object[field] = was; !known {
					delete(object, field)
				}
			})
			write(t, path, whole)
		}
	}
}

// each calls f with each field of each object, and with one that is not there.
func each(object map[string]any, at string, f func(object map[string]any, field, at string)) {
	for field, value := range object {
		if inner, ok := value.(map[string]any); ok {
			each(inner, at+field+".", f)
		}
		f(object, field, at+field)
	}
	f(object, "of_a_later_version", at+"of_a_later_version")
}

// isSize says that a value is a size as old folders of transformers have it.
func isSize(field string, value any) bool { return field == "size" && value == 1 }

// others are values of other types.
func others(was any, known bool) []any {
	if !known {
		return []any{1, "x", true}
	}
	switch was.(type) {
	case string:
		return []any{7, "of a later version", []any{}, map[string]any{}}
	case bool:
		return []any{"x", 3, []any{1}, map[string]any{}}
	case float64:
		return []any{"x", true, []any{}, map[string]any{}}
	case map[string]any:
		return []any{"x", 1, true, []any{}}
	default:
		return []any{"x", 1, true, []any{1, "x"}, map[string]any{}}
	}
}
