package goclip_test

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/goclip/goclip"
)

// A folder of transformers is opened as it stands, and a SigLIP's probabilities are of
// each label alone.
func TestOpenForeign(t *testing.T) {
	const folder = "foreign/testdata/folders/transformers-siglip"
	text, err := os.ReadFile(folder + "/expected.json")
	if err != nil {
		t.Fatal(err)
	}
	var want struct {
		Texts         []string
		Probabilities [][]float64
	}
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	m, err := goclip.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	for i, name := range []string{"0.png", "1.png"} {
		file, err := os.Open(folder + "/inputs/" + name)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		p, err := m.Classify(t.Context(), file, want.Texts, "{}")
		if err != nil {
			t.Fatal(err)
		}
		for j, v := range p {
			if math.Abs(v-want.Probabilities[i][j]) > 1e-4 {
				t.Errorf("%s: %q has the probability %g; want %g", name, want.Texts[j], v, want.Probabilities[i][j])
			}
		}
	}
}

func TestWithArchitecture(t *testing.T) {
	const weights = "foreign/testdata/folders/open_clip/open_clip_model.safetensors"
	for name, want := range map[string]string{
		"ViT-B-32": "want 151277313 parameters",
		"ViT-B-23": `no architecture "ViT-B-23"`,
	} {
		if _, err := goclip.Open(weights, goclip.WithArchitecture(name)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Open with the architecture %s: %v; want error with %q", name, err, want)
		}
	}
}
