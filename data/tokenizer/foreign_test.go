package tokenizer

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

const foreign = "../../../shared/parity/foreign"

// expected is the part of a folder's expected.json that is about tokens.
type expected struct {
	Context   int
	Texts     []string
	TokenIDs  [][]int32 `json:"token_ids"`
	HardTexts []struct {
		Text string
		IDs  []int32
		JSON []int32 `json:"tokenizer_json_ids"`
	} `json:"hard_texts"`
}

// TestForeign compares with the ids that open_clip and transformers give in
// folders that they wrote: the folders here (see testdata/golden.py), in ../shared,
// and below FOREIGN_DIR.
func TestForeign(t *testing.T) {
	for _, root := range []string{"testdata/foreign", foreign, os.Getenv("FOREIGN_DIR")} {
		paths, _ := filepath.Glob(filepath.Join(root, "*", "expected.json"))
		if len(paths) == 0 && root == "testdata/foreign" {
			t.Error("no folder in testdata/foreign")
		}
		for _, path := range paths {
			t.Run(filepath.Base(filepath.Dir(path)), func(t *testing.T) { checkFolder(t, filepath.Dir(path)) })
		}
	}
}

// repaired are the hard texts that ftfy changes in open_clip, and this package
// does not.
var repaired = []string{"the dog’s “red” ball", "ＦＵＬＬ－ｗｉｄｔｈ １２３", "cafÃ© mojibake", "item ① and ﬁle…"}

func checkFolder(t *testing.T, dir string) {
	text, err := os.ReadFile(filepath.Join(dir, "expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	var want expected
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	tok, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	again := rewritten(t, tok)
	ids := make([]int32, want.Context)
	check := func(text string, want []int32) {
		t.Helper()
		if tok.Tokenize(ids, text); !slices.Equal(ids, want) {
			t.Errorf("Tokenize(%q) = %d, want %d", text, ids, want)
		}
		if again.Tokenize(ids, text); !slices.Equal(ids, want) {
			t.Errorf("written and read again, Tokenize(%q) = %d, want %d", text, ids, want)
		}
	}
	for i, text := range want.Texts {
		check(text, want.TokenIDs[i])
	}
	_, err = os.Stat(filepath.Join(dir, "open_clip_config.json"))
	for _, hard := range want.HardTexts {
		if err == nil && slices.Contains(repaired, hard.Text) {
			continue
		}
		ids := hard.IDs
		if hard.JSON != nil { // transformers runs the spiece.model beside it
			ids = make([]int32, want.Context)
			for i := range ids[copy(ids, hard.JSON):] {
				ids[len(hard.JSON)+i] = tok.Pad()
			}
		}
		check(hard.Text, ids)
	}
}

// rewritten is what comes of writing a tokenizer and reading it again.
func rewritten(t *testing.T, tok *Tokenizer) *Tokenizer {
	t.Helper()
	var file bytes.Buffer
	if err := tok.WriteJSON(&file); err != nil {
		t.Fatal(err)
	}
	written := file.String()
	again, err := Read(&file)
	if err != nil {
		t.Fatalf("written and read again: %v", err)
	}
	if err := again.WriteJSON(&file); err != nil || file.String() != written {
		t.Errorf("written again, %v, the file differs: %d bytes, had %d", err, file.Len(), len(written))
	}
	return again
}
