package tokenizer

import (
	"slices"
	"strings"
)

// A clip is CLIP's byte-level byte-pair encoding: words by CLIP's pattern
// without regard to case, ids in CLIP's order.
type clip struct {
	list     []pair         // the merges by rank
	merges   map[pair]merge // the same; an id is firstMerge + rank
	strings  []string       // of each id, in the byte alphabet
	specials [2]string      // of start and end of text, whose ids are the last two
	cache    wordCache
}

// The first ids are the 256 bytes, then the 256 bytes at the end of a word.
const firstMerge = 512

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

var byteOf = func() map[rune]byte {
	m := map[rune]byte{}
	for b, r := range alphabet {
		m[r] = byte(b)
	}
	return m
}()

// newCLIP makes a tokenizer of merges, best first, that cleans as open_clip's
// does and pads with 0.
func newCLIP(merges []pair, specials [2]string) *Tokenizer {
	c := &clip{list: merges, merges: make(map[pair]merge, len(merges)), specials: specials}
	c.strings = make([]string, firstMerge, firstMerge+len(merges)+2)
	for b, id := range byteID {
		c.strings[id] = string(alphabet[b])
		c.strings[id+256] = string(alphabet[b]) + wordEnd
	}
	for i, m := range merges {
		c.merges[m] = merge{int32(i), firstMerge + int32(i)}
		c.strings = append(c.strings, c.strings[m.left]+c.strings[m.right])
	}
	c.strings = append(c.strings, specials[0], specials[1])
	return &Tokenizer{clean: CleanLower, model: c, start: []int32{c.sot()}, end: []int32{c.sot() + 1}}
}

func (c *clip) tokens() []string { return c.strings }

// sot is the id of the start of a text; the next id is its end.
func (c *clip) sot() int32 { return int32(len(c.strings)) - 2 }

func (c *clip) encode(text string) (ids []int32) {
	for word := range words(text, c.specials) {
		if i := slices.Index(c.specials[:], word); i >= 0 {
			ids = append(ids, c.sot()+int32(i))
			continue
		}
		ids = append(ids, c.cache.get(word, c.word)...)
	}
	return ids
}

// word returns the ids of one word.
func (c *clip) word(word string) []int32 { return mergeQueue(symbols(word), c.merges) }

// symbols are the bytes of a word, the last marked as its end.
func symbols(word string) []int32 {
	s := make([]int32, len(word))
	for i := range len(word) {
		s[i] = byteID[word[i]]
	}
	s[len(s)-1] += 256
	return s
}

func (c *clip) decode(ids []int32) string {
	var symbols strings.Builder
	for _, id := range ids {
		symbols.WriteString(strings.TrimSuffix(c.strings[id], wordEnd))
		if strings.HasSuffix(c.strings[id], wordEnd) {
			symbols.WriteByte(' ')
		}
	}
	return fromAlphabet(symbols.String())
}

// fromAlphabet turns runes of the byte alphabet back into bytes, and others
// into spaces.
func fromAlphabet(s string) string {
	var text []byte
	for _, r := range s {
		if b, ok := byteOf[r]; ok {
			text = append(text, b)
		} else {
			text = append(text, ' ')
		}
	}
	return string(text)
}
