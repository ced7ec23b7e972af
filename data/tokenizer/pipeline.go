package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// A pipeline does what a tokenizer.json says: added tokens are found in the
// text as it is, the rest is normalized, then added tokens are found in that,
// the rest is split into pieces, and each piece into subwords.
type pipeline struct {
	file        hfFile // as it was read
	raw, normal *addedTokens
	normalizers []func(string) string
	splitters   []splitter
	model       subwords
	suffix      string   // of the last symbol of a word; "" without
	continuing  string   // before a token within a word; "" without
	byteLevel   bool     // strings are in the byte alphabet
	strings     []string // of each id
	special     map[int32]bool
	cache       wordCache
}

// newPipeline makes a tokenizer of a tokenizer.json.
func newPipeline(f hfFile) (*Tokenizer, error) {
	t := &Tokenizer{clean: CleanNone}
	p := &pipeline{file: f, special: map[int32]bool{}}
	normalizer := f.Normalizer
	if clean, rest, ok := cutClean(normalizer); ok {
		t.clean, normalizer, p.file.Normalizer = clean, rest, rest
	}
	var err error
	if p.normalizers, err = normalizers(normalizer); err != nil {
		return nil, fmt.Errorf("normalizer %w", err)
	}
	if p.splitters, p.byteLevel, err = splitters(f.PreTokenizer); err != nil {
		return nil, fmt.Errorf("pre_tokenizer %w", err)
	}
	if err := p.readModel(f.Model); err != nil {
		return nil, fmt.Errorf("model %w", err)
	}
	if p.raw, p.normal, p.strings, err = newAdded(f.AddedTokens, p.strings, p.normalize); err != nil {
		return nil, err
	}
	for _, x := range f.AddedTokens {
		p.special[x.ID] = x.Special
	}
	if t.start, t.end, err = ends(f.PostProcessor, len(p.strings)); err != nil {
		return nil, fmt.Errorf("post_processor %w", err)
	}
	t.model = p
	return t, nil
}

func (p *pipeline) readModel(part json.RawMessage) error {
	if absent(part) {
		return errors.New("is missing")
	}
	all, err := components(part, "models")
	if err != nil {
		return err
	}
	if len(all) != 1 {
		return fmt.Errorf("%s; want BPE, Unigram or WordPiece", part[:min(len(part), 40)])
	}
	switch name := all[0].name; name {
	case "BPE":
		m, texts, err := newBPE(part, p.byteLevel)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		p.model, p.strings, p.suffix = m, texts, m.suffix
	case "Unigram":
		m, texts, err := newUnigram(part)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		p.model, p.strings = m, texts
	case "WordPiece":
		m, texts, err := newWordPiece(part)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		p.model, p.strings, p.continuing = m, texts, m.continuing
	default:
		return fmt.Errorf("%q; want BPE, Unigram or WordPiece", name)
	}
	return nil
}

func (p *pipeline) tokens() []string { return p.strings }

// maxGrowth is how many bytes normalization may make of one; the rest is cut
// off. NFKC, the largest that is in use, makes 11.
const maxGrowth = 64

func (p *pipeline) normalize(text string) string {
	most := maxGrowth * len(text)
	for _, f := range p.normalizers {
		if text == "" {
			break
		}
		if text = f(text); len(text) > most+maxContent {
			text = strings.ToValidUTF8(text[:most], "")
		}
	}
	return text
}

func (p *pipeline) encode(text string) (ids []int32) {
	token := func(id int32) { ids = append(ids, id) }
	p.raw.split(strings.ToValidUTF8(text, "\ufffd"), func(part string) {
		p.normal.split(p.normalize(part), func(piece string) { ids = append(ids, p.pieces(piece)...) }, token)
	}, token)
	return ids
}

// pieces splits a text without added tokens and returns the ids of the pieces.
func (p *pipeline) pieces(text string) (ids []int32) {
	all := []string{text}
	for _, split := range p.splitters {
		var next []string
		for _, piece := range all {
			if piece != "" {
				next = append(next, split(piece)...)
			}
		}
		all = next
	}
	for _, piece := range all {
		if piece != "" {
			ids = append(ids, p.cache.get(piece, p.model.encode)...)
		}
	}
	return ids
}

// decode joins the tokens but the special ones.
func (p *pipeline) decode(ids []int32) string {
	var out strings.Builder
	for _, id := range ids {
		s := p.strings[id]
		switch {
		case p.special[id]:
			continue
		case p.byteLevel:
			whole := strings.TrimSuffix(s, p.suffix)
			out.WriteString(fromAlphabet(whole))
			if len(whole) < len(s) {
				out.WriteByte(' ')
			}
		case len(s) == len("<0x00>") && strings.HasPrefix(s, "<0x"):
			var b byte
			if n, err := fmt.Sscanf(s, "<0x%02X>", &b); n == 1 && err == nil {
				out.WriteByte(b)
			}
		case p.continuing != "":
			if rest, ok := strings.CutPrefix(s, p.continuing); ok {
				s = rest
			} else {
				out.WriteByte(' ')
			}
			out.WriteString(s)
		default:
			out.WriteString(strings.ReplaceAll(s, "▁", " "))
		}
	}
	return out.String()
}
