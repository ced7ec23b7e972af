package run

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/goclip/goclip/checkpoint"
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
	// model, data.preprocess and tokenizer are known, and all else is the default.
	Config    *configs.Run
	Model     *model.CLIP
	Tokenizer *tokenizer.Tokenizer
	Path      string // of the weights, or of the index of several files
	Format    string // such as "goclip" or "transformers CLIPModel"

	// Skipped says of newer checkpoints why they were passed over.
	Skipped []error
}

// Open reads a model. Path is
//
//   - a run's folder, of which the newest checkpoint that is whole is taken, or one
//     checkpoint folder; one that has a moving average of the parameters gives that;
//   - a folder of open_clip or transformers, see package foreign;
//   - a file of weights beside a config.yaml, of which the section model may be all, and
//     a tokenizer.json unless the config has tokenizer.path; or in a foreign folder.
//
// Whatever would be ignored of it is an error.
func Open(path string) (*Trained, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("run: %w", err)
	}
	dir := path
	if !info.IsDir() {
		dir = filepath.Dir(path)
	}
	_, err = os.Stat(filepath.Join(dir, ConfigFile))
	ours := err == nil
	switch {
	case !ours && foreign.Is(dir):
		return openForeign(path)
	case !ours && !info.IsDir():
		return nil, fmt.Errorf("run: %s: no %s, open_clip_config.json or config.json beside it; "+
			"want one, or the name of its architecture, such as ViT-B-32", path, ConfigFile)
	}
	return openOwn(path, info.IsDir())
}

// OpenAs reads a file of weights, or the index of several, whose architecture has a
// name, one of [configs.Models]. Without a name it is Open.
func OpenAs(path, architecture string) (*Trained, error) {
	if architecture == "" {
		return Open(path)
	}
	if info, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("run: %w", err)
	} else if info.IsDir() {
		return nil, fmt.Errorf("run: %s: is a folder; want a file of weights for the architecture %s", path,
			architecture)
	}
	c, err := configs.LoadModel(architecture)
	if err != nil {
		return nil, err
	}
	if c.Tokenizer.Path == "" {
		c.Tokenizer.Path = filepath.Dir(path)
	}
	t := &Trained{Config: c, Path: path, Format: "weights of " + architecture}
	if t.Tokenizer, err = c.Tokenizer.Load(); err != nil {
		return nil, err
	}
	return t, t.load()
}

// openForeign reads a model that another program wrote.
func openForeign(path string) (*Trained, error) {
	m, err := foreign.Open(path)
	if err != nil {
		return nil, err
	}
	c := configs.Default()
	c.Model, c.Data.Preprocess, c.Tokenizer = m.Config, m.Preprocess, tokenizer.Config{Path: m.Dir}
	if c.Tokenizer.Path, err = filepath.Abs(m.Dir); err != nil {
		return nil, fmt.Errorf("run: %w", err)
	}
	c.SetDefaults()
	t := &Trained{Config: &c, Tokenizer: m.Tokenizer, Path: m.Weights, Format: m.Format}
	return t, t.load()
}

// openOwn reads a checkpoint, or weights beside a config.yaml.
func openOwn(path string, folder bool) (*Trained, error) {
	t := &Trained{Path: path, Format: "goclip"}
	if folder {
		c, err := find(path)
		if err != nil {
			return nil, err
		}
		t.Path, t.Skipped = c.Path(ModelFile), c.Skipped
		if _, err := os.Stat(c.Path(EMAFile)); err == nil {
			t.Path = c.Path(EMAFile)
		}
	}
	dir := filepath.Dir(t.Path)
	var err error
	if t.Config, err = configs.LoadTrained(filepath.Join(dir, ConfigFile)); err != nil {
		return nil, err
	}
	if _, err = os.Stat(filepath.Join(dir, StateFile)); err == nil {
		t.Tokenizer, err = readTokenizer(dir)
	} else { // with the files beside it, if it is another program's
		t.Tokenizer, err = tokenizer.Load(filepath.Join(dir, TokenizerFile))
	}
	if errors.Is(err, fs.ErrNotExist) && t.Config.Tokenizer.Path != "" {
		t.Tokenizer, err = t.Config.Tokenizer.Load()
	}
	if err != nil {
		return nil, err
	}
	return t, t.load()
}

// load makes the model of its weights.
func (t *Trained) load() error {
	c, err := withVocabulary(t.Config.Model, t.Tokenizer)
	if err != nil {
		return err
	}
	t.Model, err = foreign.Load(t.Path, c)
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

// find returns the checkpoint of a folder: that itself, or the newest in it.
func find(path string) (*checkpoint.Checkpoint, error) {
	store := checkpoint.NewStore(path)
	if _, err := os.Stat(filepath.Join(path, ModelFile)); err == nil {
		return store.Load(path)
	}
	c, err := store.Latest()
	if errors.Is(err, checkpoint.ErrNotFound) && c == nil {
		return nil, fmt.Errorf("run: %s holds no checkpoint, open_clip_config.json or config.json: %w", path, err)
	}
	return c, err
}
