package tokenizer

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// changed is a tokenizer.json of testdata/foreign with some parts replaced,
// each by its path: "model.merges" is the merges of the model.
func changed(t testing.TB, family string, parts map[string]string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata/foreign", family, "tokenizer.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file map[string]any
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	for path, value := range parts {
		at, names := file, strings.Split(path, ".")
		for _, name := range names[:len(names)-1] {
			at = at[name].(map[string]any)
		}
		at[names[len(names)-1]] = json.RawMessage(value)
	}
	if text, err = json.Marshal(file); err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestReadErrors: what is not known, or would change ids in silence, is named.
func TestReadErrors(t *testing.T) {
	token := func(fields string) string { return `[{"id":860,"content":"x y",` + fields + `}]` }
	for _, test := range []struct{ family, path, value, want string }{
		{"clip", "extra", `1`, `unknown field "extra"`},
		{"clip", "padding", `{"direction":"Left"}`, `padding: direction "Left"; want Right`},
		{"clip", "truncation", `{"direction":"Left"}`, `truncation: direction "Left"; want Right`},
		{"clip", "padding", `{"pad_id":861}`, "pad_id 861; want one of 860 tokens"},
		{"siglip", "padding", `null`, "no padding; want it, or a tokenizer_config.json"},

		{"clip", "normalizer", `{"type":"StripAccents"}`, `normalizer "StripAccents"; want NFC`},
		{"clip", "normalizer", `{"type":"Sequence","normalizers":[{"type":"Nmt"}]}`, `normalizer "Nmt"; want NFC`},
		{"clip", "normalizer", `{"type":"Lowercase","locale":"tr"}`, `normalizer Lowercase: unknown field "locale"`},
		{"clip", "normalizer", `{"type":"Replace","pattern":{"String":""},"content":""}`, "Replace: an empty pattern"},
		{"clip", "normalizer", `{"type":"Replace","pattern":{},"content":""}`,
			"Replace: pattern; want a String or a Regex"},
		{"clip", "normalizer", `{"type":"Replace","pattern":{"Regex":"\\bx"},"content":""}`, `\b is not supported`},
		{"clip", "normalizer", `{"type":"Replace","pattern":{"Regex":"^ "},"content":""}`, `^ is not supported`},
		{"clip", "normalizer", `{"type":"Replace","pattern":{"Regex":"[a[b]]"},"content":""}`, "brackets in brackets"},
		{"clip", "normalizer", `{"type":"Replace","pattern":{"Regex":"\\s+(?!\\S)"},"content":""}`, "(?!"},
		{"clip", "normalizer", `{"type":"Replace","pattern":{"Regex":" *"},"content":""}`, "matches nothing at all"},
		{"siglip", "normalizer", `{"type":"Precompiled","precompiled_charsmap":"AAAA"}`,
			"Precompiled: precompiled_charsmap is cut off"},
		{"siglip", "normalizer", `{"type":"Precompiled","precompiled_charsmap":"/////wAA"}`,
			"precompiled_charsmap is cut off"},

		{"clip", "normalizer", `[1]`, "normalizer cannot unmarshal array"},
		{"clip", "normalizer", `{}`, "normalizer has no type"},
		{"clip", "normalizer", `{"type":"Sequence","pretokenizers":[]}`, "Sequence: normalizers"},
		{"clip", "normalizer", nested(`{"type":"NFC"}`, 5), "at most 4 in one another"},
		{"clip", "normalizer", `{"type":"Sequence","normalizers":[{"type":"NFC"}` +
			strings.Repeat(`,{"type":"NFC"}`, 32) + `]}`, "Sequence of more than 32"},
		{"clip", "normalizer", `{"type":"Prepend","prepend":"` + strings.Repeat("a", 257) + `"}`,
			"Prepend: a text of 257 bytes; want at most 256"},

		{"clip", "pre_tokenizer", `{"type":"Sequence","pretokenizers":[{"type":"ByteLevel"},{"type":"ByteLevel"}]}`,
			"pre_tokenizer ByteLevel twice"},
		{"clip", "pre_tokenizer", `{"type":"Punctuation"}`, `pre_tokenizer "Punctuation"; want Split`},
		{"clip", "pre_tokenizer", `{"type":"Split","pattern":{"String":" "},"behavior":"Contiguous"}`,
			`behavior "Contiguous"`},
		{"siglip", "pre_tokenizer", `{"type":"Metaspace","replacement":"__"}`, `replacement "__"; want one character`},
		{"siglip", "pre_tokenizer", `{"type":"Metaspace","replacement":"_","prepend_scheme":"first"}`,
			`prepend_scheme "first"`},
		{"siglip", "pre_tokenizer", `{"type":"Metaspace","replacement":"_","prepend_scheme":"always","add_prefix_space":false}`, "add_prefix_space false"},

		{"clip", "post_processor", `{"type":"Other"}`, `post_processor "Other"; want TemplateProcessing`},
		{"clip", "post_processor", `{"type":"RobertaProcessing","sep":["a",9999],"cls":["b",1]}`,
			"id 9999; want one of 860 tokens"},
		{"siglip", "post_processor", `{"type":"TemplateProcessing","single":[]}`, "0 times the text; want once"},
		{"siglip", "post_processor", `{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"x","type_id":0}}]}`, `no special token "x"`},

		{"clip", "added_tokens", token(`"single_word":true`), `added token "x y": single_word is not supported`},
		{"clip", "added_tokens", `[{"id":7,"content":"x y"}]`, `added token "x y" has id 7; want 860, the next`},
		{"clip", "added_tokens", `[{"id":3,"content":"a"}]`, `added token "a" has id 3; want`},
		{"clip", "added_tokens", `[{"id":858,"content":"x"},{"id":858,"content":"x"}]`, `added token "x"`},
		{"clip", "added_tokens", `[{"id":858,"content":""}]`, `added token ""; want a new text`},

		{"clip", "model", `null`, "model is missing"},
		{"clip", "model.type", `"WordLevel"`, `model "WordLevel"; want BPE, Unigram or WordPiece`},
		{"clip", "model.other", `1`, `model BPE: unknown field "other"`},
		{"clip", "model.vocab", `null`, "model BPE: no vocabulary"},
		{"clip", "model.dropout", `0.5`, "dropout 0.5; want none"},
		{"clip", "model.continuing_subword_prefix", `"##"`, `continuing_subword_prefix "##"`},
		{"clip", "model.unk_token", `"none"`, `no token "none", the unk_token`},
		{"clip", "model.byte_fallback", `true`, `byte_fallback with end_of_word_suffix "</w>"`},
		{"clip", "model.merges", `["a"]`, `merge "a"; want two symbols`},
		{"clip", "model.merges", `[["a","b","c"]]`, "want two symbols"},
		{"clip", "model.merges", `[["a","none"]]`, `merge 1: "a" and "none"; want both`},
		{"clip", "model.merges", `["t h","t h"]`, `merge 2: "t" and "h"; want a new pair`},
		{"clip", "model.vocab", `{"a":1,"b":1}`, `tokens "a" and "b" have the id 1`},
		{"clip", "model.vocab", `{"a":0,"b":2}`, `token "b" has id 2; want less than 2`},
		{"siglip2", "model.unk_token", `null`, "no unk_token, nor tokens for all bytes"},
		{"bert", "model.unk_token", `"none"`, `model WordPiece: vocabulary has no token "none"`},
		{"bert", "model.continuing_subword_prefix", `""`, "no continuing_subword_prefix; want one"},
		{"bert", "model.max_input_chars_per_word", `0`, "max_input_chars_per_word 0; want 1 or more"},
		{"bert", "model.vocab", `null`, "model WordPiece: no vocabulary"},
		{"bert", "model.extra", `1`, `model WordPiece: unknown field "extra"`},
		{"bert", "normalizer.extra", `1`, `normalizer BertNormalizer: unknown field "extra"`},
		{"siglip", "model.unk_id", `null`, "no unk_id among 700 pieces"},
		{"siglip", "model.unk_id", `700`, "no unk_id among 700 pieces"},
		{"siglip", "model.vocab", `[["<unk>",0],["a",1],["a",2]]`, `piece "a" has the ids 1 and 2`},
		{"siglip", "model.vocab", `[["a"]]`, "want pairs of text and number"},
	} {
		text := changed(t, test.family, map[string]string{test.path: test.value})
		checkError(t, test.path+": "+test.value, text, test.want)
	}
	checkError(t, "cut", `{"model":`, "tokenizer.json: unexpected end of JSON")
	checkError(t, "more", `{"model":null}{}`, "more behind its end")
	checkError(t, "a list", `[]`, "cannot unmarshal array")
}

// nested is a normalizer within n Sequences.
func nested(part string, n int) string {
	return strings.Repeat(`{"type":"Sequence","normalizers":[`, n) + part + strings.Repeat("]}", n)
}

// TestGrowth: no normalizer makes a text grow without bound.
func TestGrowth(t *testing.T) {
	double := `{"type":"Replace","pattern":{"String":"a"},"content":"aa"}`
	tok := readChanged(t, "clip", map[string]string{"normalizer": `{"type":"Sequence","normalizers":[` +
		double + strings.Repeat(","+double, 31) + `]}`})
	if n := len(tok.model.(*pipeline).normalize("aaa")); n > 3*maxGrowth+maxContent {
		t.Errorf("3 bytes became %d; want at most %d", n, 3*maxGrowth+maxContent)
	}
}

func checkError(t *testing.T, name, text, want string) {
	t.Helper()
	_, err := Read(strings.NewReader(text))
	if err == nil || !strings.HasPrefix(err.Error(), "tokenizer.json: ") ||
		!strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
		t.Errorf("%s: %v; want one line with %q", name, err, want)
	}
}

// readChanged reads what changed gives.
func readChanged(t *testing.T, family string, parts map[string]string) *Tokenizer {
	t.Helper()
	tok, err := Read(strings.NewReader(changed(t, family, parts)))
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// TestNullNormalizer: a normalizer that is null lowers nothing.
func TestNullNormalizer(t *testing.T) {
	plain, lowers := readChanged(t, "clip", map[string]string{"normalizer": "null"}), readChanged(t, "clip", nil)
	if a, b := plain.Encode("A Cat"), plain.Encode("a cat"); slices.Equal(a, b) {
		t.Errorf("without a normalizer, A Cat and a cat are %d", a)
	}
	if a, b := lowers.Encode("A Cat"), plain.Encode("a cat"); !slices.Equal(a, b) {
		t.Errorf("A Cat is %d lowered; want %d, as a cat", a, b)
	}
}

// TestAddedTokens are found before and after normalization, with the white
// space that they take, the longest first.
func TestAddedTokens(t *testing.T) {
	tok := readChanged(t, "clip", map[string]string{"added_tokens": `[
		{"id":858,"content":"<|startoftext|>","special":true},
		{"id":859,"content":"<|endoftext|>","special":true},
		{"id":860,"content":"New York","lstrip":true},
		{"id":861,"content":"New"},
		{"id":862,"content":"BIG Apple","normalized":true,"rstrip":true}]`})
	if tok.Size() != 863 {
		t.Errorf("%d tokens; want 863", tok.Size())
	}
	a, the := tok.Encode("a"), tok.Encode("the")
	for text, want := range map[string][]int32{
		"a   New York":        append(slices.Clone(a), 860),
		"NewNew Yorka":        append([]int32{861, 860}, a...),
		"new york":            tok.Encode("new  york"),
		"the big  apple a":    append(append(slices.Clone(the), 862), a...),
		"<|endoftext|> the":   append([]int32{859}, the...),
		"New York New York":   {860, 860},
		"big apple   New the": append([]int32{862, 861}, the...),
	} {
		if got := tok.Encode(text); !slices.Equal(got, want) {
			t.Errorf("Encode(%q) = %d, want %d", text, got, want)
		}
	}
	if got := tok.Decode([]int32{859, 860}); got != "New York" {
		t.Errorf("decoded as %q; want the token that is not special", got)
	}
}
