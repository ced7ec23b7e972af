package tokenizer

import (
	"bufio"
	"encoding/json"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/text/unicode/norm"
)

const shared = "../../../shared/parity/tokenizer"

// captions is a small corpus.
var captions = []string{
	"a photo of a red circle", "a photo of a blue square.", "the red square, the blue circle",
	"It's a photo: 3 red circles!", "café crème", "a red thing and a blue thing", "photos of circles and squares",
}

func all(texts []string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for _, s := range texts {
			if !yield(s, nil) {
				return
			}
		}
	}
}

func trained(t testing.TB) *Tokenizer {
	t.Helper()
	tok, err := Train(all(captions), 560)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// merges are the merges of a vocabulary in CLIP's order.
func merges(t *Tokenizer) []pair { return t.model.(*clip).list }

// TestGolden compares with open_clip's tokenizer, by the lines here and by all
// that ../shared has.
func TestGolden(t *testing.T) {
	tok, err := Load("clip")
	if err != nil {
		t.Fatal(err)
	}
	if tok.Size() != 49408 || tok.SOT() != 49406 || tok.EOT() != 49407 || tok.Pad() != 0 {
		t.Errorf("size %d, SOT %d, EOT %d, pad %d; want 49408, 49406, 49407, 0",
			tok.Size(), tok.SOT(), tok.EOT(), tok.Pad())
	}
	if rows := checkGolden(t, tok, "testdata/golden.jsonl"); rows != 313 {
		t.Errorf("%d golden rows, want 313", rows)
	}
	t.Run("all", func(t *testing.T) {
		path := filepath.Join(shared, "golden.jsonl")
		if _, err := os.Stat(path); err != nil {
			t.Skipf("needs the golden values of open_clip's tokenizer: %v", err)
		}
		if rows := checkGolden(t, tok, path); rows != 317 {
			t.Errorf("%d golden rows, want 317", rows)
		}
	})
}

// checkGolden compares with each row of a file and returns their number. The
// file was made without ftfy, which normalizes to NFC, as Encode does.
func checkGolden(t *testing.T, tok *Tokenizer, path string) (rows int) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for scan := bufio.NewScanner(f); scan.Scan(); rows++ {
		var row struct {
			Text   string
			IDs    []int32
			Encode []int32
		}
		if err := json.Unmarshal(scan.Bytes(), &row); err != nil {
			t.Fatal(err)
		}
		if !norm.NFC.IsNormalString(row.Text) {
			continue
		}
		got := tok.Encode(row.Text)
		if !slices.Equal(got[:min(400, len(got))], row.Encode) {
			t.Errorf("Encode(%q) = %d, want %d", row.Text, got, row.Encode)
		}
		ids := make([]int32, 77)
		tok.Tokenize(ids, row.Text)
		if want := append(slices.Clone(row.IDs), make([]int32, 77-len(row.IDs))...); !slices.Equal(ids, want) {
			t.Errorf("Tokenize(%q) = %d, want %d", row.Text, ids, want)
		}
	}
	return rows
}

func TestTokenize(t *testing.T) {
	tok := trained(t)
	dst := []int32{9, 9, 9, 9, 9, 9, 9, 9}
	if truncated := tok.Tokenize(dst, "a red"); truncated {
		t.Error("a short text is truncated")
	}
	ids := tok.Encode("a red")
	want := append(append([]int32{tok.SOT()}, ids...), tok.EOT())
	want = append(want, make([]int32, 8-len(want))...)
	if !slices.Equal(dst, want) {
		t.Errorf("Tokenize = %d, want %d", dst, want)
	}
	if truncated := tok.Tokenize(dst, strings.Repeat("red ", 9)); !truncated ||
		dst[7] != tok.EOT() || dst[6] == tok.EOT() {
		t.Errorf("a long text gives %d, truncated %v; want EOT last alone", dst, truncated)
	}
	if tok.EOT() != int32(tok.Size())-1 {
		t.Errorf("EOT %d of %d tokens; want the largest", tok.EOT(), tok.Size())
	}
}

func TestDecode(t *testing.T) {
	tok := trained(t)
	for _, text := range []string{"a photo of a red circle", "café 中文 😀"} {
		if got := tok.Decode(tok.Encode(text)); got != text {
			t.Errorf("Decode(Encode(%q)) = %q", text, got)
		}
	}
}

// TestTrain compares with merges found by counting all pairs again each time.
func TestTrain(t *testing.T) {
	counts := map[string]int{}
	for _, c := range captions {
		for w := range words(CleanLower.apply(c), defaultSpecials) {
			counts[w]++
		}
	}
	type word struct {
		s []int32
		n int
	}
	var corpus []word
	for w, n := range counts {
		corpus = append(corpus, word{symbols(w), n})
	}
	var want []pair
	for range 560 - MinVocabSize {
		pairs := map[pair]int{}
		for _, w := range corpus {
			for i := range len(w.s) - 1 {
				pairs[pair{w.s[i], w.s[i+1]}] += w.n
			}
		}
		var best pairCount
		for p, n := range pairs {
			if q := (pairQueue{{p, n}, best}); best.n == 0 || q.Less(0, 1) {
				best = pairCount{p, n}
			}
		}
		if best.n < 2 {
			break
		}
		for i := range corpus {
			corpus[i].s = join(corpus[i].s, best.pair, firstMerge+int32(len(want)))
		}
		want = append(want, best.pair)
	}
	if got := merges(trained(t)); !slices.Equal(got, want) || len(want) < 20 {
		t.Errorf("merges %v\nwant %v", got, want)
	}
	if _, err := Train(all(captions), 513); err == nil || !strings.Contains(err.Error(), "at least 514") {
		t.Errorf("a vocabulary of 513: %v", err)
	}
	if _, err := Train(all([]string{"", " "}), 600); err == nil || !strings.Contains(err.Error(), "no word") {
		t.Errorf("no captions: %v", err)
	}
}

// TestTrainOrder: the order of captions and the names of the ends do not count.
func TestTrainOrder(t *testing.T) {
	moved := append([]string{"<end_of_text> <end_of_text>", strings.Repeat("x", maxTrainedWord+1)}, captions...)
	slices.Reverse(moved)
	tok, err := Train(all(moved), 560)
	if err != nil {
		t.Fatal(err)
	}
	if want := merges(trained(t)); !slices.Equal(merges(tok), want) {
		t.Errorf("merges %v\nwant %v", merges(tok), want)
	}
	if tok, err = Train(all(captions), 1<<16); err != nil || tok.Size() > 700 {
		t.Errorf("seven captions: %d tokens, %v; want no more than they give", tok.Size(), err)
	}
}

// pattern is CLIP's, the oracle of words.
var pattern = regexp.MustCompile(`(?i)<start_of_text>|<end_of_text>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+`)

func checkWords(t *testing.T, text string) {
	t.Helper()
	text = CleanLower.apply(text)
	if strings.ContainsRune(text, '\u0345') {
		return // a letter for Go's expressions, nothing for Python's
	}
	got, want := slices.Collect(words(text, defaultSpecials)), pattern.FindAllString(text, -1)
	if !slices.Equal(got, want) {
		t.Errorf("words(%q) = %q, want %q", text, got, want)
	}
}

func TestWords(t *testing.T) {
	for _, text := range append(captions, "don't we'll i'm 3.14 <start_of_text>x<end_of_tex",
		"'ſ ''s'd", "x²y½ ٣٤ 中文!", "a\u0301b c_d-e", "") {
		checkWords(t, text)
	}
}

// TestIota: Python's regex, without regard to case, has U+0345 neither among
// letters nor among other signs.
func TestIota(t *testing.T) {
	got := slices.Collect(words("a\u0345!? \u0345b \u0345", defaultSpecials))
	if want := []string{"a", "!?", "b"}; !slices.Equal(got, want) {
		t.Errorf("words = %q, want %q", got, want)
	}
}

// TestMergeQueue compares with merging the pair of the lowest rank everywhere,
// again and again, in words with runs of one letter too.
func TestMergeQueue(t *testing.T) {
	c, rng := trained(t).model.(*clip), rand.New(rand.NewPCG(1, 2))
	slow := func(s []int32) []int32 {
		for rank, p := range c.list { // a merge makes only pairs of a higher rank
			s = join(s, p, firstMerge+int32(rank))
		}
		return s
	}
	for _, letters := range []string{"a", "re", "photsqucirle", "ed"} {
		for length := 1; length < 300; length += 1 + length/4 {
			word := make([]byte, length)
			for i := range word {
				word[i] = letters[rng.IntN(len(letters))]
			}
			if got, want := c.word(string(word)), slow(symbols(string(word))); !slices.Equal(got, want) {
				t.Errorf("word(%s) = %d, want %d", word, got, want)
			}
		}
	}
}

// TestConcurrent is for the race detector.
func TestConcurrent(t *testing.T) {
	tok, want := trained(t), trained(t).Encode(strings.Join(captions, " "))
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			for range 20 {
				if got := tok.Encode(strings.Join(captions, " ")); !slices.Equal(got, want) {
					t.Errorf("Encode = %d, want %d", got, want)
				}
			}
		})
	}
	wait.Wait()
}
