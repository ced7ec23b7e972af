package configs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// tuned is a recipe without a model.
const tuned = `data: {train: "*.parquet", preprocess: {augment: {flip: 0.5}}}
train: {steps: 100, batch: 4}
`

const foreignFolders = "../foreign/testdata/folders/"

// TestFrom holds that what a recipe does not name is the source's, and that the YAML of
// such a run, which a resume reads without its source, is complete.
func TestFrom(t *testing.T) {
	path := foreignFolders + "transformers-siglip"
	s, err := OpenSource(path, "")
	if err != nil {
		t.Fatal(err)
	}
	run, err := Load(recipe(t, tuned), []string{"model.from=" + path, "model.image.size=24"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	full, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	if run.Model.From != full || run.Tokenizer.Path != "" || run.Data.Preprocess.Augment.Flip != 0.5 {
		t.Errorf("model.from %s, tokenizer.path %q, %+v; want %s, none, and the flip of the recipe", run.Model.From,
			run.Tokenizer.Path, run.Data.Preprocess, full)
	}
	want := *s.Config
	want.Model.From, want.Model.Image.Size, want.Model.LogitBias = full, 24, run.Model.LogitBias
	want.Data.Preprocess.Augment.Flip = 0.5
	for _, c := range Changes(&want, run) {
		if c.Key != "train.steps" && c.Key != "train.batch" && c.Key != "data.train" && c.Key != "tokenizer.path" &&
			c.Key != "tokenizer.vocab_size" {
			t.Errorf("%s was %v, is %v; want the source's", c.Key, c.Was, c.Is)
		}
	}
	text, err := run.YAML()
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := strings.ReplaceAll(string(text), full, "/gone/source")
	again, err := LoadStarted(recipe(t, elsewhere), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if d := Difference(run, again); d != "model.from was "+full+", is /gone/source" {
		t.Errorf("the record of a run: %q; want the run without its source", d)
	}
	if _, err := Load(recipe(t, elsewhere), nil, nil); err == nil || !strings.Contains(err.Error(), "configs: model.from: ") {
		t.Errorf("a recipe whose source is gone: %v; want an error with model.from", err)
	}
}

// TestFromRun holds that what says how the source was trained, and from what, is not
// taken from it.
func TestFromRun(t *testing.T) {
	dir := t.TempDir()
	text := strings.NewReplacer("embed_dim", "from: /x/w.pt\n  architecture: ViT-B-32\n  embed_dim",
		`"*.parquet"`, `"*.parquet", preprocess: {resize: squash, augment: {pad: 3}}`).Replace(small)
	write(t, filepath.Join(dir, ConfigFile), text)
	write(t, filepath.Join(dir, "w.safetensors"), "weights")
	vocabulary, err := os.ReadFile(foreignFolders + "open_clip/tokenizer.json")
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, TokenizerFile), string(vocabulary))
	run, err := Load(recipe(t, tuned), []string{"model.from=" + dir + "/w.safetensors"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	p := run.Data.Preprocess
	if run.Model.Architecture != "" || run.Seed != 0 || p.Resize != "squash" || p.Augment.Pad != 0 || p.Augment.Flip != 0.5 {
		t.Errorf("architecture %q, seed %d, preprocessing %+v; want none, the recipe's, squash with the recipe's flip alone",
			run.Model.Architecture, run.Seed, p)
	}
}

// TestFromResume holds that the folder of a run and the checkpoint that was its newest
// are one source.
func TestFromResume(t *testing.T) {
	began := "/a/run/checkpoints/step-00000005"
	for from, want := range map[string]string{
		"":                       "model.from was " + began + ", is ",
		"/a/run":                 "",
		began:                    "",
		"/a/run/checkpoints":     "model.from was " + began + ", is /a/run/checkpoints",
		"/a/run/step-00000005":   "model.from was " + began + ", is /a/run/step-00000005",
		"/b/run":                 "model.from was " + began + ", is /b/run",
		began + "/../../../run/": "",
	} {
		a, b := Default(), Default()
		a.Model.From, b.Model.From = began, from
		keepFrom(&a, &b)
		if d := Difference(&a, &b); d != want {
			t.Errorf("resumed from %s: %q; want %q", from, d, want)
		}
	}
}

// TestFromFollows holds that keys that mean others of the source's follow what is set.
func TestFromFollows(t *testing.T) {
	load := func(folder string, sets ...string) *Run {
		t.Helper()
		run, err := Load(recipe(t, tuned), append(sets, "model.from="+foreignFolders+folder), nil)
		if err != nil {
			t.Fatal(err)
		}
		return run
	}
	if m := load("open_clip", "model.activation=gelu_tanh").Model; m.Image.Activation != "gelu_tanh" || m.Text.Activation != "gelu_tanh" {
		t.Errorf("activations %s and %s; want gelu_tanh", m.Image.Activation, m.Text.Activation)
	}
	if m := load("open_clip-siglip", "model.loss=softmax").Model; m.LogitBias != 0 {
		t.Errorf("logit_bias %g with softmax; want none", m.LogitBias)
	}
	if m := load("transformers-clip", "tokenizer.path=clip").Model; m.Text.VocabSize != 0 || m.Text.EOTID != 0 {
		t.Errorf("vocab_size %d, eot_id %d with another vocabulary; want that one's", m.Text.VocabSize, m.Text.EOTID)
	}
	if p := load("transformers-clip", "model.image.size=32").Data.Preprocess; p.ResizeSize != 40 {
		t.Errorf("resize_size %d for images of 32; want 40, as 20 is for 16", p.ResizeSize)
	}
}

func TestFromErrors(t *testing.T) {
	for _, test := range []struct {
		sets string
		want string
	}{
		{"seed=1", "configs: model has no sizes, and model.from is empty; want weights to start from"},
		{"model.from=none", "configs: model.from: configs: stat none: no such file"},
		{"model.from=" + t.TempDir(), "configs: model.from: configs: "},
		{"model.architecture=ViT-B-32", "configs: model.architecture ViT-B-32 without model.from; want the file"},
		{"model.from=" + foreignFolders + "open_clip model.architecture=ViT-B-32", "is a folder; want a file of weights"},
		{"model.from=" + foreignFolders + "open_clip tokenizer.vocab_size=600",
			"configs: tokenizer.vocab_size 600 with model.from, whose vocabulary of "},
		{"model.from=" + foreignFolders + "open_clip model.image.heads=3", "model: image.width 16 is not a multiple of image.heads 3"},
	} {
		_, err := Load(recipe(t, tuned), strings.Fields(test.sets), nil)
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v; want one line with %q", test.sets, err, test.want)
		}
	}
	if _, err := Load("finetune", []string{"data.train=*.parquet"}, nil); err == nil ||
		!strings.Contains(err.Error(), "model.from is empty; want weights to start from") {
		t.Errorf("finetune without model.from: %v", err)
	}
	r := Default()
	r.Model.From = "runs/a"
	if err := r.Validate(); err == nil || !strings.Contains(err.Error(), "want a config of Load") {
		t.Errorf("a config without sizes: %v", err)
	}
}
