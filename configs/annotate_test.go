package configs

import (
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// TestAnnotated holds that the YAML with comments loads, and is the run that the
// recipe gives.
func TestAnnotated(t *testing.T) {
	sets := []string{"data.train=shards/*.parquet"}
	want := example()
	want.Data.Train = "shards/*.parquet"
	checkAnnotated(t, "", sets, &want)
	for _, name := range Recipes() {
		sets := append(recipeSets(name), "optim.learning_rate=3e-4", "eval.batch=7")
		want, err := Load(name, sets, nil)
		if err != nil {
			t.Fatal(err)
		}
		checkAnnotated(t, name, sets, want)
	}
	if _, err := Annotated("quikstart", nil, nil); err == nil {
		t.Error("Annotated of an unknown recipe: no error")
	}
	text, err := Annotated("cifar10", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"# It runs with shards: --set data.train=",
		"\n  # The number of steps in which the learning rate rises to its peak.\n  warmup: 100 # whole number, default 0\n",
		"\n  clip_norm: 1 # number, default 0\n",
		"\n  beta1: 0.9 # number, the default\n",
		"\n  batch: 256 # whole number, required\n",
		"\n  templates: embedded:cifar10-templates.txt # text, default \"\"\n",
		"\n  # data (text): Patterns, as data.val.\n  sets: [] # list of {name, data}, the default\n",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("cifar10 annotated lacks %q", want)
		}
	}
}

func checkAnnotated(t *testing.T, recipeName string, sets []string, want *Run) {
	t.Helper()
	text, err := Annotated(recipeName, sets, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Load(recipe(t, string(text)), nil, nil)
	if err != nil {
		t.Fatalf("%q annotated: %v\n%s", recipeName, err, text)
	}
	if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
		t.Errorf("%q annotated (-want +got):\n%s", recipeName, d)
	}
	for _, key := range Keys() {
		_, name := split(key.Name)
		line := "\n" + indentOf(key.Name) + name + ": "
		if !strings.Contains(key.Name, "[]") && !strings.Contains(string(text), line) {
			t.Errorf("%q annotated lacks %s", recipeName, key.Name)
		}
	}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(strings.TrimSpace(line), "#") && len(line) > width+1 {
			t.Errorf("a comment of %d letters: %s", len(line)-1, line)
		}
	}
}

// TestKeys holds which keys have no default, and that every key is explained.
func TestKeys(t *testing.T) {
	var required []string
	shared := ""
	for _, key := range Keys() {
		if key.Required {
			required = append(required, key.Name)
		}
		section, _ := split(key.Name)
		if element := strings.Contains(section, "[]"); element != (key.Default == "") {
			t.Errorf("%s has the default %q; want one, unless its list has elements", key.Name, key.Default)
		}
		if key.Doc == "" && section != shared {
			t.Errorf("%s has no doc comment", key.Name)
		}
		shared = section
	}
	want := []string{
		"data.train", "model.embed_dim",
		"model.image.size", "model.image.patch", "model.image.width", "model.image.layers", "model.image.heads",
		"model.text.context_length", "model.text.width", "model.text.layers", "model.text.heads",
		"train.steps", "train.batch",
	}
	if d := cmp.Diff(want, required); d != "" {
		t.Errorf("required keys (-want +got):\n%s", d)
	}
}

// TestStatedDefaults holds that "0 means 10" in a comment is what the code does.
func TestStatedDefaults(t *testing.T) {
	means := regexp.MustCompile(`\b(?:0|[Ee]mpty) means ([0-9][0-9.,e-]*[0-9]|[0-9])(?:[ ,.;]|$)`)
	var with []string // sections that have defaults
	parts(reflect.ValueOf(new(Run)).Elem(), "", func(section string, _ defaulter) { with = append(with, section+".") })
	in := func(key string) bool {
		return slices.ContainsFunc(with, func(section string) bool { return strings.HasPrefix(key, section) })
	}
	checked := 0
	for _, key := range Keys() {
		m := means.FindStringSubmatch(key.Doc)
		if m == nil || key.Type != "number" && key.Type != "whole number" || strings.Contains(key.Doc, " and 1,000") || !in(key.Name) {
			continue
		}
		stated, err := strconv.ParseFloat(strings.ReplaceAll(m[1], ",", ""), 64)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := strconv.ParseFloat(key.Default, 64); err != nil || got != stated {
			t.Errorf("%s: the comment states %g, the default is %s", key.Name, stated, key.Default)
		}
		checked++
	}
	if checked < 5 {
		t.Errorf("%d comments state a default; want 5 at least", checked)
	}
}
