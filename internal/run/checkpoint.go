// Package run puts a run together: what a checkpoint holds, how a run starts
// and continues, and how a trained model is found again.
package run

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/goclip/goclip/checkpoint"
	"github.com/goclip/goclip/configs"
	"github.com/goclip/goclip/data/tokenizer"
	"github.com/goclip/goclip/internal/param"
	"github.com/goclip/goclip/model"
	"github.com/goclip/goclip/optim"
	"github.com/goclip/goclip/train"
)

// The files of a checkpoint.
const (
	modelFile     = "model.safetensors"
	optimizerFile = "optimizer.safetensors"
	stateFile     = "state.json"
	configFile    = "config.yaml"
	tokenizerFile = "tokenizer.json"
)

// A state is state.json: the place in the run, and what it was trained on. The
// place in the data needs no more, because the order is a function of it.
type state struct {
	Step  int    `json:"step"`
	Pairs int64  `json:"pairs"` // trained on so far
	Seed  uint64 `json:"seed"`
	Batch int    `json:"batch"`
	Rows  int64  `json:"rows"` // of the training data

	// Shards are the fingerprints of the training data, by name.
	Shards map[string]string `json:"shards"`

	Watch train.Watch `json:"watch"`
}

// parseState reads a state whose numbers fit each other.
func parseState(text []byte) (s state, err error) {
	if err := json.Unmarshal(text, &s); err != nil {
		return s, err
	}
	if s.Step < 0 || s.Batch < 1 || s.Rows < 1 || s.Pairs < 0 || s.Pairs/int64(s.Batch) != int64(s.Step) || s.Pairs%int64(s.Batch) != 0 {
		return s, fmt.Errorf("step %d, %d pairs, batch %d, %d rows; want pairs = step x batch", s.Step, s.Pairs, s.Batch, s.Rows)
	}
	return s, nil
}

// files lists what a checkpoint of the run holds.
func files(c *configs.Run, s state, m *model.CLIP, o *optim.AdamW, t *tokenizer.Tokenizer) []checkpoint.File {
	size := int64(4 * m.Config().ParamCount())
	return []checkpoint.File{
		{Name: modelFile, Size: size, Write: func(w io.Writer) error {
			return checkpoint.WriteTensors(w, tensors(m.Params()), map[string]string{"format": "pt"})
		}},
		{Name: optimizerFile, Size: 2 * size, Write: func(w io.Writer) error {
			var all []checkpoint.Tensor
			err := o.State(func(name string, shape []int, data []float32) error {
				all = append(all, checkpoint.Tensor{Name: name, Shape: shape, Data: data})
				return nil
			})
			if err != nil {
				return err
			}
			return checkpoint.WriteTensors(w, all, nil)
		}},
		{Name: stateFile, Write: func(w io.Writer) error {
			text, err := json.MarshalIndent(s, "", " ")
			if err != nil {
				return err
			}
			_, err = w.Write(append(text, '\n'))
			return err
		}},
		{Name: configFile, Write: func(w io.Writer) error {
			text, err := c.YAML()
			if err != nil {
				return err
			}
			_, err = w.Write(text)
			return err
		}},
		{Name: tokenizerFile, Size: 100 * int64(t.Size()), Write: t.WriteJSON},
	}
}

func tensors(params []*param.Param) []checkpoint.Tensor {
	all := make([]checkpoint.Tensor, len(params))
	for i, p := range params {
		all[i] = checkpoint.Tensor{Name: p.Name, Shape: p.Shape, Data: p.Value}
	}
	return all
}

// A Trained model is one read from a checkpoint, with all that using it takes.
type Trained struct {
	Config    *configs.Run
	Model     *model.CLIP
	Tokenizer *tokenizer.Tokenizer
	Path      string // of the weights

	// Skipped says of newer checkpoints why they were passed over.
	Skipped []error
}

// Open reads a model. Path is a run's workdir, of which the newest checkpoint
// that is whole is taken, one checkpoint folder, or a .safetensors file with
// its config.yaml and tokenizer.json beside it.
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
		t.Path, t.Skipped = c.Path(modelFile), c.Skipped
	}
	dir := filepath.Dir(t.Path)
	if t.Config, err = configs.Load(filepath.Join(dir, configFile), nil, nil); err != nil {
		return nil, err
	}
	if t.Tokenizer, err = tokenizer.Load(filepath.Join(dir, tokenizerFile)); err != nil {
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
	if _, err := os.Stat(filepath.Join(path, modelFile)); err == nil {
		return store.Load(path)
	}
	c, err := store.Latest()
	if errors.Is(err, checkpoint.ErrNotFound) && c == nil {
		return nil, fmt.Errorf("run: %s holds no checkpoint: %w", path, err)
	}
	return c, err
}

// newModel makes a model whose vocabulary is the tokenizer's.
func newModel(c *configs.Run, t *tokenizer.Tokenizer) (*model.CLIP, error) {
	m := c.Model
	if m.Text.VocabSize == 0 {
		m.Text.VocabSize = t.Size()
	}
	if m.Text.VocabSize < t.Size() {
		return nil, fmt.Errorf("run: model.text.vocab_size %d; want at least the tokenizer's %d, or 0 for it", m.Text.VocabSize, t.Size())
	}
	return model.New(m, c.Seed)
}

// load gives the tensors of a file to use.
func load(path string, use func(get func(string) ([]int, []float32, error)) error) error {
	f, err := checkpoint.OpenTensors(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it was only read
	if err := use(f.Float32s); err != nil {
		return fmt.Errorf("%w in %s", err, path)
	}
	return nil
}

// restore reads the model, the moments and the place in the run.
func restore(c *checkpoint.Checkpoint, m *model.CLIP, o *optim.AdamW) (s state, err error) {
	text, err := os.ReadFile(c.Path(stateFile))
	if err != nil {
		return s, fmt.Errorf("run: %w", err)
	}
	if s, err = parseState(text); err != nil {
		return s, fmt.Errorf("run: %s: %w", c.Path(stateFile), err)
	}
	if s.Step != c.Step {
		return s, fmt.Errorf("run: %s: step %d; want that of its checkpoint, %d", c.Path(stateFile), s.Step, c.Step)
	}
	if err := load(c.Path(modelFile), m.Load); err != nil {
		return s, err
	}
	err = load(c.Path(optimizerFile), func(get func(string) ([]int, []float32, error)) error {
		return o.State(func(name string, shape []int, data []float32) error {
			have, values, err := get(name)
			if err != nil {
				return err
			}
			if len(values) != len(data) {
				return fmt.Errorf("run: %s: have %v, want %v", name, have, shape)
			}
			copy(data, values)
			return nil
		})
	})
	o.Resume(s.Step)
	return s, err
}
