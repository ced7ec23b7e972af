package tokenizer

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/goclip/goclip/internal/bounded"
)

// fuzzBytes is what n bytes of input may make this package allocate.
func fuzzBytes(n int) uint64 { return 2<<20 + 500*uint64(n) }

func FuzzEncode(f *testing.F) {
	tok := trained(f)
	for _, s := range append(captions, "&#x;&amp", "<start_of_text>", "\xff\xfe", strings.Repeat("red", longWord)) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		dst := make([]int32, 16)
		bounded.Run(t, fuzzBytes(len(text)), func() { tok.Tokenize(dst, text) })
		if dst[0] != tok.SOT() || slices.Max(dst) != tok.EOT() {
			t.Errorf("Tokenize(%q) = %d; want SOT first and an EOT", text, dst)
		}
		checkWords(t, text)
	})
}

// FuzzRead: what can be read encodes, and can be written and read again. It
// wants -fuzzminimizetime=5x, or it spends its time making the first file
// smaller.
func FuzzRead(f *testing.F) {
	var file bytes.Buffer
	if err := trained(f).WriteJSON(&file); err != nil {
		f.Fatal(err)
	}
	f.Add(file.Bytes())
	f.Add(bytes.Replace(file.Bytes(), []byte(`"a": 64,`), nil, 1))
	f.Add([]byte(`{"model":{"type":"BPE","end_of_word_suffix":"</w>","vocab":{"a":0},"merges":[["a","b"],"c d"]}}`))
	for _, family := range []string{"clip", "siglip", "siglip2"} {
		f.Add([]byte(changed(f, family, map[string]string{"padding": `{"pad_id":1}`})))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var tok *Tokenizer
		var err error
		bounded.Run(t, fuzzBytes(len(text)), func() { tok, err = Read(bytes.NewReader(text)) })
		if err != nil {
			return
		}
		bounded.Run(t, fuzzBytes(len(text)), func() { tok.Encode("Two  spaces <s> ΟΔΟΣ \u0301① 'S") })
		var again bytes.Buffer
		if err := tok.WriteJSON(&again); err != nil {
			t.Fatal(err)
		}
		same, err := Read(&again)
		if err != nil || !equal(same, tok) {
			t.Errorf("read, written and read again: %v", err)
		}
	})
}

// FuzzMerges reads a merges file, as Load does with one.
func FuzzMerges(f *testing.F) {
	f.Add("#version: 0.2\na b\nab c</w>\n")
	f.Add("a b\r\n\n")
	f.Fuzz(func(t *testing.T, text string) {
		bounded.Run(t, fuzzBytes(len(text)), func() {
			if tok, err := fromMerges(lines([]byte(text)), nil); err == nil {
				tok.Encode(text)
			}
		})
	})
}

func BenchmarkEncode(b *testing.B) {
	tok := trained(b)
	for b.Loop() {
		for _, s := range captions {
			tok.Encode(s)
		}
	}
	b.ReportMetric(float64(b.N*len(captions))/b.Elapsed().Seconds(), "texts/s")
}

// BenchmarkMergeQueue is a word of 64 KiB.
func BenchmarkMergeQueue(b *testing.B) {
	tok := trained(b)
	word := strings.Repeat("photosquarecircl", 4096)
	for b.Loop() {
		tok.model.(*clip).word(word)
	}
}

func BenchmarkTrain(b *testing.B) {
	for b.Loop() {
		trained(b)
	}
}

// equal reports whether two tokenizers give the same ids of some texts.
func equal(a, b *Tokenizer) bool {
	if a.Size() != b.Size() || a.Pad() != b.Pad() || a.Clean() != b.Clean() || a.MinContext() != b.MinContext() {
		return false
	}
	x, y := make([]int32, 32+a.MinContext()), make([]int32, 32+a.MinContext())
	for _, text := range append(captions, "Two  spaces", "<s> &amp; </s>", "ΟΔΟΣ \u0301①") {
		a.Tokenize(x, text)
		b.Tokenize(y, text)
		if !slices.Equal(x, y) {
			return false
		}
	}
	return true
}
