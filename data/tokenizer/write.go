package tokenizer

import (
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
)

// object is a part of a tokenizer.json.
type object = map[string]any

// part writes a value of our own, which cannot fail.
func part(v any) json.RawMessage {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return text
}

// same reports whether two parts say the same.
func same(a, b json.RawMessage) bool {
	if absent(a) || absent(b) {
		return absent(a) && absent(b)
	}
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}

// WriteJSON writes t as a tokenizer.json that Read and Hugging Face's
// tokenizers read. Read gives t again. Theirs gives the same ids, but for what
// their normalizers do not have: HTML references, the final sigma, and, for
// CleanLower, NFC. Where CLIPA's end is 0, a text that spells the end's token has
// 0 there in t alone.
func (t *Tokenizer) WriteJSON(w io.Writer) error {
	var text []byte
	var err error
	switch m := t.model.(type) {
	case *clip:
		text, err = json.MarshalIndent(m.file(t), "", " ")
	case *pipeline:
		text, err = json.Marshal(m.write(t))
	}
	if err != nil {
		return err
	}
	_, err = w.Write(append(text, '\n'))
	return err
}

// WithPad is t with a new token, its last one, for padding.
func (t *Tokenizer) WithPad(token string) (*Tokenizer, error) {
	var f hfFile
	switch m := t.model.(type) {
	case *clip:
		f = m.file(t)
	case *pipeline:
		f = m.file // without the cleaning, which is set below
		if t.zero != 0 {
			f.PostProcessor = m.around(t.start, t.end)
		}
	}
	id := int32(t.Size())
	f.AddedTokens = append(slices.Clone(f.AddedTokens), hfToken{ID: id, Content: token, Special: true})
	f.Padding = t.padding(f.Padding, token)
	f.Padding.ID = id
	other, err := readParts(f, settings{})
	if err != nil {
		return nil, fmt.Errorf("tokenizer: %w", err)
	}
	return other.WithClean(t.clean)
}

// normalizer is how Hugging Face's tokenizers cleans in the way of c.
func (c Clean) normalizer() json.RawMessage {
	spaces := object{"type": "Replace", "pattern": object{"Regex": `\s+`}, "content": " "}
	strip := object{"type": "Strip", "strip_left": true, "strip_right": true}
	nfc, lower := object{"type": "NFC"}, object{"type": "Lowercase"}
	var steps []object
	switch c {
	case CleanNone:
		return nil
	case CleanWhitespace:
		steps = []object{nfc, spaces, strip}
	case CleanLower:
		steps = []object{spaces, lower}
	case CleanCanonicalize:
		steps = []object{
			nfc,
			{"type": "Replace", "pattern": object{"String": "_"}, "content": " "},
			{"type": "Replace", "pattern": object{"Regex": "[!-/:-@\\[-`{-~]"}, "content": ""},
			lower, spaces, strip,
		}
	}
	return part(object{"type": "Sequence", "normalizers": steps})
}

// write is the file that was read, with what differs from it since.
func (p *pipeline) write(t *Tokenizer) hfFile {
	f := p.file
	if t.clean != CleanNone {
		steps := []json.RawMessage{t.clean.normalizer()}
		if !absent(f.Normalizer) {
			steps = append(steps, f.Normalizer)
		}
		f.Normalizer = part(object{"type": "Sequence", "normalizers": steps})
	}
	if t.zero != 0 {
		f.PostProcessor = p.around(t.start, t.end)
	}
	if f.Padding == nil && t.pad == 0 && p.suffix == wordEnd {
		return f
	}
	f.Padding = t.padding(f.Padding, p.strings[t.pad])
	return f
}

// around is the post_processor that puts tokens before and behind a text.
func (p *pipeline) around(start, end []int32) json.RawMessage {
	specials, single := object{}, []object{}
	add := func(ids []int32) {
		for _, id := range ids {
			token := p.strings[id]
			single = append(single, object{"SpecialToken": object{"id": token, "type_id": 0}})
			specials[token] = object{"id": token, "ids": []int32{id}, "tokens": []string{token}}
		}
	}
	add(start)
	single = append(single, object{"Sequence": object{"id": "A", "type_id": 0}})
	add(end)
	return part(object{"type": "TemplateProcessing", "single": single, "pair": []object{},
		"special_tokens": specials})
}

// padding is a file's padding with the token of t.
func (t *Tokenizer) padding(old *hfPadding, token string) *hfPadding {
	x := hfPadding{Strategy: part("BatchLongest"), Direction: "Right"}
	if old != nil {
		x = *old
	}
	x.ID, x.Token = t.pad, token
	return &x
}

// cutClean cuts the way of cleaning off a normalizer that write put it before.
func cutClean(normalizer json.RawMessage) (c Clean, rest json.RawMessage, ok bool) {
	var x struct {
		Type  string            `json:"type"`
		Parts []json.RawMessage `json:"normalizers"`
	}
	if absent(normalizer) || json.Unmarshal(normalizer, &x) != nil ||
		x.Type != "Sequence" || len(x.Parts) == 0 || len(x.Parts) > 2 {
		return "", nil, false
	}
	for _, c := range cleans {
		if c == CleanNone || !same(x.Parts[0], c.normalizer()) {
			continue
		}
		if len(x.Parts) == 2 {
			rest = x.Parts[1]
		}
		return c, rest, true
	}
	return "", nil, false
}

// file is the tokenizer.json of a vocabulary in CLIP's order.
func (c *clip) file(t *Tokenizer) hfFile {
	vocab := make(map[string]int32, len(c.strings))
	for id, s := range c.strings {
		vocab[s] = int32(id)
	}
	merges := make([]hfMerge, len(c.list))
	for i, m := range c.list {
		merges[i] = hfMerge{c.strings[m.left], c.strings[m.right]}
	}
	f := c.parts(t.clean)
	f.Model = part(hfBPE{Type: "BPE", Suffix: wordEnd, Vocab: vocab, Merges: merges, UnkToken: c.specials[1]})
	if t.pad != 0 {
		f.Padding = t.padding(nil, c.strings[t.pad])
	}
	return f
}

// parts are the parts of the file beside the vocabulary.
func (c *clip) parts(clean Clean) hfFile {
	sot, eot := c.specials[0], c.specials[1]
	id := c.sot()
	special := func(name string, id int32) object {
		return object{"id": name, "ids": []int32{id}, "tokens": []string{name}}
	}
	return hfFile{
		Version: "1.0",
		AddedTokens: []hfToken{
			{ID: id, Content: sot, Special: true},
			{ID: id + 1, Content: eot, Special: true},
		},
		Normalizer: clean.normalizer(),
		PreTokenizer: part(object{"type": "Sequence", "pretokenizers": []object{
			{"type": "Split", "pattern": object{"Regex": clipPattern}, "behavior": "Removed", "invert": true},
			{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false},
		}}),
		PostProcessor: part(object{"type": "TemplateProcessing",
			"single": []object{{"SpecialToken": object{"id": sot, "type_id": 0}},
				{"Sequence": object{"id": "A", "type_id": 0}}, {"SpecialToken": object{"id": eot, "type_id": 0}}},
			"pair": []object{
				{"Sequence": object{"id": "A", "type_id": 0}}, {"Sequence": object{"id": "B", "type_id": 0}},
			},
			"special_tokens": object{sot: special(sot, id), eot: special(eot, id+1)},
		}),
		Decoder: part(object{"type": "Sequence", "decoders": []object{
			{"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
			{"type": "Replace", "pattern": object{"String": wordEnd}, "content": " "},
		}}),
	}
}

const clipPattern = `'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+`

// readCLIP reads a file that clip.file has written; of another it returns nil.
func readCLIP(f hfFile) *Tokenizer {
	var x hfBPE
	if strict(f.Model, &x) != nil || x.Type != "BPE" || x.Suffix != wordEnd {
		return nil
	}
	lines := make([]string, len(x.Merges))
	for i, m := range x.Merges {
		lines[i] = m[0] + " " + m[1]
	}
	t, err := fromMerges(lines, x.Vocab)
	if err != nil {
		return nil
	}
	for _, clean := range cleans {
		want := t.model.(*clip).parts(clean)
		if same(f.Normalizer, want.Normalizer) && same(f.PreTokenizer, want.PreTokenizer) &&
			same(f.PostProcessor, want.PostProcessor) && reflect.DeepEqual(f.AddedTokens, want.AddedTokens) {
			t.clean = clean
			return t
		}
	}
	return nil
}

// transformersSpecials are the names of start and end of text in transformers'
// CLIPTokenizer, and in OpenAI's own.
var transformersSpecials = [2]string{"<|startoftext|>", "<|endoftext|>"}

// transformersCLIP is the tokenizer.json that transformers makes of vocab.json
// and merges.txt for CLIP, with every field that Hugging Face's tokenizers asks for.
func transformersCLIP(vocab map[string]int32, lines []string, s settings) ([]byte, error) {
	bos, eos, unk := transformersSpecials[0], transformersSpecials[1], transformersSpecials[1]
	for name, from := range map[*string]tokenName{
		&bos: s.tokenizerConfig.BOS, &eos: s.tokenizerConfig.EOS, &unk: s.tokenizerConfig.Unk,
	} {
		if from != "" {
			*name = string(from)
		}
	}
	merges := make([]hfMerge, 0, len(lines))
	for _, line := range lines {
		var m hfMerge
		if err := m.UnmarshalJSON(part(strings.TrimRight(line, "\r"))); err != nil {
			return nil, err
		}
		merges = append(merges, m)
	}
	named := func(token string) []any { return []any{token, vocab[token]} }
	return json.Marshal(hfFile{
		Version: "1.0",
		AddedTokens: []hfToken{
			{ID: vocab[bos], Content: bos, Special: true},
			{ID: vocab[eos], Content: eos, Special: true},
		},
		Normalizer: part(object{"type": "Sequence", "normalizers": []object{
			{"type": "NFC"}, {"type": "Replace", "pattern": object{"Regex": `\s+`}, "content": " "},
			{"type": "Lowercase"}}}),
		PreTokenizer: part(object{"type": "Sequence", "pretokenizers": []object{
			{"type": "Split", "pattern": object{"Regex": `<\|startoftext\|>|<\|endoftext\|>|` + clipPattern},
				"behavior": "Removed", "invert": true},
			{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
		}}),
		PostProcessor: part(object{"type": "RobertaProcessing", "sep": named(eos), "cls": named(bos),
			"trim_offsets": false, "add_prefix_space": false}),
		Decoder: part(object{"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true}),
		Model:   part(hfBPE{Type: "BPE", Suffix: wordEnd, Vocab: vocab, Merges: merges, UnkToken: unk}),
	})
}
