package tokenizer

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Config chooses the vocabulary of a run.
type Config struct {
	// Path is a vocabulary: bpe_simple_vocab_16e6.txt.gz of OpenAI, a folder
	// with vocab.json and merges.txt, or a tokenizer.json of Hugging Face.
	// Empty means that one is trained on the captions of the run at its start.
	Path string `yaml:"path"`

	// VocabSize is the largest size of a trained vocabulary; 0 means 4096.
	VocabSize int `yaml:"vocab_size"`
}

// SetDefaults gives the fields whose zero means a default that value.
func (c *Config) SetDefaults() {
	if c.VocabSize == 0 && c.Path == "" {
		c.VocabSize = 4096
	}
}

// Validate reports the first field that cannot work.
func (c Config) Validate() error {
	if c.VocabSize != 0 && c.VocabSize < MinVocabSize {
		return fmt.Errorf("tokenizer: vocab_size %d; want at least %d, or 0 for 4096", c.VocabSize, MinVocabSize)
	}
	if c.VocabSize > 1<<20 {
		return fmt.Errorf("tokenizer: vocab_size %d; want at most %d", c.VocabSize, 1<<20)
	}
	return nil
}

// maxFileBytes bounds a vocabulary file, unpacked.
const maxFileBytes = 64 << 20

// clipMerges is how many lines of OpenAI's file are CLIP's.
const clipMerges = 49152 - 256 - 2

// Load reads a vocabulary; Config.Path says of which kinds.
func Load(path string) (*Tokenizer, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		if _, err := os.Stat(filepath.Join(path, "tokenizer.json")); err == nil {
			path = filepath.Join(path, "tokenizer.json")
		} else {
			path = filepath.Join(path, "merges.txt")
		}
	}
	text, err := readFile(path)
	if err != nil {
		return nil, fmt.Errorf("tokenizer: %w", err)
	}
	t, err := parse(path, text)
	if err != nil {
		return nil, fmt.Errorf("tokenizer: %s: %w", path, err)
	}
	return t, nil
}

// parse decides by the name, and by the text.
func parse(path string, text []byte) (*Tokenizer, error) {
	switch name := filepath.Base(path); {
	case name == "vocab.json", name == "merges.txt":
		merges, err := readFile(filepath.Join(filepath.Dir(path), "merges.txt"))
		if err != nil {
			return nil, err
		}
		vocab, err := readFile(filepath.Join(filepath.Dir(path), "vocab.json"))
		if err != nil {
			return nil, err
		}
		var ids map[string]int32
		if err := json.Unmarshal(vocab, &ids); err != nil {
			return nil, fmt.Errorf("vocab.json: %w", err)
		}
		return fromMerges(lines(merges), ids)
	case bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")):
		return Read(bytes.NewReader(text))
	default:
		all := lines(text)
		return fromMerges(all[:min(len(all), clipMerges)], nil)
	}
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var r io.Reader = bufio.NewReader(f)
	if magic, err := r.(*bufio.Reader).Peek(2); err == nil && magic[0] == 0x1f && magic[1] == 0x8b {
		if r, err = gzip.NewReader(r); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	text, err := readAll(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return text, nil
}

func readAll(r io.Reader) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxFileBytes+1))
	if err == nil && len(text) > maxFileBytes {
		err = fmt.Errorf("is larger than %d bytes", maxFileBytes)
	}
	return text, err
}

// lines are those of a merges file without the version on top.
func lines(text []byte) []string {
	all := strings.Split(strings.TrimRight(string(text), "\r\n"), "\n")
	if strings.Contains(all[0], "#version") {
		all = all[1:]
	}
	return all
}

// fromMerges makes a tokenizer of lines such as "t h</w>". With a vocabulary,
// the ids must be those that CLIP's order gives: an unlike one is an error, not
// a model that learns nonsense.
func fromMerges(lines []string, vocab map[string]int32) (*Tokenizer, error) {
	ids := map[string]int32{}
	for b, id := range byteID {
		ids[string(alphabet[b])], ids[string(alphabet[b])+wordEnd] = id, id+256
	}
	merges := make([]pair, 0, len(lines))
	for i, line := range lines {
		left, right, ok := strings.Cut(strings.TrimRight(line, "\r"), " ")
		l, okLeft := ids[left]
		r, okRight := ids[right]
		if !ok || !okLeft || !okRight {
			return nil, fmt.Errorf("merge %d: %q; want two symbols made before it", i+1, line)
		}
		if _, twice := ids[left+right]; twice {
			return nil, fmt.Errorf("merge %d: %q; want a new symbol, not %q again", i+1, line, left+right)
		}
		ids[left+right] = firstMerge + int32(i)
		merges = append(merges, pair{l, r})
	}
	specials := defaultSpecials
	if vocab != nil {
		for _, s := range [][2]string{defaultSpecials, {"<|startoftext|>", "<|endoftext|>"}} {
			if _, ok := vocab[s[0]]; ok {
				specials = s
			}
		}
	}
	t := newTokenizer(merges, specials)
	if vocab == nil {
		return t, nil
	}
	if len(vocab) != t.Size() {
		return nil, fmt.Errorf("vocabulary of %d tokens with %d merges; want %d tokens", len(vocab), len(merges), t.Size())
	}
	for id, s := range t.strings {
		if have, ok := vocab[s]; !ok {
			return nil, fmt.Errorf("vocabulary has no token %q; want it with id %d", s, id)
		} else if have != int32(id) {
			return nil, fmt.Errorf("token %q has id %d; want %d, as CLIP orders them", s, have, id)
		}
	}
	return t, nil
}

// hfFile is the part of a tokenizer.json that a byte-level BPE needs.
type hfFile struct {
	Version       string    `json:"version"`
	Truncation    any       `json:"truncation"`
	Padding       any       `json:"padding"`
	AddedTokens   []hfToken `json:"added_tokens"`
	Normalizer    any       `json:"normalizer"`
	PreTokenizer  any       `json:"pre_tokenizer"`
	PostProcessor any       `json:"post_processor"`
	Decoder       any       `json:"decoder"`
	Model         hfModel   `json:"model"`
}

type hfToken struct {
	ID         int32  `json:"id"`
	Content    string `json:"content"`
	SingleWord bool   `json:"single_word"`
	Lstrip     bool   `json:"lstrip"`
	Rstrip     bool   `json:"rstrip"`
	Normalized bool   `json:"normalized"`
	Special    bool   `json:"special"`
}

type hfModel struct {
	Type   string           `json:"type"`
	Suffix string           `json:"end_of_word_suffix"`
	Vocab  map[string]int32 `json:"vocab"`
	Merges []hfMerge        `json:"merges"`

	Dropout      any    `json:"dropout"`
	UnkToken     string `json:"unk_token"`
	Continuing   string `json:"continuing_subword_prefix"`
	FuseUnk      bool   `json:"fuse_unk"`
	ByteFallback bool   `json:"byte_fallback"`
}

// An hfMerge is written as "a b" by old versions and as ["a", "b"] by new ones.
type hfMerge string

// UnmarshalJSON reads either form.
func (m *hfMerge) UnmarshalJSON(text []byte) error {
	var two []string
	if json.Unmarshal(text, &two) == nil && len(two) == 2 {
		*m = hfMerge(two[0] + " " + two[1])
		return nil
	}
	return json.Unmarshal(text, (*string)(m))
}

// Read reads a tokenizer.json of Hugging Face that is CLIP's kind of BPE.
func Read(r io.Reader) (*Tokenizer, error) {
	text, err := readAll(r)
	if err != nil {
		return nil, err
	}
	var f hfFile
	if err := json.Unmarshal(text, &f); err != nil {
		return nil, fmt.Errorf("tokenizer.json: %w", err)
	}
	if f.Model.Type != "BPE" || f.Model.Suffix != wordEnd {
		return nil, fmt.Errorf("tokenizer.json: model %q with end_of_word_suffix %q; want BPE with %q", f.Model.Type, f.Model.Suffix, wordEnd)
	}
	merges := make([]string, len(f.Model.Merges))
	for i, m := range f.Model.Merges {
		merges[i] = string(m)
	}
	if f.Model.Vocab == nil {
		return nil, fmt.Errorf("tokenizer.json: no vocabulary")
	}
	return fromMerges(merges, f.Model.Vocab)
}

// WriteJSON writes t as a tokenizer.json that Read and Hugging Face's
// tokenizers read. Theirs gives the same ids, but for what their normalizers
// do not have: HTML references, and the final sigma.
func (t *Tokenizer) WriteJSON(w io.Writer) error {
	vocab := make(map[string]int32, len(t.strings))
	for id, s := range t.strings {
		vocab[s] = int32(id)
	}
	merges := make([]hfMerge, len(t.merges))
	for i, m := range t.merges {
		merges[i] = hfMerge(t.strings[m.left] + " " + t.strings[m.right])
	}
	type object = map[string]any
	sot, eot := t.specials[0], t.specials[1]
	special := func(name string, id int32) object {
		return object{"id": name, "ids": []int32{id}, "tokens": []string{name}}
	}
	text, err := json.MarshalIndent(hfFile{
		Version: "1.0",
		AddedTokens: []hfToken{
			{ID: t.SOT(), Content: sot, Special: true},
			{ID: t.EOT(), Content: eot, Special: true},
		},
		Normalizer: object{"type": "Sequence", "normalizers": []object{
			{"type": "Replace", "pattern": object{"Regex": `\s+`}, "content": " "},
			{"type": "Lowercase"},
		}},
		PreTokenizer: object{"type": "Sequence", "pretokenizers": []object{
			{"type": "Split", "pattern": object{"Regex": `'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+`}, "behavior": "Removed", "invert": true},
			{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false},
		}},
		PostProcessor: object{"type": "TemplateProcessing",
			"single":         []object{{"SpecialToken": object{"id": sot, "type_id": 0}}, {"Sequence": object{"id": "A", "type_id": 0}}, {"SpecialToken": object{"id": eot, "type_id": 0}}},
			"pair":           []object{{"Sequence": object{"id": "A", "type_id": 0}}, {"Sequence": object{"id": "B", "type_id": 0}}},
			"special_tokens": object{sot: special(sot, t.SOT()), eot: special(eot, t.EOT())},
		},
		Decoder: object{"type": "Sequence", "decoders": []object{
			{"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
			{"type": "Replace", "pattern": object{"String": wordEnd}, "content": " "},
		}},
		Model: hfModel{Type: "BPE", Suffix: wordEnd, Vocab: vocab, Merges: merges, UnkToken: eot},
	}, "", " ")
	if err != nil {
		return err
	}
	_, err = w.Write(append(text, '\n'))
	return err
}
