// Package tokenizer turns captions into token ids by CLIP's byte-level
// byte-pair encoding (Sennrich et al., arXiv:1508.07909), with CLIP's own
// vocabulary or a small one trained on the captions of a run.
//
// It gives the ids that open_clip's tokenizer gives, but for one step that is
// left out: ftfy, which repairs text that was decoded wrongly ("cafÃ©") and
// makes curly quotes straight. Text that needs no repair is not affected.
//
// Two differences remain in text that captions hardly have: characters are
// letters by Go's Unicode tables, which may be older or newer than Python's,
// and a capital sigma beside signs such as "²" may become σ for ς.
package tokenizer

import (
	"strings"
	"sync"
)

// A Tokenizer may be used by several goroutines at once.
type Tokenizer struct {
	merges   []pair         // by rank
	rank     map[pair]int32 // of a merge; its id is firstMerge + rank
	strings  []string       // of each id, in the byte alphabet
	sot      int32
	specials [2]string // of start and end of text

	mu    sync.RWMutex
	cache map[string][]int32 // ids of words
}

// A pair of neighbouring symbols.
type pair struct{ left, right int32 }

// The first ids are the 256 bytes, then the 256 bytes at the end of a word.
const firstMerge = 512

// maxCachedWords bounds the cache: about 20 MB.
const maxCachedWords = 1 << 17

// longWord is the number of bytes from which a word is merged by mergeLong and
// is not kept.
const longWord = 128

// wordEnd marks the symbol that ends a word.
const wordEnd = "</w>"

// alphabet maps a byte to the printable rune that stands for it in files, and
// byteID to its id: GPT-2's order, printable bytes first.
var alphabet, byteID = func() (runes [256]rune, ids [256]int32) {
	next := int32(0)
	for _, r := range [][2]int{{'!', '~'}, {0xa1, 0xac}, {0xae, 0xff}} {
		for b := r[0]; b <= r[1]; b++ {
			runes[b], ids[b] = rune(b), next
			next++
		}
	}
	other := rune(256)
	for b := range 256 {
		if runes[b] == 0 {
			runes[b], ids[b] = other, next
			other++
			next++
		}
	}
	return runes, ids
}()

// newTokenizer makes a tokenizer of its merges, best first.
func newTokenizer(merges []pair, specials [2]string) *Tokenizer {
	t := &Tokenizer{merges: merges, rank: make(map[pair]int32, len(merges)), specials: specials, cache: map[string][]int32{}}
	t.strings = make([]string, firstMerge, firstMerge+len(merges)+2)
	for b, id := range byteID {
		t.strings[id] = string(alphabet[b])
		t.strings[id+256] = string(alphabet[b]) + wordEnd
	}
	for i, m := range merges {
		t.rank[m] = int32(i)
		t.strings = append(t.strings, t.strings[m.left]+t.strings[m.right])
	}
	t.sot = int32(len(t.strings))
	t.strings = append(t.strings, specials[0], specials[1])
	return t
}

// Size is the number of tokens.
func (t *Tokenizer) Size() int { return len(t.strings) }

// SOT is the token at the start of a text.
func (t *Tokenizer) SOT() int32 { return t.sot }

// EOT is the token at the end of a text, and the largest.
func (t *Tokenizer) EOT() int32 { return t.sot + 1 }

// Tokenize fills dst, whose length is the context length of the model and at
// least 2: SOT, the ids of text, EOT, and 0 behind. A text that is too long is cut, and ends in
// EOT all the same.
func (t *Tokenizer) Tokenize(dst []int32, text string) (truncated bool) {
	ids := t.Encode(text)
	dst[0] = t.SOT()
	n := 1 + copy(dst[1:len(dst)-1], ids)
	dst[n] = t.EOT()
	clear(dst[n+1:])
	return n-1 < len(ids)
}

// Encode returns the ids of text without those of its start and end.
func (t *Tokenizer) Encode(text string) (ids []int32) {
	for word := range words(clean(text), t.specials) {
		switch word {
		case t.specials[0]:
			ids = append(ids, t.SOT())
		case t.specials[1]:
			ids = append(ids, t.EOT())
		default:
			ids = append(ids, t.word(word)...)
		}
	}
	return ids
}

// Decode returns the text of ids, with a space after each word.
func (t *Tokenizer) Decode(ids []int32) string {
	var symbols strings.Builder
	for _, id := range ids {
		if id >= 0 && int(id) < len(t.strings) {
			symbols.WriteString(strings.TrimSuffix(t.strings[id], wordEnd))
			if strings.HasSuffix(t.strings[id], wordEnd) {
				symbols.WriteByte(' ')
			}
		}
	}
	var text []byte
	for _, r := range symbols.String() {
		if b, ok := byteOf[r]; ok {
			text = append(text, b)
		} else {
			text = append(text, ' ')
		}
	}
	return strings.TrimSpace(strings.ToValidUTF8(string(text), "\ufffd"))
}

var byteOf = func() map[rune]byte {
	m := map[rune]byte{}
	for b, r := range alphabet {
		m[r] = byte(b)
	}
	return m
}()

// word returns the ids of one word.
func (t *Tokenizer) word(word string) []int32 {
	if len(word) >= longWord {
		return t.mergeLong(symbols(word))
	}
	t.mu.RLock()
	ids, ok := t.cache[word]
	t.mu.RUnlock()
	if ok {
		return ids
	}
	ids = t.merge(symbols(word))
	t.mu.Lock()
	if len(t.cache) >= maxCachedWords {
		clear(t.cache)
	}
	t.cache[strings.Clone(word)] = ids
	t.mu.Unlock()
	return ids
}

// symbols are the bytes of a word, the last marked as its end.
func symbols(word string) []int32 {
	s := make([]int32, len(word))
	for i := range len(word) {
		s[i] = byteID[word[i]]
	}
	s[len(s)-1] += 256
	return s
}

// merge joins the pair of the lowest rank, everywhere, until there is none.
func (t *Tokenizer) merge(s []int32) []int32 {
	for {
		best, at := int32(len(t.merges)), -1
		for i := range len(s) - 1 {
			if r, ok := t.rank[pair{s[i], s[i+1]}]; ok && r < best {
				best, at = r, i
			}
		}
		if at < 0 {
			return s
		}
		s = join(s, t.merges[best], firstMerge+best)
	}
}

// join replaces each occurrence of p in s, from the left, in place.
func join(s []int32, p pair, id int32) []int32 {
	out := s[:0]
	for i := 0; i < len(s); i++ {
		if i+1 < len(s) && s[i] == p.left && s[i+1] == p.right {
			out = append(out, id)
			i++
			continue
		}
		out = append(out, s[i])
	}
	return out
}
