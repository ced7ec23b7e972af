// Package foreign opens models that other programs wrote: the folders of
// open_clip and of transformers, and files of weights of a known architecture.
// Architecture, preprocessing and tokenizer come from the folder. What goclip
// would have to ignore is an error that names it: a field of a config that is
// not known, a value for which there is nothing here, a tensor that is left over.
package foreign

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goclip/goclip/data/preprocess"
	"github.com/goclip/goclip/data/tokenizer"
	"github.com/goclip/goclip/model"
)

// A Model is a foreign model before its weights are read.
type Model struct {
	Format     string // such as "open_clip" or "transformers CLIPModel"
	Config     model.Config
	Preprocess preprocess.Config
	Tokenizer  *tokenizer.Tokenizer
	Dir        string // of the configs and the tokenizer
	Weights    string // path of the weights, or of the index of several files

	version int // of transformers, which wrote the folder
}

const (
	openCLIPFile     = "open_clip_config.json"
	transformersFile = "config.json"
)

// Is says whether a folder has the config of a foreign model.
func Is(dir string) bool {
	for _, name := range []string{openCLIPFile, transformersFile} {
		if info, err := os.Stat(filepath.Join(dir, name)); err == nil && !info.IsDir() {
			return true
		}
	}
	return false
}

// Open reads the configs and the tokenizer of a model. Path is its folder, or a
// file of weights, or the index of several, in it. Where a folder has several
// files of weights, the one that the makers' libraries prefer is taken.
func Open(path string) (*Model, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("foreign: %w", err)
	}
	m := &Model{Dir: path}
	if !info.IsDir() {
		m.Dir, m.Weights = filepath.Dir(path), path
	}
	read, order := m.readTransformers, transformersWeights
	if ok, err := exists(m.Dir, openCLIPFile); err != nil {
		return nil, fmt.Errorf("foreign: %w", err)
	} else if ok {
		read, order = m.readOpenCLIP, openCLIPWeights
	}
	if m.Weights == "" {
		if m.Weights, err = findWeights(m.Dir, order); err != nil {
			return nil, err
		}
	}
	if err := read(); err != nil {
		return nil, err
	}
	return m, m.finish()
}

// finish reads the tokenizer and checks the whole.
func (m *Model) finish() (err error) {
	if m.Tokenizer, err = tokenizer.Load(m.Dir); err != nil {
		return err
	}
	if err := m.Config.Validate(); err != nil {
		return fmt.Errorf("foreign: %s: %w", m.Dir, err)
	}
	if err := m.Preprocess.Validate(); err != nil {
		return fmt.Errorf("foreign: %s: %w", m.Dir, err)
	}
	c := m.Config.Text
	switch {
	case m.Tokenizer.Size() > c.VocabSize:
		return fmt.Errorf("foreign: %s: the tokenizer has %d tokens; want at most %d, the vocabulary of the model",
			m.Dir, m.Tokenizer.Size(), c.VocabSize)
	case m.Tokenizer.MinContext() > c.ContextLength:
		return fmt.Errorf("foreign: %s: texts of %d tokens; want at least %d",
			m.Dir, c.ContextLength, m.Tokenizer.MinContext())
	}
	return nil
}

// The names of files with weights, the best first.
var (
	openCLIPWeights = []string{"open_clip_model.safetensors", "open_clip_pytorch_model.safetensors",
		"open_clip_pytorch_model.bin", "open_clip_pytorch_model.pth",
		"model.safetensors", "pytorch_model.bin", "pytorch_model.pth", "model.pth"}
	transformersWeights = []string{"model.safetensors", "model.safetensors.index.json",
		"pytorch_model.bin", "pytorch_model.bin.index.json"}
)

// findWeights returns the path of the weights in a folder.
func findWeights(dir string, order []string) (string, error) {
	for _, name := range order {
		if ok, err := exists(dir, name); err != nil {
			return "", fmt.Errorf("foreign: %w", err)
		} else if ok {
			return filepath.Join(dir, name), nil
		}
	}
	var others []string
	for _, pattern := range []string{"*.safetensors", "*.bin", "*.pt", "*.pth"} {
		found, _ := fs.Glob(os.DirFS(dir), pattern) // the patterns are good
		others = append(others, found...)
	}
	if len(others) == 1 {
		return filepath.Join(dir, others[0]), nil
	}
	if len(others) > 1 {
		return "", fmt.Errorf("foreign: %s: have weights in %d files; want the path of one of them", dir, len(others))
	}
	err := errors.New("no weights")
	for _, name := range []string{"flax_model.msgpack", "tf_model.h5"} {
		if ok, _ := exists(dir, name); ok {
			err = fmt.Errorf("has %s alone", name)
		}
	}
	return "", fmt.Errorf("foreign: %s: %w; want %s", dir, err, strings.Join(order[:2], " or "))
}

// list is the keys of a map for people.
func list[T any](of map[string]T) string {
	var names []string
	for name := range of {
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, " or ")
}

// oneActivation says what both towers have once, as a recipe does.
func oneActivation(c *model.Config) {
	if c.Activation = c.Text.Activation; c.Image.Activation == c.Activation {
		c.Image.Activation = ""
	}
	c.Text.Activation = ""
}
