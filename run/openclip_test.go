package run

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/goclip/goclip/foreign"
	"github.com/goclip/goclip/model"
)

// A checkpoint is a folder of open_clip as well, with the same model; goclip itself reads
// its own files, and those of before there were others.
func TestOpenCLIPFiles(t *testing.T) {
	world := filepath.Join(t.TempDir(), "world")
	workdir := filepath.Join(t.TempDir(), "run")
	must(t, begin(t.Context(), testRun(t, world, workdir, false)))
	folder := filepath.Join(workdir, "checkpoints", "step-00000011")
	own, err := Open(folder)
	must(t, err)
	f, err := foreign.Open(folder)
	must(t, err)
	if f.Format != "open_clip" || filepath.Base(f.Weights) != ModelFile {
		t.Errorf("%s in %s; want open_clip's, and %s", f.Format, f.Weights, ModelFile)
	}
	clip, err := foreign.Load(f.Weights, f.Config)
	must(t, err)
	if pad, other := own.Tokenizer.Pad(), f.Tokenizer.Pad(); pad != 0 || other != own.Tokenizer.EOT() {
		t.Errorf("padded with %d, by open_clip with %d; want 0 and the end", pad, other)
	}
	if a, b := textRow(t, own.Model, own.Tokenizer.Tokenize), textRow(t, clip, f.Tokenizer.Tokenize); !slices.Equal(a, b) {
		t.Errorf("a text is %v, by open_clip %v", a, b)
	}
	dropOpenCLIP(t, folder)
	if before, err := Open(folder); err != nil || before.Tokenizer.Size() != own.Tokenizer.Size() {
		t.Errorf("a checkpoint without open_clip's files: %v", err)
	}
}

func textRow(t *testing.T, m *model.CLIP, tokenize func([]int32, string) bool) []float32 {
	t.Helper()
	e, err := m.NewTextEncoder(model.EncoderConfig{Batch: 1}, nil)
	must(t, err)
	tokenize(e.Tokens(), "a red circle")
	row, err := e.Run()
	must(t, err)
	return slices.Clone(row)
}

// dropOpenCLIP makes a checkpoint as it was before open_clip's files were in it.
func dropOpenCLIP(t *testing.T, folder string) {
	t.Helper()
	path := filepath.Join(folder, "manifest.json")
	text, err := os.ReadFile(path)
	must(t, err)
	var m struct {
		Step  int                        `json:"step"`
		Files map[string]json.RawMessage `json:"files"`
	}
	must(t, json.Unmarshal(text, &m))
	for _, name := range []string{"open_clip_config.json", "tokenizer_config.json"} {
		if m.Files[name] == nil {
			t.Errorf("the manifest has no %s", name)
		}
		delete(m.Files, name)
		must(t, os.Remove(filepath.Join(folder, name)))
	}
	text, err = json.Marshal(m)
	must(t, err)
	must(t, os.WriteFile(path, text, 0o666))
}
