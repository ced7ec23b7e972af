package configs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/eval"
	"github.com/goclip/goclip/optim"
)

// small is a whole recipe, to which tests add a line or two.
const small = `seed: 7
data: {train: "*.parquet"}
model:
  embed_dim: 8
  image: {size: 8, patch: 4, width: 8, layers: 1, heads: 2}
  text: {context_length: 8, width: 8, layers: 1, heads: 2}
train: {steps: 100, batch: 4}
`

func recipe(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "run.yaml")
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestRecipes loads every recipe. Those for the reader's own shards name none.
func TestRecipes(t *testing.T) {
	params := map[string]int{"vit-b-32": 151_277_313, "vit-b-16": 149_620_737, "vit-l-14": 427_616_513}
	if d := cmp.Diff([]string{"cifar10", "finetune", "lit", "quickstart", "siglip", "vit-b-16", "vit-b-32", "vit-l-14"}, Recipes()); d != "" {
		t.Fatalf("Recipes (-want +got):\n%s", d)
	}
	for _, name := range Recipes() {
		text, err := os.ReadFile(name + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		if embedded, err := ReadFile("embedded:" + name + ".yaml"); err != nil || string(embedded) != string(text) {
			t.Errorf("the embedded %s: %v; want the text of the file", name, err)
		}
		command := "\n#   goclip train --config " + name
		if !strings.HasPrefix(string(text), "# ") || !strings.Contains(string(text), command) {
			t.Errorf("%s does not begin with its command, %s", name, command)
		}
		run, err := Load(name, recipeSets(name), nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if want, ok := params[name]; ok {
			clip := run.Model
			clip.Text.VocabSize = 49408 // CLIP's, which the tokenizer gives
			if clip.ParamCount() != want || run.Tokenizer.Path != "clip" {
				t.Errorf("%s has %d parameters, vocabulary %q; want %d, CLIP's", name, clip.ParamCount(), run.Tokenizer.Path, want)
			}
		}
		repeats(t, run)
	}
}

// recipeSets are what a recipe needs to load.
func recipeSets(name string) []string {
	switch name {
	case "quickstart":
		return nil
	case "finetune", "lit":
		return []string{"data.train=shards/*.parquet", "model.from=" + foreignFolders + "open_clip"}
	}
	return []string{"data.train=shards/*.parquet"}
}

// repeats checks that a run written and read again is the same.
func repeats(t *testing.T, run *Run) {
	t.Helper()
	text, err := run.YAML()
	if err != nil {
		t.Fatal(err)
	}
	again, err := Load(recipe(t, string(text)), nil, nil)
	if err != nil {
		t.Fatalf("the resolved run: %v\n%s", err, text)
	}
	if d := cmp.Diff(run, again, cmpopts.EquateEmpty()); d != "" {
		t.Errorf("the resolved run differs (-want +got):\n%s", d)
	}
}

// Each layer goes over the one before: defaults, file, environment, --set.
func TestLayers(t *testing.T) {
	path := recipe(t, small+"optim: {warmup: 1, weight_decay: 0.3, epsilon: 1e-7}\ntokenizer:\n")
	run, err := Load(path,
		[]string{"optim.warmup=3", "optim.groups=[{match: visual.*, weight_decay: -1}]", "train.batch=1_024", "data.val=*.parquet", "data.preprocess.augment.crop_scale=0.5,1",
			"eval.classes=a.txt", "eval.sets=[{name: seen, data: s-*.parquet}, {name: 7, data: t.parquet}]"},
		[]string{"GOCLIP_OPTIM_WARMUP=2", "GOCLIP_OPTIM_WEIGHT_DECAY=0", "GOCLIP_KERNEL=portable", "GOCLIPPED=1", "GOCLIP_SEED=18446744073709551615"})
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.Seed = 18446744073709551615
	want.Data.Train, want.Data.Val = "*.parquet", "*.parquet"
	want.Data.Preprocess.Augment.CropScale = []float64{0.5, 1}
	want.Model.EmbedDim = 8
	want.Model.Image.Size, want.Model.Image.Patch, want.Model.Image.Width, want.Model.Image.Layers, want.Model.Image.Heads = 8, 4, 8, 1, 2
	want.Model.Text.ContextLength, want.Model.Text.Width, want.Model.Text.Layers, want.Model.Text.Heads = 8, 8, 1, 2
	want.Train.Steps, want.Train.Batch = 100, 1024
	want.Optim.Warmup, want.Optim.WeightDecay, want.Optim.Epsilon = 3, 0, 1e-7
	want.Optim.Groups = []optim.Group{{Match: "visual.*", WeightDecay: -1}}
	want.Eval.Classes = "a.txt"
	want.Eval.Sets = []eval.Set{{Name: "seen", Data: "s-*.parquet"}, {Name: "7", Data: "t.parquet"}}
	want.SetDefaults()
	if d := cmp.Diff(&want, run); d != "" {
		t.Errorf("Load (-want +got):\n%s", d)
	}
	repeats(t, run)
}

// Two keys must not share a variable, and a key is written as viper has it.
func TestNames(t *testing.T) {
	seen := map[string]string{}
	for key := range fields.leaves {
		if other, ok := seen[variable(key)]; ok {
			t.Errorf("%s and %s are both %s", key, other, variable(key))
		}
		seen[variable(key)] = key
		if key != strings.ToLower(key) || strings.HasSuffix(key, ".") {
			t.Errorf("key %q; want a yaml tag in lower case", key)
		}
	}
	for alias, key := range aliases {
		if _, ok := fields.leaves[key]; !ok {
			t.Errorf("alias %s stands for %s, which is no key", alias, key)
		}
	}
}

func TestFileErrors(t *testing.T) {
	for _, test := range []struct{ add, want string }{
		{"optim: {warmpu: 3}", ":8: optim.warmpu is unknown; did you mean optim.warmup?"},
		{"optim:\n  lr: 3", ":9: optim.lr is unknown; did you mean optim.learning_rate?"},
		{"optimizer: {}", ":8: optimizer is unknown; want one of seed"},
		{"warmup: 3", ":8: warmup is unknown; did you mean optim.warmup?"},
		{"Optim: {warmup: 3}", ":8: Optim is unknown; did you mean optim?"},
		{"optim.warmup: 3", ":8: optim.warmup is unknown"},
		{"seed: 8", ":8: seed occurs twice, first in line 1"},
		{"optim: {warmup: 1, beta1: 0.9,\n  warmup: 2}", ":9: optim.warmup occurs twice, first in line 8"},
		{"optim: {warmup: many}", `:8: optim.warmup: have "many"; want a whole number`},
		{"optim: {warmup: 2.5}", `:8: optim.warmup: have "2.5"; want a whole number`},
		{"optim: {warmup: '3'}", `have "3"; want a whole number`},
		{"optim: {warmup: 010}", "have 010, which YAML takes for octal"},
		{"optim: {warmup: -010}", "have -010, which YAML takes for octal"},
		{"optim: {warmup: [1]}", "have a list; want a whole number"},
		{"optim: {warmup: 99999999999999999999}", "want a whole number"},
		{"optim: {beta1: .nan}", `have ".nan"; want a number`},
		{"optim: {beta1: true}", `have "true"; want a number`},
		{"optim: 3", `:8: optim: have "3"; want keys, such as optim.learning_rate`},
		{"tokenizer: {path: [a]}", "have a list; want text"},
		{"eval: {classes: a,\n  sets: [{name: a,\n    date: b}]}", ":10: eval.sets: [0]: date is unknown; did you mean data?"},
		{"eval: {sets: [{name: a, name: b}]}", "eval.sets: [0]: name occurs twice"},
		{"eval: {sets: [a]}", "eval.sets: [0]: have \"a\"; want {name: ..., data: ...}"},
		{"eval: {sets: a.parquet}", `have "a.parquet"; want a list`},
		{"<<: {seed: 3}", "<< is unknown"},
		{"a: [", ":8: "},
		{"---\nseed: 3", "have several documents; want one"},
		{"optim: {warmup: 100}", "optim.warmup 100 is not less than train.steps 100"},
		{"optim: {warmup: 10, schedule: constant_cooldown, cooldown: 90}", "optim.cooldown 90 is not less than the 90 of train.steps"},
		{"optim: {groups: [{match: visual.*, lr: 1}]}", ":8: optim.groups: [0]: lr is unknown"},
		{"optim: {beta2: 1.2}", "optim: beta2 1.2"},
		{"tokenizer: {vocab_size: 9}", "tokenizer: vocab_size 9"},
		{"checkpoint: {keep_last: -1}", "checkpoint: keep_last -1"},
	} {
		path := recipe(t, small+test.add+"\n")
		_, err := Load(path, nil, nil)
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v; want one line with %q", test.add, err, test.want)
		}
		if strings.HasPrefix(test.want, ":") && err != nil && !strings.HasPrefix(err.Error(), "configs: "+path+":") {
			t.Errorf("%s: %v; want it to begin with the file", test.add, err)
		}
	}
}

func TestLoadErrors(t *testing.T) {
	path := recipe(t, small)
	for _, test := range []struct{ set, env, want string }{
		{set: "optim.warmpu=3", want: "--set optim.warmpu=3: optim.warmpu is unknown; did you mean optim.warmup?"},
		{set: "train.batsh=3", want: "did you mean train.batch?"},
		{set: "learning_rate=3", want: "did you mean optim.learning_rate?"},
		{set: "batch=3", want: "did you mean train.batch?"},
		{set: "train.batch_size=3", want: "train.batch_size is unknown; did you mean train.batch?"},
		{set: "eval.batch_size=3", want: "did you mean eval.batch?"},
		{set: "train.lr=3", want: "did you mean optim.learning_rate?"},
		{set: "train.warmup_steps=3", want: "did you mean optim.warmup?"},
		{set: "model.text.num_heads=3", want: "did you mean model.text.heads?"},
		{set: "optim.rate=3", want: "did you mean optim.learning_rate?"},
		{set: "max_steps=3", want: "did you mean train.steps?"},
		{set: "optm.warmup=3", want: "did you mean optim.warmup?"},
		{set: "nonsense=3", want: "nonsense is unknown; want one of seed"},
		{set: "optim=3", want: "optim is a section; want a key of it, such as optim.learning_rate"},
		{set: "train.steps", want: "have no =; want a key and its value"},
		{set: "train.steps=", want: `have ""; want a whole number`},
		{set: "train.steps=010", want: "octal"},
		{set: "train.steps=: :", want: `have ": :"; want a whole number`},
		{set: "train.batch=1", want: "train: batch 1; want at least 2"},
		{set: "data.train=", want: "data.train is empty"},
		{set: "model.image.patch=9", want: "model: image.size 8 is less than image.patch 9"},
		{set: "data.preprocess.augment.crop_scale=0.5,many", want: `[1]: have "many"; want a number`},
		{env: "GOCLIP_OPTIM_WARMPU=3", want: "environment: GOCLIP_OPTIM_WARMPU is unknown; did you mean GOCLIP_OPTIM_WARMUP?"},
		{env: "GOCLIP_OPTIM_LR=3", want: "GOCLIP_OPTIM_LR is unknown; did you mean GOCLIP_OPTIM_LEARNING_RATE?"},
		{env: "GOCLIP_MODEL_IMAGE_NUM_HEADS=3", want: "did you mean GOCLIP_MODEL_IMAGE_HEADS?"},
		{env: "GOCLIP_OPTIM=3", want: "GOCLIP_OPTIM is unknown"},
		{env: "GOCLIP_KERNAL=3", want: "did you mean GOCLIP_KERNEL?"},
		{env: "GOCLIP_TRAIN_STEPS=few", want: `GOCLIP_TRAIN_STEPS: have "few"; want a whole number`},
	} {
		var sets, environ []string
		if test.set != "" {
			sets = []string{test.set}
		}
		if test.env != "" {
			environ = []string{test.env}
		}
		if _, err := Load(path, sets, environ); err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s%s: %v; want one line with %q", test.set, test.env, err, test.want)
		}
	}
	for _, path := range []string{filepath.Join(t.TempDir(), "none.yaml"), t.TempDir()} {
		if _, err := Load(path, nil, nil); err == nil || !strings.Contains(err.Error(), "configs: ") || !strings.Contains(err.Error(), path) {
			t.Errorf("Load(%s): %v; want an error with the path", path, err)
		}
	}
	if _, err := Load(recipe(t, "# nothing\n"), nil, nil); err == nil || !strings.Contains(err.Error(), "model.from is empty; want weights") {
		t.Errorf("an empty recipe: %v; want that it has no model", err)
	}
}

// A run goes on as it began, whatever its recipe says by now.
func TestLoadResume(t *testing.T) {
	began, err := Load(recipe(t, small), []string{"data.train=a.parquet", "optim.warmup=5"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := began.YAML()
	if err != nil {
		t.Fatal(err)
	}
	started := recipe(t, string(text))
	bare := strings.Replace(small, "data: {train: \"*.parquet\"}", "", 1)
	for _, test := range []struct {
		path, set, differs, difference string
	}{
		{"", "train.threads=3", "", ""},
		{recipe(t, bare), "checkpoint.keep_last=9", "", ""},
		{recipe(t, bare), "data.train=moved/a.parquet", "", ""},
		{recipe(t, bare+"optim: {warmup: 6}"), "seed=8", "optim.warmup was 5, is 6", "seed was 7, is 8"},
		{recipe(t, bare+"checkpoint: {keep_last: 2}"), "seed=7", "checkpoint.keep_last was 0, is 2", ""},
		{started, "data.preprocess.augment.crop_scale=0.5,1", "", "data.preprocess.augment.crop_scale was [], is [0.5 1]"},
	} {
		run, differs, err := LoadResume(started, test.path, []string{test.set}, nil)
		if err != nil {
			t.Errorf("LoadResume with %s: %v", test.set, err)
			continue
		}
		difference := Difference(began, run)
		if !strings.HasSuffix(difference, test.difference) || (difference == "") != (test.difference == "") || differs != test.differs || run.Optim.Warmup != 5 {
			t.Errorf("with %s: difference %q, of the recipe %q, warmup %d; want %q, %q, 5",
				test.set, difference, differs, run.Optim.Warmup, test.difference, test.differs)
		}
	}
	if _, _, err := LoadResume(filepath.Join(t.TempDir(), "config.yaml"), started, nil, nil); err == nil || !strings.Contains(err.Error(), "holds no run to resume") {
		t.Errorf("LoadResume without a run: %v", err)
	}
	for _, h := range harmless {
		_, leaf := fields.leaves[h]
		_, section := fields.sections[strings.TrimSuffix(h, ".")]
		if !leaf && !section {
			t.Errorf("harmless: %s is no key", h)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(small))
	f.Add([]byte("a: &a {b: *a}\n"))
	f.Add([]byte("eval: {sets: [{name: a}, null, {data: &x [1, *x]}]}"))
	f.Add([]byte("optim: [010, 0x1, 1_0, .inf, ~]\n--- \n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if _, err := parse("run.yaml", text); err != nil && strings.TrimSpace(err.Error()) == "" {
			t.Error("an empty error")
		}
	})
}

// Lists of structs may be set in a file and by --set.
func TestDataLists(t *testing.T) {
	text := strings.Replace(small, `data: {train: "*.parquet"}`, `data:
  sources: [{name: cc3m, data: cc3m/*.parquet, weight: 0.7}, {data: own.parquet, weight: 0.3}]
  where: similarity > 0.28 and width >= 64`, 1)
	run, err := Load(recipe(t, text), []string{"data.captions=[{column: txt, weight: 1}, {column: blip, weight: 0.5}]", "data.max_aspect=3"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.Data = data.Config{
		Sources:  []data.Source{{Name: "cc3m", Data: "cc3m/*.parquet", Weight: 0.7}, {Data: "own.parquet", Weight: 0.3}},
		Captions: []data.CaptionColumn{{Column: "txt", Weight: 1}, {Column: "blip", Weight: 0.5}},
		Where:    "similarity > 0.28 and width >= 64", MaxAspect: 3,
	}
	want.SetDefaults()
	if d := cmp.Diff(want.Data, run.Data); d != "" {
		t.Errorf("data (-want +got):\n%s", d)
	}
	repeats(t, run)
}

// What may be a secret in an address is not written down, and plays no part in
// what a run is.
func TestSigned(t *testing.T) {
	set := func(signature string) *Run {
		t.Helper()
		run, err := Load(recipe(t, small), []string{
			"data.train=", "data.val=https://h/{0..3}.parquet?X-Amz-Signature=" + signature,
			"data.sources=[{name: a, data: 'https://h/a.parquet?sig=" + signature + "', weight: 1}]",
			"eval.classes=a.txt", "eval.templates=b.txt", "eval.sets=[{name: seen, data: 'https://h/b.parquet?sig=" + signature + "'}]",
		}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return run
	}
	run := set("secret")
	text, err := run.YAML()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "secret") || strings.Count(string(text), "https://h/") != 3 {
		t.Errorf("the resolved run has a secret, or no addresses:\n%s", text)
	}
	if run.Data.Val != "https://h/{0..3}.parquet?X-Amz-Signature=secret" || !strings.HasSuffix(run.Data.Sources[0].Data, "secret") {
		t.Errorf("writing it has changed the run: %+v", run.Data)
	}
	if d := Difference(run, set("another")); d != "" {
		t.Errorf("signed anew: %s; want no difference", d)
	}
}
