package configs

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"

	"github.com/goclip/goclip/checkpoint"
	"github.com/goclip/goclip/checkpoint/weightfile"
	"github.com/goclip/goclip/data/tokenizer"
	"github.com/goclip/goclip/foreign"
)

// Files of a checkpoint. A run's folder has its config as well.
const (
	ModelFile     = "model.safetensors"
	EMAFile       = "ema.safetensors" // where optim.ema_decay asks for it
	ConfigFile    = "config.yaml"
	TokenizerFile = "tokenizer.json"
)

// A Source is a model on disk: all but its weights, which package run reads.
type Source struct {
	// Config is what the model was trained with. Of a foreign model, its sections
	// model, data.preprocess and tokenizer are known, and all else is the default.
	Config    *Run
	Tokenizer *tokenizer.Tokenizer
	Path      string // of the weights, or of the index of several files
	Format    string // such as "goclip" or "transformers CLIPModel"

	// Skipped says of newer checkpoints why they were passed over.
	Skipped []error

	from string // absolute: what OpenSource opens again, also after the run goes on
}

// OpenSource opens a model. Path is
//
//   - a run's folder, of which the newest checkpoint that is whole is taken, or one
//     checkpoint folder; one that has a moving average of the parameters gives that;
//   - a folder of open_clip or transformers, see package foreign;
//   - a file of weights beside a config.yaml, of which the section model may be all, and
//     a tokenizer.json unless the config has tokenizer.path; or in a foreign folder;
//   - a file of weights, or the index of several, of an architecture that has a name,
//     one of [Models].
func OpenSource(path, architecture string) (*Source, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("configs: %w", err)
	}
	s := &Source{Path: path}
	if s.from, err = filepath.Abs(path); err != nil {
		return nil, fmt.Errorf("configs: %w", err)
	}
	if architecture != "" {
		return s, s.openNamed(architecture, info.IsDir())
	}
	dir := path
	if !info.IsDir() {
		dir = filepath.Dir(path)
	}
	_, err = os.Stat(filepath.Join(dir, ConfigFile))
	ours := err == nil
	switch {
	case !ours && foreign.Is(dir):
		return s, s.openForeign()
	case !ours && !info.IsDir():
		return nil, fmt.Errorf("configs: %s: no %s, open_clip_config.json or config.json beside it; "+
			"want one, or the name of its architecture, such as ViT-B-32", path, ConfigFile)
	}
	return s, s.openOwn(info.IsDir())
}

// openNamed opens a file of weights of an architecture.
func (s *Source) openNamed(architecture string, folder bool) (err error) {
	if folder {
		return fmt.Errorf("configs: %s: is a folder; want a file of weights for the architecture %s", s.Path,
			architecture)
	}
	if s.Config, err = LoadModel(architecture); err != nil {
		return err
	}
	if s.Config.Tokenizer.Path == "" {
		s.Config.Tokenizer.Path = filepath.Dir(s.Path)
	}
	s.Format = "weights of " + architecture
	s.Tokenizer, err = s.Config.Tokenizer.Load()
	return err
}

// openForeign opens a model that another program wrote.
func (s *Source) openForeign() error {
	m, err := foreign.Open(s.Path)
	if err != nil {
		return err
	}
	c := Default()
	c.Model, c.Data.Preprocess, c.Tokenizer = m.Config, m.Preprocess, tokenizer.Config{Path: m.Dir}
	if c.Tokenizer.Path, err = filepath.Abs(m.Dir); err != nil {
		return fmt.Errorf("configs: %w", err)
	}
	c.SetDefaults()
	s.Config, s.Tokenizer, s.Path, s.Format = &c, m.Tokenizer, m.Weights, m.Format
	return nil
}

// openOwn opens a checkpoint, or weights beside a config.yaml.
func (s *Source) openOwn(folder bool) (err error) {
	s.Format = "goclip"
	if folder {
		c, err := findCheckpoint(s.Path)
		if err != nil {
			return err
		}
		if s.from, err = filepath.Abs(c.Dir); err != nil {
			return fmt.Errorf("configs: %w", err)
		}
		s.Path, s.Skipped = c.Path(ModelFile), c.Skipped
		if _, err := os.Stat(c.Path(EMAFile)); err == nil {
			s.Path = c.Path(EMAFile)
		}
	}
	dir := filepath.Dir(s.Path)
	if s.Config, err = LoadTrained(filepath.Join(dir, ConfigFile)); err != nil {
		return err
	}
	read := tokenizer.Load // with the files beside it, which may be another program's
	if checkpoint.Is(dir) {
		read = tokenizer.LoadAlone
	}
	s.Tokenizer, err = read(filepath.Join(dir, TokenizerFile))
	if errors.Is(err, fs.ErrNotExist) && s.Config.Tokenizer.Path != "" {
		s.Tokenizer, err = s.Config.Tokenizer.Load()
	}
	return err
}

// findCheckpoint returns the checkpoint of a folder: that itself, or the newest in it.
func findCheckpoint(path string) (*checkpoint.Checkpoint, error) {
	store := checkpoint.NewStore(path)
	if _, err := os.Stat(filepath.Join(path, ModelFile)); err == nil {
		return store.Load(path)
	}
	c, err := store.Latest()
	if errors.Is(err, checkpoint.ErrNotFound) && c == nil {
		return nil, fmt.Errorf("configs: %s holds no checkpoint, open_clip_config.json or config.json: %w", path, err)
	}
	return c, err
}

// logitBias reads the learned bias, which all formats have under one name; 0 of a
// model without one.
func (s *Source) logitBias() (float64, error) {
	w, err := weightfile.Open(s.Path)
	if err != nil {
		return 0, err
	}
	defer func() { _ = w.Close() }() // it was only read
	for _, t := range w.Tensors() {
		if t.Name != "logit_bias" || t.Elements() != 1 {
			continue
		}
		var bias [1]float32
		if err := w.ReadFloat32s(t.Name, bias[:]); err != nil {
			return 0, err
		}
		if v := float64(bias[0]); !math.IsNaN(v) && !math.IsInf(v, 0) { // which a load of the weights refuses
			return v, nil
		}
	}
	return 0, nil
}
