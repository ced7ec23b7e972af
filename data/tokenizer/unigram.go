package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"unicode/utf8"
)

// A unigram chooses the pieces whose probabilities have the largest product
// (Kudo, arXiv:1804.10959), by Viterbi's algorithm in float64.
type unigram struct {
	pieces *prefixes
	scores []float64 // log probability of each id
	low    float64   // of a character that no piece has
	unk    int32
	bytes  byteTokens
}

// unknownPenalty is what an unknown character costs beyond the rarest piece.
const unknownPenalty = 10

// hfPiece is a piece with its score, [piece, score].
type hfPiece struct {
	text  string
	score float64
}

// UnmarshalJSON reads the pair.
func (p *hfPiece) UnmarshalJSON(text []byte) error {
	both := []any{&p.text, &p.score}
	if err := json.Unmarshal(text, &both); err != nil || len(both) != 2 {
		return errors.New("vocab: want pairs of text and number")
	}
	return nil
}

// newUnigram reads a model of kind Unigram. The strings are the tokens by id.
func newUnigram(part json.RawMessage) (*unigram, []string, error) {
	var x struct {
		typed
		Unk          *int32    `json:"unk_id"`
		Vocab        []hfPiece `json:"vocab"`
		ByteFallback bool      `json:"byte_fallback"`
	}
	if err := strict(part, &x); err != nil {
		return nil, nil, err
	}
	if x.Unk == nil || *x.Unk < 0 || int(*x.Unk) >= len(x.Vocab) {
		return nil, nil, fmt.Errorf("no unk_id among %d pieces; want one", len(x.Vocab))
	}
	m := &unigram{unk: *x.Unk, low: math.Inf(1)}
	ids, texts := make(map[string]int32, len(x.Vocab)), make([]string, len(x.Vocab))
	for i, p := range x.Vocab {
		if have, twice := ids[p.text]; twice {
			return nil, nil, fmt.Errorf("piece %q has the ids %d and %d; want one", p.text, have, i)
		}
		ids[p.text], texts[i] = int32(i), p.text
		m.scores = append(m.scores, p.score)
		m.low = min(m.low, p.score-unknownPenalty)
	}
	m.pieces = newPrefixes(texts, func(i int) int32 { return int32(i) })
	if x.ByteFallback {
		m.bytes = newByteTokens(ids)
	}
	return m, texts, nil
}

// encode returns the ids of a piece of text. Neighboring unknown characters
// become one unknown token, or bytes.
func (m *unigram) encode(s string) (ids []int32) {
	path := m.best(s)
	for i := 0; i < len(path); {
		first := path[i]
		for i++; first.id == m.unk && i < len(path) && path[i].id == m.unk; i++ {
			first.end = path[i].end
		}
		unknown := s[first.start:first.end]
		if bytes, ok := m.bytes.of(unknown); first.id == m.unk && ok {
			if n, _ := m.pieces.longest(unknown); n < len(unknown) { // not "<unk>" itself
				ids = append(ids, bytes...)
				continue
			}
		}
		ids = append(ids, first.id)
	}
	return ids
}

// A step is a piece on the way through a text.
type step struct {
	start, end int
	id         int32
	score      float64 // of the way up to end
}

// best is the most likely way through s.
func (m *unigram) best(s string) (path []step) {
	to := make([]step, len(s)+1) // the best step that ends there
	for at, r := range s {
		single := false
		reach := func(n int, id int32, score float64) {
			if score += to[at].score; to[at+n].end == 0 || score > to[at+n].score {
				to[at+n] = step{at, at + n, id, score}
			}
		}
		m.pieces.each(s[at:], func(n int, id int32) {
			reach(n, id, m.scores[id])
			single = single || n == utf8.RuneLen(r)
		})
		if !single {
			reach(utf8.RuneLen(r), m.unk, m.low)
		}
	}
	for end := len(s); end > 0; end = to[end].start {
		path = append(path, to[end])
	}
	slices.Reverse(path)
	return path
}

// byteTokens are the ids of <0x00> to <0xFF>, which stand for the bytes of
// unknown characters. Gemma has no <0x09>, for its tab is a token.
type byteTokens map[byte]int32

func newByteTokens(ids map[string]int32) byteTokens {
	t := byteTokens{}
	for b := range 256 {
		if id, ok := ids[fmt.Sprintf("<0x%02X>", b)]; ok {
			t[byte(b)] = id
		}
	}
	return t
}

// of are the ids of the bytes of s, if it has all.
func (t byteTokens) of(s string) (ids []int32, ok bool) {
	for i := range len(s) {
		id, ok := t[s[i]]
		if !ok {
			return nil, false
		}
		ids = append(ids, id)
	}
	return ids, true
}
