package run

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goclip/goclip/configs"
	"github.com/goclip/goclip/data/preprocess"
)

const foreignFolders = "../foreign/testdata/folders"

// A foreign folder opens without a training config, and gives what using it takes.
func TestOpenForeign(t *testing.T) {
	for _, path := range []string{"open_clip", "open_clip/open_clip_model.safetensors", "transformers-siglip"} {
		opened, err := Open(filepath.Join(foreignFolders, path))
		if err != nil {
			t.Fatal(err)
		}
		c := opened.Config
		p := c.Data.Preprocess
		if c.Model.Image.Size != 16 || p.Interpolation == "" || p.MaxPixels != preprocess.DefaultMaxPixels {
			t.Errorf("%s: size %d, preprocessing %+v; want the folder's, after defaults", path, c.Model.Image.Size, p)
		}
		again, err := c.Tokenizer.Load()
		if err != nil || again.Size() != opened.Tokenizer.Size() || !filepath.IsAbs(c.Tokenizer.Path) {
			t.Errorf("%s: tokenizer.path %s: %v; want the folder", path, c.Tokenizer.Path, err)
		}
		sum, err := opened.Hash()
		if want, err2 := hashFile(opened.Path); err != nil || err2 != nil || sum != want {
			t.Errorf("%s: hash %s, %v; want %s", path, sum, err, want)
		}
		text, err := c.YAML()
		if err != nil || !strings.Contains(string(text), "embed_dim: ") {
			t.Errorf("%s: YAML: %v", path, err)
		}
	}
}

func TestOpenErrors(t *testing.T) {
	weights := foreignFolders + "/open_clip/open_clip_model.safetensors"
	alone := filepath.Join(t.TempDir(), "alone.safetensors")
	text, err := os.ReadFile(weights)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(alone, text, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ path, architecture, want string }{
		{"none", "", "no such file"},
		{t.TempDir(), "", "holds no checkpoint"},
		{alone, "", "no config.yaml, open_clip_config.json or config.json beside it; want one, or the name"},
		{alone, "ViT-B-32", "want 151277313 parameters"},
		{alone, "ViT-B-16-SigLIP", "tokenizer.json"},
		{alone, "ViT-B-23", `no architecture "ViT-B-23"`},
		{foreignFolders + "/open_clip", "ViT-B-32", "is a folder; want a file of weights"},
	} {
		_, err := OpenAs(test.path, test.architecture)
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("OpenAs(%s, %s): %v; want one line with %q", test.path, test.architecture, err, test.want)
		}
	}
	if len(configs.Models()) < 40 {
		t.Errorf("%d architectures; want 40 or more", len(configs.Models()))
	}
}

// A run's own weights are read by the rules for all others: none is left over.
func TestOpenLeftOver(t *testing.T) {
	dir := t.TempDir()
	for name, to := range map[string]string{
		"open_clip_model.safetensors": "w.safetensors", "tokenizer.json": TokenizerFile,
		"tokenizer_config.json": "tokenizer_config.json",
	} {
		text, err := os.ReadFile(filepath.Join(foreignFolders, "open_clip-clipa", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, to), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	config := `
data: {train: x}
train: {batch: 2, steps: 3}
optim: {learning_rate: 1, warmup: 1}
model:
  embed_dim: 12
  image: {size: 16, patch: 8, width: 16, layers: 2, heads: 2, pool: average, no_ln_pre: true%s}
  text: {context_length: 20, width: 16, layers: 1, heads: 2, pool: last, bidirectional: true}
`
	path := filepath.Join(dir, "w.safetensors")
	for _, test := range []struct{ more, want string }{
		{"", "resblocks.0.ls_1.gamma\" [16] and 3 more: the model has no such parameter"},
		{", layer_scale: true", ""},
	} {
		text := strings.Replace(config, "%s", test.more, 1)
		if err := os.WriteFile(filepath.Join(dir, ConfigFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Open(path)
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("with %q: %v; want error with %q", test.more, err, test.want)
		}
	}
}
