package tokenizer

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/goclip/goclip/internal/regular"
)

// Config chooses the vocabulary of a run.
type Config struct {
	// Path is a vocabulary: clip for CLIP's own, which is built in; else a file or
	// folder that Load reads. Empty means that one is trained on the captions of
	// the run at its start.
	Path string `yaml:"path"`

	// Clean is how captions and class names are cleaned first: none, whitespace,
	// lower or canonicalize, as open_clip names them. Empty means as Path says.
	Clean Clean `yaml:"clean"`

	// StripSep makes 0 of the token at the end of a text, as open_clip's
	// strip_sep_token does for CLIPA. A folder of open_clip says so itself.
	StripSep bool `yaml:"strip_sep"`

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
	if c.Clean != "" && c.Path == "" {
		return fmt.Errorf("tokenizer: clean %q for a vocabulary that is trained, which is cleaned by %q; "+
			"want a path or no clean",
			string(c.Clean), string(CleanLower))
	}
	if c.StripSep && c.Path == "" {
		return errors.New("tokenizer: strip_sep for a vocabulary that is trained; want a path or no strip_sep")
	}
	if err := c.Clean.validate(); err != nil {
		return fmt.Errorf("tokenizer: %w", err)
	}
	return nil
}

// Load reads the vocabulary of Path, to be cleaned by Clean.
func (c Config) Load() (*Tokenizer, error) {
	t, err := Load(c.Path)
	if err != nil {
		return nil, err
	}
	if c.StripSep && t.zero == 0 {
		if err := t.stripSep(); err != nil {
			return nil, fmt.Errorf("tokenizer: %s: %w", c.Path, err)
		}
	}
	return t.WithClean(c.Clean)
}

// maxFileBytes bounds a vocabulary file, unpacked. Gemma's takes 35 MB.
const maxFileBytes = 64 << 20

// Load reads a vocabulary. The path is
//
//   - clip, for CLIP's own, cleaned and padded as open_clip does;
//   - bpe_simple_vocab_16e6.txt.gz or another list of merges, as clip;
//   - a tokenizer.json of Hugging Face, which says itself how text is cleaned;
//   - vocab.json or merges.txt with the other beside it, as clip, or as
//     transformers' CLIPTokenizer if tokenizer_config.json is there too;
//   - a folder with one of these, or with an open_clip_config.json that names no
//     tokenizer, which means clip.
//
// The files beside a vocabulary are heeded: open_clip_config.json for cleaning,
// tokenizer_config.json and special_tokens_map.json for the padding.
func Load(path string) (*Tokenizer, error) {
	t, err := load(path)
	if err != nil {
		return nil, fmt.Errorf("tokenizer: %w", err)
	}
	return t, nil
}

// LoadAlone reads a tokenizer.json by itself: a checkpoint's, beside which the files of
// open_clip say how open_clip pads.
func LoadAlone(path string) (*Tokenizer, error) {
	text, err := readFile(path)
	if err != nil {
		return nil, fmt.Errorf("tokenizer: %w", err)
	}
	t, err := readJSON(text, settings{})
	if err != nil {
		return nil, fmt.Errorf("tokenizer: %s: %w", path, err)
	}
	return t, nil
}

func load(path string) (*Tokenizer, error) {
	if path == CLIP {
		return clipVocabulary()
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return loadFolder(path)
	}
	text, err := readFile(path)
	if err != nil {
		return nil, err
	}
	t, err := parse(path, text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return t, nil
}

// parse decides by the name, and by the text.
func parse(path string, text []byte) (*Tokenizer, error) {
	switch name := filepath.Base(path); {
	case name == "vocab.json", name == "merges.txt":
		return loadTwoFiles(filepath.Dir(path))
	case bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")):
		s, err := readSettings(filepath.Dir(path))
		if err != nil {
			return nil, err
		}
		return readJSON(text, s)
	default:
		return parseMerges(text)
	}
}

// readFile reads a file, packed by gzip or not.
func readFile(path string) ([]byte, error) {
	f, err := regular.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := unpack(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return text, nil
}

func unpack(file io.Reader) ([]byte, error) {
	r := bufio.NewReader(file)
	if magic, err := r.Peek(2); err != nil || magic[0] != 0x1f || magic[1] != 0x8b {
		return readAll(r)
	}
	packed, err := gzip.NewReader(r)
	if err != nil {
		return nil, err
	}
	return readAll(packed)
}

func readAll(r io.Reader) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxFileBytes+1))
	if err == nil && len(text) > maxFileBytes {
		err = fmt.Errorf("is larger than %d bytes", maxFileBytes)
	}
	return text, err
}

// lines splits a merges file into lines, without the version on top.
func lines(text []byte) []string {
	all := strings.Split(strings.TrimRight(string(text), "\r\n"), "\n")
	if strings.Contains(all[0], "#version") {
		all = all[1:]
	}
	return all
}

// clipMerges is how many lines of OpenAI's file are CLIP's.
const clipMerges = 49152 - 256 - 2

// parseMerges reads a list of merges.
func parseMerges(text []byte) (*Tokenizer, error) {
	all := lines(text)
	return fromMerges(all[:min(len(all), clipMerges)], nil)
}

// loadTwoFiles reads vocab.json and merges.txt.
func loadTwoFiles(dir string) (*Tokenizer, error) {
	text, err := readFile(filepath.Join(dir, "merges.txt"))
	if err != nil {
		return nil, err
	}
	vocab, err := readFile(filepath.Join(dir, "vocab.json"))
	if err != nil {
		return nil, err
	}
	var ids map[string]int32
	if err := json.Unmarshal(vocab, &ids); err != nil {
		return nil, fmt.Errorf("vocab.json: %w", err)
	}
	merges := lines(text)
	s, err := readSettings(dir)
	if err != nil || s.tokenizerConfig == nil {
		if err != nil {
			return nil, err
		}
		return fromMerges(merges, ids)
	}
	file, err := transformersCLIP(ids, merges, s)
	if err != nil {
		return nil, err
	}
	return readJSON(file, s)
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
	if _, ok := vocab[transformersSpecials[0]]; ok {
		specials = transformersSpecials
	}
	t := newCLIP(merges, specials)
	if vocab == nil {
		return t, nil
	}
	if len(vocab) != t.Size() {
		return nil, fmt.Errorf("vocabulary of %d tokens with %d merges; want %d tokens",
			len(vocab), len(merges), t.Size())
	}
	for id, s := range t.model.(*clip).strings {
		if have, ok := vocab[s]; !ok {
			return nil, fmt.Errorf("vocabulary has no token %q; want it with id %d", s, id)
		} else if have != int32(id) {
			return nil, fmt.Errorf("token %q has id %d; want %d, as CLIP orders them", s, have, id)
		}
	}
	return t, nil
}
