package configs

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.yaml.in/yaml/v3"

	"github.com/goclip/goclip/data"
)

// TestZeros holds that the config.yaml of a run from before defaults were written
// down, with zeros in their place, loads as its recipe does now. The program of
// that time wrote testdata/zeros.yaml for testdata/recipe.yaml.
func TestZeros(t *testing.T) {
	now, err := Load("testdata/recipe.yaml", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	old, differs, err := LoadResume("testdata/zeros.yaml", "testdata/recipe.yaml", nil, nil)
	if err != nil || differs != "" {
		t.Fatalf("LoadResume: %v; the recipe differs: %q", err, differs)
	}
	if d := cmp.Diff(now, old, cmpopts.EquateEmpty()); d != "" {
		t.Errorf("the run with zeros (-want +got):\n%s", d)
	}
	text, err := os.ReadFile("testdata/zeros.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var raw Run
	if err := yaml.Unmarshal(text, &raw); err != nil {
		t.Fatal(err)
	}
	if raw.Train.LogEvery != 0 || raw.Train.MaxLogitScale != 0 {
		t.Fatal("testdata/zeros.yaml has no zeros")
	}
	if d := Difference(&raw, now); d != "" {
		t.Errorf("Difference of zeros and defaults: %s", d)
	}
	if d := Difference(now, &raw); d != "" || raw.Train.LogEvery != 0 {
		t.Errorf("Difference of defaults and zeros: %s; log_every %d afterwards", d, raw.Train.LogEvery)
	}
}

// TestRunDefaults holds the defaults that depend on another part of the run.
func TestRunDefaults(t *testing.T) {
	for _, test := range []struct{ set, vocabulary, want int }{
		{0, 0, 4096}, {0, 1000, 1000}, {0, 49408, 4096}, {0, 100, 4096}, {600, 1000, 600},
	} {
		var r Run
		r.Tokenizer.VocabSize, r.Model.Text.VocabSize = test.set, test.vocabulary
		if r.SetDefaults(); r.Tokenizer.VocabSize != test.want {
			t.Errorf("tokenizer.vocab_size %d with model.text.vocab_size %d becomes %d, want %d",
				test.set, test.vocabulary, r.Tokenizer.VocabSize, test.want)
		}
		if r.Data.Train != "" {
			t.Errorf("data.train is %q without a world", r.Data.Train)
		}
	}
	path := recipe(t, small)
	sets := []string{"model.text.vocab_size=600", "tokenizer.vocab_size=5000", "tokenizer.path=clip"}
	if _, err := Load(path, sets, nil); err != nil {
		t.Errorf("a vocabulary with a path has its own size: %v", err)
	}
	if _, err := Load(path, sets[:2], nil); err == nil || !strings.Contains(err.Error(), "model.text.vocab_size 600 is less than") {
		t.Errorf("a vocabulary that is too large: %v", err)
	}
	var mixed Run
	mixed.World.Dir, mixed.Data.Sources = "world", []data.Source{{Data: "a.parquet", Weight: 1}}
	if mixed.SetDefaults(); mixed.Data.Train != "" {
		t.Errorf("data.train is %q beside sources", mixed.Data.Train)
	}
	twice := Default()
	twice.SetDefaults()
	if d := cmp.Diff(Default(), twice); d != "" {
		t.Errorf("a second SetDefaults changes (-first +second):\n%s", d)
	}
}

// TestParts holds that Run.SetDefaults leaves no part without its defaults.
func TestParts(t *testing.T) {
	r := Default()
	parts(reflect.ValueOf(&r).Elem(), "", func(section string, part defaulter) {
		before := fmt.Sprintf("%+v", part)
		if part.SetDefaults(); fmt.Sprintf("%+v", part) != before {
			t.Errorf("Run.SetDefaults does not call SetDefaults of %s", section)
		}
	})
}

type defaulter interface{ SetDefaults() }

// parts gives visit every section of a run that has defaults of its own.
func parts(v reflect.Value, section string, visit func(section string, part defaulter)) {
	for i := range v.NumField() {
		name := join(section, v.Type().Field(i).Tag.Get("yaml"))
		if v.Field(i).Kind() != reflect.Struct {
			continue
		}
		if part, ok := v.Field(i).Addr().Interface().(defaulter); ok {
			visit(name, part)
		}
		parts(v.Field(i), name, visit)
	}
}

// TestRenamed holds that a key which an older program recorded sets what it is
// called now.
func TestRenamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.yaml")
	text := "data: {train: x}\nmodel:\n  embed_dim: 8\n  image: {size: 32, patch: 16, width: 8, layers: 1, heads: 1}\n" +
		"  text: {context_length: 8, width: 8, layers: 1, heads: 1}\ntrain: {steps: 9, batch: 4, probe_pairs: 12}\n"
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	r, err := Load(path, []string{"optim.warmup=1"}, nil)
	if err != nil || r.Train.GridPairs != 12 {
		t.Errorf("probe_pairs: 12 gives %+v, %v; want grid_pairs 12", r, err)
	}
}
