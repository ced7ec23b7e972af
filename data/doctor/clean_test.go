package doctor

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/data/tokenizer"
)

// TestClean writes shards without the rows to drop, goes on in the same folder, and
// refuses one that holds anything else.
func TestClean(t *testing.T) {
	t.Chdir(t.TempDir())
	c, train, val := sick(t)
	x, err := Examine(t.Context(), c, train, val)
	must(t, err)
	must(t, CheckClean("clean", train))
	for range 2 {
		cleaned, err := x.Clean(t.Context(), "clean", DefaultKinds, nil)
		must(t, err)
		d, err := data.Open(t.Context(), "clean/*.parquet", data.Config{}, data.Need{Caption: true})
		must(t, err)
		if want := train.Len() - int64(cleaned.Count); d.Len() != want ||
			d.Shards() != cleaned.Shards || cleaned.Count == 0 {
			t.Errorf("%d rows in %d shards; want %d in %d", d.Len(), d.Shards(), want, cleaned.Shards)
		}
		must(t, CheckClean("clean", train))
	}
	if err := CheckClean(".", train); err == nil || !strings.Contains(err.Error(), "want a new folder") {
		t.Errorf("CheckClean of a folder with other files: %v", err)
	}
	must(t, os.WriteFile("broken.parquet", []byte("none"), 0o666))
	broken, err := data.OpenSurvey(t.Context(), "train-*.parquet,broken.parquet", data.Config{}, data.Need{})
	must(t, err)
	if err := CheckClean("new", broken); err == nil || !strings.Contains(err.Error(), "broken.parquet") {
		t.Errorf("CheckClean of a broken shard: %v", err)
	}
	path := filepath.Join("pages", "doctor.html")
	if err := x.WritePage(path); err == nil {
		t.Error("a page in a folder that is not there: want an error")
	}
	must(t, os.Mkdir("pages", 0o777))
	must(t, x.WritePage(path))
	if page, err := os.ReadFile(path); err != nil || !strings.HasSuffix(string(page), "</html>\n") {
		t.Errorf("a page of %d bytes, %v; want a whole one", len(page), err)
	}
}

// TestVocabulary trains one as a run would, even without a word, or loads one.
func TestVocabulary(t *testing.T) {
	t.Chdir(t.TempDir())
	_, train, _ := sick(t)
	tok, trained, err := Vocabulary(t.Context(), tokenizer.Config{VocabSize: 530}, train)
	must(t, err)
	if !trained || tok.Size() != 530 {
		t.Errorf("a vocabulary of %d tokens, trained %v; want 530, true", tok.Size(), trained)
	}
	write(t, "none.parquet", row(nil, " "))
	silent, err := data.OpenSurvey(t.Context(), "none.parquet", data.Config{}, data.Need{})
	must(t, err)
	if _, _, err := Vocabulary(t.Context(), tokenizer.Config{}, silent); err != nil {
		t.Errorf("without a word: %v", err)
	}
	if _, _, err := Vocabulary(t.Context(), tokenizer.Config{Path: "none.json"}, train); err == nil {
		t.Error("a vocabulary that is not there: want an error")
	}
}
