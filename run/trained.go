package run

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"

	"github.com/goclip/goclip/checkpoint/weightfile"
	"github.com/goclip/goclip/configs"
	"github.com/goclip/goclip/data/tokenizer"
	"github.com/goclip/goclip/foreign"
	"github.com/goclip/goclip/model"
)

// A Trained model is one read from a checkpoint, or from what another program wrote,
// with what using it takes.
type Trained struct {
	// Config is what the model was trained with. Of a foreign model, its sections
	// model, data.preprocess and tokenizer are known, and all else is the default. It
	// has no model.lora, since adapters are merged into the Model.
	Config    *configs.Run
	Model     *model.CLIP
	Tokenizer *tokenizer.Tokenizer
	Path      string // of the weights, or of the index of several files
	Format    string // such as "goclip" or "transformers CLIPModel"

	// Skipped says of newer checkpoints why they were passed over.
	Skipped []error
}

// Open reads a model of a path that [configs.OpenSource] knows. Whatever would be
// ignored of it is an error.
func Open(path string) (*Trained, error) { return OpenAs(path, "") }

// OpenAs is Open of a file of weights, or of the index of several, whose architecture
// has a name, one of [configs.Models]. Without a name it is Open.
func OpenAs(path, architecture string) (*Trained, error) {
	s, err := configs.OpenSource(path, architecture)
	if err != nil {
		return nil, err
	}
	t := &Trained{Config: s.Config, Tokenizer: s.Tokenizer, Path: s.Path, Format: s.Format, Skipped: s.Skipped}
	return t, t.load()
}

// load makes the model of its weights.
func (t *Trained) load() error {
	c, err := withVocabulary(t.Config.Model, t.Tokenizer)
	if err != nil {
		return err
	}
	m, err := foreign.Load(t.Path, c)
	if err != nil {
		return err
	}
	t.Config.Model.LoRA = model.LoRAConfig{}
	t.Model, err = m.Merged(nil)
	return err
}

// Files are the files of the weights.
func (t *Trained) Files() ([]string, error) {
	w, err := weightfile.Open(t.Path)
	if err != nil {
		return nil, err
	}
	return w.Files, w.Close()
}

// Hash is the SHA-256 of the weights: that of their file, or of the lines that
// sha256sum prints of several.
func (t *Trained) Hash() (string, error) {
	files, err := t.Files()
	if err != nil {
		return "", err
	}
	h := sha256.New()
	for _, path := range files {
		sum, err := hashFile(path)
		if err != nil || len(files) == 1 {
			return sum, err
		}
		fmt.Fprintf(h, "%s  %s\n", sum, filepath.Base(path))
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
