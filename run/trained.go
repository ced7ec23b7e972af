package run

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/goclip/goclip/checkpoint"
	"github.com/goclip/goclip/configs"
	"github.com/goclip/goclip/data/tokenizer"
	"github.com/goclip/goclip/model"
)

// A Trained model is one read from a checkpoint, with what using it takes.
type Trained struct {
	Config    *configs.Run
	Model     *model.CLIP
	Tokenizer *tokenizer.Tokenizer
	Path      string // of the weights

	// Skipped says of newer checkpoints why they were passed over.
	Skipped []error
}

// Open reads a model. Path is a run's folder, of which the newest checkpoint
// that is whole is taken, one checkpoint folder, or a .safetensors file with
// its config.yaml and tokenizer.json beside it. A folder that has a moving average
// of the parameters gives that.
func Open(path string) (*Trained, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("run: %w", err)
	}
	t := &Trained{Path: path}
	if info.IsDir() {
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
	if t.Config, err = configs.Load(filepath.Join(dir, ConfigFile), nil, nil); err != nil {
		return nil, err
	}
	if t.Tokenizer, err = tokenizer.Load(filepath.Join(dir, TokenizerFile)); err != nil {
		return nil, err
	}
	if t.Model, err = newModel(t.Config, t.Tokenizer); err != nil {
		return nil, err
	}
	return t, load(t.Path, t.Model.Load)
}

// find returns the checkpoint of a folder: that itself, or the newest in it.
func find(path string) (*checkpoint.Checkpoint, error) {
	store := checkpoint.NewStore(path)
	if _, err := os.Stat(filepath.Join(path, ModelFile)); err == nil {
		return store.Load(path)
	}
	c, err := store.Latest()
	if errors.Is(err, checkpoint.ErrNotFound) && c == nil {
		return nil, fmt.Errorf("run: %s holds no checkpoint: %w", path, err)
	}
	return c, err
}
