package tokenizer

import (
	"bytes"
	"slices"
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

// A tokenizer of vocab.json and merges.txt is written with the fields that Hugging
// Face's library asks for.
func TestWrittenFields(t *testing.T) {
	text, err := transformersCLIP(map[string]int32{}, nil, settings{tokenizerConfig: &tokenizerConfig{}})
	for _, want := range []string{
		`"version":"1.0"`, `"trim_offsets":false,"type":"RobertaProcessing"`, `"decoder":{"add_prefix_space":true`,
		`"trim_offsets":true,"type":"ByteLevel","use_regex":true`,
	} {
		if err != nil || !strings.Contains(string(text), want) {
			t.Errorf("have %s, %v; want %s", text, err, want)
		}
	}
}

// A tokenizer with another token of padding gives the same ids before it, also when it
// is written and read.
func TestWithPad(t *testing.T) {
	clip, err := Load(CLIP)
	if err != nil {
		t.Fatal(err)
	}
	padded, err := clip.WithPad("<pad>")
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if err := padded.WriteJSON(&file); err != nil {
		t.Fatal(err)
	}
	again, err := Read(&file)
	if err != nil {
		t.Fatal(err)
	}
	const text = "Oh!! A  red-ish caf\u00e9's &amp; 42 birds"
	want, have := make([]int32, 40), make([]int32, 40)
	clip.Tokenize(want, text)
	end := slices.Index(want, clip.EOT())
	for i := end + 1; i < len(want); i++ {
		want[i] = int32(clip.Size())
	}
	for _, tok := range []*Tokenizer{padded, again} {
		tok.Tokenize(have, text)
		if !slices.Equal(have, want) || tok.Size() != clip.Size()+1 || !tok.Special(tok.Pad()) || tok.Clean() != clip.Clean() {
			t.Errorf("ids %d, cleaned by %s; want %d", have, tok.Clean(), want)
		}
	}
	if _, err := clip.WithPad("!"); err == nil {
		t.Error("a token that is there already: want error")
	}
}
