package tokenizer

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
)

// TestVariants compares with Hugging Face's tokenizers where one part of a
// tokenizer.json is another: each component and each option that is supported.
func TestVariants(t *testing.T) {
	text, err := os.ReadFile("testdata/variants.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Texts    []string
		Variants []struct {
			Family string
			Parts  map[string]json.RawMessage
			IDs    [][]int32
		}
	}
	if err := json.Unmarshal(text, &golden); err != nil {
		t.Fatal(err)
	}
	for i, v := range golden.Variants {
		parts := map[string]string{"padding": `{"pad_id":0}`}
		for path, value := range v.Parts {
			parts[path] = string(value)
		}
		tok, err := Read(strings.NewReader(changed(t, v.Family, parts)))
		if err != nil {
			t.Errorf("variant %d of %s: %v", i, v.Family, err)
			continue
		}
		for k, text := range golden.Texts {
			got := slices.Concat(tok.start, tok.Encode(text), tok.end)
			if !slices.Equal(got, v.IDs[k]) {
				t.Errorf("variant %d, %s with %.200v: %q = %d, want %d", i, v.Family, parts, text, got, v.IDs[k])
			}
		}
	}
}
