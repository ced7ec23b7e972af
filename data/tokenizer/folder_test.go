package tokenizer

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// folder writes files into a new folder, after the files of a family in
// testdata/foreign.
func folder(t *testing.T, family string, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	if family != "" {
		for _, name := range []string{"tokenizer.json", "tokenizer_config.json"} {
			text, err := os.ReadFile(filepath.Join("testdata/foreign", family, name))
			if err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(dir, name), string(text))
		}
	}
	for name, text := range files {
		write(t, filepath.Join(dir, name), text)
	}
	return dir
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// TestCLIPName: clip is the vocabulary that is built in, whatever lies in the
// current folder.
func TestCLIPName(t *testing.T) {
	t.Chdir(folder(t, "", map[string]string{CLIP: "a b\n"}))
	if tok, err := (Config{Path: CLIP, Clean: CleanCanonicalize}).Load(); err != nil ||
		tok.Size() != 49408 || tok.Clean() != CleanCanonicalize {
		t.Errorf("clip: %v, %v; want 49408 tokens, canonicalized", tok, err)
	}
	if tok, err := Load("./clip"); err != nil || tok.Size() != MinVocabSize+1 || tok.Clean() != CleanLower {
		t.Errorf("./clip: %v, %v; want the file", tok, err)
	}
}

// TestFolder: what lies beside a vocabulary says how texts are cleaned and
// padded.
func TestFolder(t *testing.T) {
	named := `{"model_cfg":{"text_cfg":{"hf_tokenizer_name":"x","tokenizer_kwargs":{"clean":"canonicalize","strip_sep_token":false}}}}`
	for _, test := range []struct {
		name, family string
		files        map[string]string
		size         int
		clean        Clean
		pad          string
	}{
		{"open_clip names none", "clip", map[string]string{"open_clip_config.json": `{"model_cfg":{"text_cfg":{}}}`},
			49408, CleanLower, "!"},
		{"open_clip names one", "clip", map[string]string{"open_clip_config.json": named},
			860, CleanCanonicalize, "<|endoftext|>"},
		{"open_clip's default", "siglip",
			map[string]string{"open_clip_config.json": `{"model_cfg":{"text_cfg":{"hf_tokenizer_name":"x"}}}`},
			700, CleanWhitespace, "</s>"},
		{"transformers", "siglip2", nil, 958, CleanNone, "<pad>"},
		{"special tokens", "siglip2",
			map[string]string{"tokenizer_config.json": "{}",
				"special_tokens_map.json": `{"pad_token":{"content":"<unk>"}}`}, 958, CleanNone, "<unk>"},
		{"pad is an object", "clip", map[string]string{"tokenizer_config.json": `{"pad_token":{"content":"a</w>"}}`},
			860, CleanNone, "a</w>"},
	} {
		tok, err := Load(folder(t, test.family, test.files))
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		pad := index(tok.model.tokens())[test.pad]
		if tok.Size() != test.size || tok.Clean() != test.clean || tok.Pad() != pad {
			t.Errorf("%s: %d tokens, cleaned by %s, padded with %d; want %d, %s, %d",
				test.name, tok.Size(), tok.Clean(), tok.Pad(), test.size, test.clean, pad)
		}
	}
}

// TestStripSep compares with open_clip 3.3.0's HFTokenizer where strip_sep_token
// is true, as CLIPA's is.
func TestStripSep(t *testing.T) {
	config := `{"model_cfg":{"text_cfg":{"hf_tokenizer_name":"x","tokenizer_kwargs":{"strip_sep_token":true}}}}`
	tok, err := Load(folder(t, "bert", map[string]string{"open_clip_config.json": config}))
	if err != nil {
		t.Fatal(err)
	}
	asked, err := (Config{Path: "testdata/foreign/bert", StripSep: true, Clean: CleanWhitespace}).Load()
	if err != nil || !equal(asked, tok) {
		t.Errorf("by Config.StripSep: %v; want the same ids", err)
	}
	again := rewritten(t, tok)
	ids := make([]int32, 12)
	for text, want := range map[string][]int32{
		"Rwanda, Île  de  France!":                         {2, 45, 442, 141, 170, 133, 11, 512, 127, 390, 611, 0},
		"a [SEP] b &amp; c":                                {2, 28, 0, 29, 7, 30, 0, 0, 0, 0, 0, 0},
		"one two three four five six seven eight nine ten": {2, 42, 410, 47, 167, 140, 343, 281, 127, 33, 263, 0},
	} {
		if tok.Tokenize(ids, text); !slices.Equal(ids, want) {
			t.Errorf("Tokenize(%q) = %d, want %d", text, ids, want)
		}
		if again.Tokenize(ids, text); !slices.Equal(ids, want) && !strings.Contains(text, "[SEP]") {
			t.Errorf("written and read again, Tokenize(%q) = %d, want %d", text, ids, want)
		}
	}
	tok.Tokenize(ids, "one two three four five six seven")
	if got := tok.Decode(ids); !strings.HasPrefix(got, "one two three") {
		t.Errorf("decoded as %q", got)
	}
	_, err = Load(folder(t, "clip", map[string]string{"open_clip_config.json": config,
		"tokenizer.json": changed(t, "bert", map[string]string{"post_processor": "null"})}))
	if err == nil || !strings.Contains(err.Error(), "tokenizer_kwargs: strip_sep_token: 0 tokens at the end") {
		t.Errorf("no end: %v", err)
	}
}

func TestFolderErrors(t *testing.T) {
	kwargs := func(text string) map[string]string {
		return map[string]string{"open_clip_config.json": `{"model_cfg":{"text_cfg":{"tokenizer_kwargs":` +
			text + `}}}`}
	}
	config := func(text string) map[string]string { return map[string]string{"tokenizer_config.json": text} }
	for _, test := range []struct {
		family string
		files  map[string]string
		want   string
	}{
		{"", nil, "no tokenizer.json, no merges.txt"},
		{"", map[string]string{"spiece.model": "x"}, "has spiece.model alone; want a tokenizer.json"},
		{"", map[string]string{"open_clip_config.json": `{"model_cfg":{"text_cfg":{"hf_tokenizer_name":"who/x"}}}`},
			`names the tokenizer "who/x"`},
		{"", map[string]string{"open_clip_config.json": `{"model_cfg":{"text_cfg":{"vocab_size":560}}}`},
			"CLIP's 49408 tokens, with vocab_size 560"},
		{"", kwargs(`{"clean":"shine"}`), `tokenizer_kwargs: clean: clean "shine"`},
		{"", kwargs(`{"strip_sep_token":true}`), "tokenizer_kwargs: strip_sep_token: have true"},
		{"", kwargs(`{"strip_sep_token":1}`), "tokenizer_kwargs: strip_sep_token: have 1"},
		{"", kwargs(`{"language":"zh"}`), `tokenizer_kwargs: language: have "zh"`},
		{"clip", map[string]string{"open_clip_config.json": `{`}, "open_clip_config.json: unexpected end"},
		{"clip", config(`{"padding_side":"left"}`), `padding_side "left"; want right`},
		{"siglip2", config(`{"tokenizer_class":"GemmaTokenizer"}`), `padding_side "left"`},
		{"clip", config(`{"pad_token":"none"}`), `has no token "none"`},
		{"clip", config(`{"add_eos_token":false}`),
			"post_processor adds one: true; tokenizer_config.json has add_eos_token: false"},
		{"siglip", config(`{"pad_token":"</s>","add_bos_token":true}`), "add_bos_token: true"},
		{"clip", config(`{"added_tokens_decoder":{"900":{"content":"<new>"}}}`),
			`token "<new>" has id -1; tokenizer_config.json says 900`},
		{"siglip", config(`{}`), "no padding"},
	} {
		dir := folder(t, test.family, test.files)
		if _, err := Load(dir); err == nil || !strings.Contains(err.Error(), test.want) ||
			!strings.HasPrefix(err.Error(), "tokenizer: "+dir) {
			t.Errorf("%v: %v; want error with the folder and %q", test.files, err, test.want)
		}
	}
}

// TestTwoFiles: with a tokenizer_config.json, vocab.json and merges.txt are what
// transformers' CLIPTokenizer makes of them, ids in any order.
func TestTwoFiles(t *testing.T) {
	var file struct{ Model hfBPE }
	if err := json.Unmarshal([]byte(changed(t, "clip", nil)), &file); err != nil {
		t.Fatal(err)
	}
	merges := "#version: 0.2\r\n"
	for _, m := range file.Model.Merges {
		merges += m[0] + " " + m[1] + "\r\n"
	}
	two := map[string]string{"vocab.json": string(part(file.Model.Vocab)),
		"merges.txt": merges, "tokenizer_config.json": `{"pad_token":"<|endoftext|>"}`}
	tok, err := Load(folder(t, "", two))
	if err != nil {
		t.Fatal(err)
	}
	want, err := Load("testdata/foreign/clip")
	if err != nil || !equal(tok, want) {
		t.Errorf("other ids than of the tokenizer.json: %v", err)
	}
	two["tokenizer_config.json"] = `{"bos_token":"<bos>"}`
	if _, err := Load(folder(t, "", two)); err == nil || !strings.Contains(err.Error(), `added token "<bos>"`) {
		t.Errorf("a token that the vocabulary lacks: %v", err)
	}
	delete(two, "tokenizer_config.json")
	if _, err := Load(folder(t, "", two)); err == nil || !strings.Contains(err.Error(), "as CLIP orders them") {
		t.Errorf("without tokenizer_config.json: %v; want CLIP's order", err)
	}
}

func TestConfig(t *testing.T) {
	for want, c := range map[string]Config{
		`clean "shine"; want none`: {Path: CLIP, Clean: "shine"},
		"for a vocabulary that is": {Clean: CleanCanonicalize},
		"vocab_size 9; want":       {VocabSize: 9},
		"strip_sep for a":          {StripSep: true},
	} {
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v; want error with %q", c, err, want)
		}
	}
	if err := (Config{Path: CLIP, Clean: CleanNone}).Validate(); err != nil {
		t.Error(err)
	}
}
