package tokenizer

import (
	"strings"
	"testing"
)

func TestSpecial(t *testing.T) {
	clip, err := Load(CLIP)
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[int32]struct {
		token   string
		special bool
	}{0: {"!", false}, 49406: {defaultSpecials[0], true}, 49407: {defaultSpecials[1], true}} {
		if token, special := clip.Token(id), clip.Special(id); token != want.token || special != want.special {
			t.Errorf("token %d is %q, special %t; want %q, %t", id, token, special, want.token, want.special)
		}
	}
}

// A tokenizer of vocab.json and merges.txt is written with the version that Hugging
// Face's library asks for.
func TestWrittenVersion(t *testing.T) {
	text, err := transformersCLIP(map[string]int32{}, nil, settings{tokenizerConfig: &tokenizerConfig{}})
	if err != nil || !strings.Contains(string(text), `"version":"1.0"`) {
		t.Errorf("have %s, %v; want version 1.0", text, err)
	}
}
