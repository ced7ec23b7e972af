package tokenizer

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// A charsMap is the table of replacements that sentencepiece compiles into a
// model: a double-array trie (Yata's Darts-clone) of byte strings, whose leaves
// are offsets into the replacements, each of which ends in a zero byte.
type charsMap struct {
	trie []uint32
	text []byte
}

// newCharsMap reads the size of the trie in bytes, the trie, and the texts.
func newCharsMap(blob []byte) (*charsMap, error) {
	if len(blob) < 4 {
		return nil, errors.New("precompiled_charsmap is cut off")
	}
	size := int64(binary.LittleEndian.Uint32(blob))
	rest := blob[4:]
	if size%4 != 0 || size == 0 || size > int64(len(rest)) {
		return nil, errors.New("precompiled_charsmap is cut off")
	}
	m := &charsMap{trie: make([]uint32, size/4), text: rest[size:]}
	for i := range m.trie {
		m.trie[i] = binary.LittleEndian.Uint32(rest[4*i:])
	}
	if !utf8.Valid(m.text) {
		return nil, errors.New("precompiled_charsmap is not UTF-8")
	}
	for text := range bytes.SplitSeq(m.text, []byte{0}) {
		if err := short("precompiled_charsmap", string(text)); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// apply replaces what the map has. As Hugging Face's does, it looks up a
// grapheme of less than 6 bytes as a whole, and else each character; and it
// takes the shortest entry that the looked up text begins with for all of it,
// so that the accent of "①\u0301" is lost.
func (m *charsMap) apply(s string) string {
	var out strings.Builder
	for rest, state := s, -1; rest != ""; {
		var grapheme string
		grapheme, rest, _, state = uniseg.FirstGraphemeClusterInString(rest, state)
		if len(grapheme) < 6 {
			if to, ok := m.lookup(grapheme); ok {
				out.Write(to)
				continue
			}
		}
		for _, r := range grapheme {
			if to, ok := m.lookup(string(r)); ok {
				out.Write(to)
			} else {
				out.WriteRune(r)
			}
		}
	}
	return out.String()
}

// lookup returns what stands for the shortest entry that s begins with.
func (m *charsMap) lookup(s string) ([]byte, bool) {
	at := offset(m.trie[0])
	for i := range len(s) {
		if s[i] == 0 {
			break
		}
		at ^= uint32(s[i])
		if int64(at) >= int64(len(m.trie)) || m.trie[at]&(1<<31|0xff) != uint32(s[i]) {
			break
		}
		leaf := m.trie[at]>>8&1 == 1
		if at ^= offset(m.trie[at]); int64(at) >= int64(len(m.trie)) {
			break
		}
		if leaf {
			start := m.trie[at] & (1<<31 - 1)
			if int64(start) > int64(len(m.text)) {
				return nil, false
			}
			to, _, _ := bytes.Cut(m.text[start:], []byte{0})
			return to, true
		}
	}
	return nil, false
}

// offset is the distance from a node to its children.
func offset(unit uint32) uint32 { return unit >> 10 << (unit >> 6 & 8) }
