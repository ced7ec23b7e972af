package configs

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goclip/goclip/eval"
)

// write makes a file, with the folders above it, and returns its full path.
func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	full, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return full
}

// TestRecipeNames holds that a recipe is a file first, then a name.
func TestRecipeNames(t *testing.T) {
	t.Chdir(t.TempDir())
	run, err := Load("quickstart", nil, nil)
	if err != nil || run.World.Dir != "quickstart" || run.Train.Steps != 700 {
		t.Fatalf("Load(quickstart): %v; want the embedded recipe", err)
	}
	if run.Data.Train != "quickstart/train-*.parquet" {
		t.Errorf("data.train %q; want the world's", run.Data.Train)
	}
	write(t, "quickstart/train-00000-of-00001.parquet", "") // the world that the recipe draws
	if _, err := Load("quickstart", nil, nil); err != nil {
		t.Errorf("beside a folder of that name: %v; want the recipe", err)
	}
	write(t, "cifar10", small)
	if run, err := Load("cifar10", nil, nil); err != nil || run.Train.Steps != 100 {
		t.Errorf("beside a file of that name: %v; want the file", err)
	}
	if run, err := Load("embedded:cifar10.yaml", recipeSets("cifar10"), nil); err != nil || run.Train.Steps != 936 {
		t.Errorf("embedded:cifar10.yaml: %v; want the embedded recipe", err)
	}
	for path, want := range map[string]string{
		"quikstart": "configs: quikstart is neither a file nor a recipe (cifar10, finetune, lit, quickstart, siglip, vit-b-16, vit-b-32, vit-l-14); " +
			"did you mean quickstart?",
		"nothing-like-it":         "configs: nothing-like-it is neither a file nor a recipe (cifar10, ",
		"quickstart.yaml":         "no such file or directory; want quickstart for the recipe of that name",
		"configs/quickstart.yaml": "no such file or directory; want quickstart for the recipe of that name",
		"other.yaml":              "configs: open other.yaml: no such file or directory",
		"embedded:other.yaml":     "configs: embedded:other.yaml: there is no such file in the program",
		"":                        "no such file",
	} {
		if _, err := Load(path, nil, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Load(%q): %v; want error with %q", path, err, want)
		}
	}
}

// TestFiles holds where the files that a recipe names are looked for, and that
// the run's own YAML finds them from any folder.
func TestFiles(t *testing.T) {
	home, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(home)
	here := write(t, "here.txt", "cat\ndog\n")
	write(t, "both.txt", "{} of the current folder\n")
	beside := write(t, "recipes/both.txt", "{} beside the recipe\n")
	bpe := write(t, "recipes/bpe/merges.txt", "")
	write(t, "clip", "a file that is not the vocabulary")
	write(t, "recipes/clip", "nor is this")
	recipe := write(t, "recipes/r.yaml", small+"eval: {classes: here.txt, templates: both.txt}\ntokenizer: {path: bpe}\n")

	run, err := Load(filepath.Join("recipes", "r.yaml"), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ key, got, want string }{
		{"eval.classes", run.Eval.Classes, here},
		{"eval.templates", run.Eval.Templates, beside},
		{"tokenizer.path", run.Tokenizer.Path, filepath.Dir(bpe)},
		{"data.train", run.Data.Train, "*.parquet"},
	} {
		if test.got != test.want {
			t.Errorf("%s is %s, want %s", test.key, test.got, test.want)
		}
	}
	again, err := Load(recipe, []string{"eval.templates=both.txt", "eval.classes=none.txt", "tokenizer.path=clip"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	both := filepath.Join(home, "both.txt")
	if again.Eval.Templates != both || again.Eval.Classes != "none.txt" || again.Tokenizer.Path != "clip" {
		t.Errorf("set: %+v, %+v; want %s, none.txt and clip", again.Eval, again.Tokenizer, both)
	}

	text, err := run.YAML()
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := t.TempDir()
	config := write(t, filepath.Join(elsewhere, "run", "config.yaml"), string(text))
	t.Chdir(elsewhere)
	moved, err := Load(config, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if classes, err := ReadClasses(moved.Eval.Classes); err != nil || !slices.Equal(classes, []string{"cat", "dog"}) {
		t.Errorf("classes from another folder: %v, %v", classes, err)
	}
	if templates, err := ReadTemplates(moved.Eval.Templates); err != nil || templates[0] != "{} beside the recipe" {
		t.Errorf("templates from another folder: %v, %v", templates, err)
	}
	if d := Difference(run, moved); d != "" {
		t.Errorf("from another folder: %s", d)
	}
}

// TestWorldFiles holds that the world's files stay relative, as its folder does.
func TestWorldFiles(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "quickstart/classes.txt", "red circle\n")
	run, err := Load("quickstart", nil, nil)
	if err != nil || run.Eval.Classes != "quickstart/classes.txt" {
		t.Errorf("eval.classes %q, %v; want it as the recipe has it", run.Eval.Classes, err)
	}
	set, err := Load("quickstart", []string{"data.train=other.parquet"}, nil)
	if err != nil || set.Data.Train != "other.parquet" {
		t.Errorf("data.train %q, %v; want what was set", set.Data.Train, err)
	}
}

// TestEmbeddedFiles holds that the lists of an embedded recipe are found in any
// folder, and that they are lists that package eval would take.
func TestEmbeddedFiles(t *testing.T) {
	run, err := Load("cifar10", recipeSets("cifar10"), nil)
	if err != nil {
		t.Fatal(err)
	}
	classes, err := ReadClasses(run.Eval.Classes)
	if err != nil {
		t.Fatal(err)
	}
	templates, err := ReadTemplates(run.Eval.Templates)
	if err != nil {
		t.Fatal(err)
	}
	wantClasses, err := eval.ReadClasses("cifar10-classes.txt")
	if err != nil || run.Eval.Classes != "embedded:cifar10-classes.txt" || !slices.Equal(classes, wantClasses) {
		t.Errorf("%s: %v; want %v, %v", run.Eval.Classes, classes, wantClasses, err)
	}
	wantTemplates, err := eval.ReadTemplates("cifar10-templates.txt")
	if err != nil || run.Eval.Templates != "embedded:cifar10-templates.txt" || !slices.Equal(templates, wantTemplates) {
		t.Errorf("%s: %v; want %v, %v", run.Eval.Templates, templates, wantTemplates, err)
	}
	repeats(t, run)
	if got, err := ReadTemplates(""); err != nil || !slices.Equal(got, []string{eval.DefaultTemplate}) {
		t.Errorf("without templates: %v, %v; want the default", got, err)
	}
	if _, err := ReadClasses("embedded:none.txt"); err == nil || !strings.Contains(err.Error(), "embedded:none.txt") {
		t.Errorf("an embedded file that is not there: %v", err)
	}
	t.Chdir(t.TempDir())
	write(t, "cifar10-classes.txt", "not these\n")
	if again, err := Load("cifar10", recipeSets("cifar10"), nil); err != nil || again.Eval.Classes != run.Eval.Classes {
		t.Errorf("beside a file of that name: %v, %v; want the embedded one", again.Eval.Classes, err)
	}
}
