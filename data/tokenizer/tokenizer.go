// Package tokenizer turns captions into token ids: by CLIP's byte-level
// byte-pair encoding (Sennrich et al., arXiv:1508.07909), with CLIP's own
// vocabulary, which the package holds, or a small one trained on the captions
// of a run; or by whatever a tokenizer.json of Hugging Face says, of those kinds
// that CLIP, SigLIP, SigLIP 2 and CLIPA use: byte-pair encoding with bytes as the
// last resort, unigrams (Kudo, arXiv:1804.10959), and BERT's WordPiece.
//
// CLIP's gives the ids that open_clip's tokenizer gives, but for what ftfy does
// there beside NFC: it repairs text that was decoded wrongly ("cafÃ©"), makes
// curly quotes straight, makes fullwidth letters and Latin ligatures plain
// ones, makes halfwidth kana full, changes other signs for the end of a line to
// \n, and removes control characters, terminal escapes and lone surrogates.
// None of that is done here. Text that needs no repair is not affected.
//
// Three differences remain in text that captions hardly have: characters are
// letters by Go's Unicode tables, which may be older or newer than Python's; a
// capital sigma beside signs such as "²" may become σ for ς; and NFC puts U+034F
// between the 30th and the 31st accent of one letter.
//
// A tokenizer.json gives the ids that Hugging Face's tokenizers gives for the
// same file, by its own Unicode tables as above. A component that is not known
// here is an error that names it.
package tokenizer

import (
	"fmt"
	"strings"
)

// A Tokenizer may be used by several goroutines at once.
type Tokenizer struct {
	clean      Clean
	model      encoder
	start, end []int32 // ids around each text
	pad        int32
	zero       int32 // an id that becomes 0; 0 if there is none
}

// An encoder is a vocabulary with its rules: a *clip or a *pipeline.
type encoder interface {
	// encode returns the ids of a text that has been cleaned.
	encode(text string) []int32

	// decode returns the text of ids, all of tokens, spaces at the ends included.
	decode(ids []int32) string

	// tokens are the strings of all ids, as files write them.
	tokens() []string
}

// Size is the number of tokens.
func (t *Tokenizer) Size() int { return len(t.model.tokens()) }

// SOT is the token at the start of a text; -1 if there is none, as in SigLIP's.
func (t *Tokenizer) SOT() int32 { return last(t.start) }

// EOT is the token at the end of a text; -1 if there is none. CLIP's is the
// largest.
func (t *Tokenizer) EOT() int32 { return last(t.end) }

// Pad is the token behind the end of a text: 0 in open_clip's tokenizer of
// CLIP's vocabulary, EOT in transformers' tokenizer.
func (t *Tokenizer) Pad() int32 { return t.pad }

func last(ids []int32) int32 {
	if len(ids) == 0 {
		return -1
	}
	return ids[len(ids)-1]
}

// Clean is how texts are cleaned before anything else.
func (t *Tokenizer) Clean() Clean { return t.clean }

// WithClean is t with another way of cleaning; "" leaves t as it is.
func (t *Tokenizer) WithClean(c Clean) (*Tokenizer, error) {
	if c == "" {
		return t, nil
	}
	if err := c.validate(); err != nil {
		return nil, fmt.Errorf("tokenizer: %w", err)
	}
	other := *t
	other.clean = c
	return &other, nil
}

// MinContext is the length of a text of no words: its start and its end.
func (t *Tokenizer) MinContext() int { return len(t.start) + len(t.end) }

// Tokenize fills dst, whose length is the context length of the model: start of
// text, the ids of text, end of text, and Pad behind. A text that is too long
// is cut and ends in the end of text all the same. It panics if dst is shorter
// than MinContext.
func (t *Tokenizer) Tokenize(dst []int32, text string) (truncated bool) {
	if len(dst) < t.MinContext() {
		panic(fmt.Sprintf("tokenizer: context of %d tokens; want at least %d", len(dst), t.MinContext()))
	}
	ids := t.Encode(text)
	n := copy(dst, t.start)
	room := len(dst) - t.MinContext()
	n += copy(dst[n:n+room], ids)
	n += copy(dst[n:], t.end)
	for i := n; i < len(dst); i++ {
		dst[i] = t.pad
	}
	return len(ids) > room
}

// Encode returns the ids of text without the ids of its start and end.
func (t *Tokenizer) Encode(text string) []int32 {
	ids := t.model.encode(t.clean.apply(text))
	if t.zero == 0 {
		return ids
	}
	for i, id := range ids {
		if id == t.zero {
			ids[i] = 0
		}
	}
	return ids
}

// Decode returns the text of ids, cleaned as it was encoded. Ids that are no
// tokens are left out.
func (t *Tokenizer) Decode(ids []int32) string {
	known := make([]int32, 0, len(ids))
	for _, id := range ids {
		if id >= 0 && int(id) < t.Size() {
			known = append(known, id)
		}
	}
	return strings.TrimSpace(strings.ToValidUTF8(t.model.decode(known), "\ufffd"))
}

// Token is the string that files have for an id, which must be one of the vocabulary.
func (t *Tokenizer) Token(id int32) string { return t.model.tokens()[id] }

// Special says that the token of an id stands for no text, as the ends of a text do.
func (t *Tokenizer) Special(id int32) bool {
	if p, ok := t.model.(*pipeline); ok {
		return p.special[id]
	}
	return id == t.SOT() || id == t.EOT()
}
