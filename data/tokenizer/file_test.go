package tokenizer

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// modelOf is the vocabulary of a tokenizer in CLIP's order, as a file has it.
func modelOf(t *testing.T, tok *Tokenizer) (x hfBPE) {
	t.Helper()
	if err := json.Unmarshal(tok.model.(*clip).file(tok).Model, &x); err != nil {
		t.Fatal(err)
	}
	return x
}

// TestRoundTrip writes the vocabulary in each form and reads it again.
func TestRoundTrip(t *testing.T) {
	tok, dir := trained(t), t.TempDir()
	var file bytes.Buffer
	if err := tok.WriteJSON(&file); err != nil {
		t.Fatal(err)
	}
	model := modelOf(t, tok)
	merges := "#version: 0.2\n"
	for _, m := range model.Merges {
		merges += m[0] + " " + m[1] + "\n"
	}
	vocab, err := json.Marshal(model.Vocab)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"hf/tokenizer.json": file.String(), "two/merges.txt": merges,
		"two/vocab.json": string(vocab), "plain/bpe.txt": merges,
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{"hf", "hf/tokenizer.json", "two", "two/vocab.json", "plain/bpe.txt"} {
		got, err := Load(filepath.Join(dir, path))
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		for _, text := range append(captions, "<start_of_text> an unseen word", "<END_OF_TEXT>") {
			if a, b := got.Encode(text), tok.Encode(text); !slices.Equal(a, b) {
				t.Errorf("%s: Encode(%q) = %d, want %d", path, text, a, b)
			}
		}
	}
}

// TestLoadErrors: an error names the file, and the place in it.
func TestLoadErrors(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"missing", "", "no such file"},
		{"empty.txt", "", "merge 1: \"\""},
		{"torn.txt.gz", "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\x01", "unexpected EOF"},
		{"twice.txt", "#version: 0.2\na b\na b\n", `merge 2: "a b"; want a new symbol`},
		{"three.txt", "a b c\n", "merge 1"},
		{"late.txt", "a b\nab cd\n", "merge 2"},
		{"torn.json", `{"model":`, "tokenizer.json: unexpected end"},
		{"merges.txt", "a b\n", "vocab.json"},
	} {
		path := filepath.Join(t.TempDir(), test.name)
		if test.name != "missing" {
			if err := os.WriteFile(path, []byte(test.text), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		_, err := Load(path)
		if err == nil || !strings.Contains(err.Error(), test.want) ||
			!strings.Contains(err.Error(), filepath.Dir(path)) {
			t.Errorf("Load(%s): %v; want error with the path and %q", test.name, err, test.want)
		}
	}
}

// TestVocabErrors: ids that are not in CLIP's order are refused.
func TestVocabErrors(t *testing.T) {
	tok := trained(t)
	for want, change := range map[string]func(map[string]int32){
		"want 0, as CLIP orders them":     func(v map[string]int32) { v["!"] = 1 },
		`no token "!"`:                    func(v map[string]int32) { delete(v, "!"); v["other"] = 0 },
		"with 29 merges; want 543 tokens": func(v map[string]int32) { v["pad"] = 543 },
	} {
		model, lines := modelOf(t, tok), []string{}
		for _, m := range model.Merges {
			lines = append(lines, m[0]+" "+m[1])
		}
		change(model.Vocab)
		if _, err := fromMerges(lines, model.Vocab); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want error with %q", err, want)
		}
	}
}

// A merges file may begin with a sign, and need not begin with a version.
func TestLinesWithoutVersion(t *testing.T) {
	tok, err := fromMerges(lines([]byte("# #</w>\n\" \"</w>\n")), nil)
	if err != nil || tok.Size() != MinVocabSize+2 {
		t.Errorf("%v, %v; want both merges", tok, err)
	}
}

// endless is a file that never ends, as a packed one of few bytes may seem.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestLargeFile(t *testing.T) {
	if _, err := readAll(endless{}); err == nil || !strings.Contains(err.Error(), "is larger than 67108864 bytes") {
		t.Errorf("a file without end: %v", err)
	}
}
