package configs

import (
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/goclip/goclip/data/tokenizer"
	"github.com/goclip/goclip/model"
)

// TestModels holds that each architecture has the parameters of open_clip 3.3.0's
// (see testdata/models.txt), and says nothing of a run beside the model.
func TestModels(t *testing.T) {
	text, err := os.ReadFile("testdata/models.txt")
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for line := range strings.Lines(string(text)) {
		var name string
		var n int
		if _, err := fmt.Sscan(line, &name, &n); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		counts[name] = n
	}
	if len(counts) != len(Models()) {
		t.Errorf("%d architectures; want the %d of models.txt", len(Models()), len(counts))
	}
	for _, name := range Models() {
		r, err := LoadModel(name)
		if err != nil {
			t.Errorf("LoadModel(%s): %v", name, err)
			continue
		}
		if err := r.Model.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := r.Data.Preprocess.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if n := r.Model.ParamCount(); n != counts[name] {
			t.Errorf("%s has %d parameters; want %d", name, n, counts[name])
		}
		standard := Default()
		r.Model, r.Data.Preprocess, r.Tokenizer = model.Config{}, standard.Data.Preprocess, tokenizer.Config{}
		standard.Model, standard.Tokenizer = model.Config{}, tokenizer.Config{}
		if !reflect.DeepEqual(*r, standard) {
			t.Errorf("%s sets more than model, data.preprocess and tokenizer", name)
		}
	}
	_, err = LoadModel("ViT-B-23")
	if err == nil || !strings.Contains(err.Error(), `no architecture "ViT-B-23"; want one of ViT-B-16`) {
		t.Errorf("LoadModel(ViT-B-23): %v; want an error with the names", err)
	}
}
