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
	"github.com/goclip/goclip/model"
	"github.com/goclip/goclip/train"
)

// The files of a checkpoint.
const (
	modelFile     = "model.safetensors"
	optimizerFile = "optimizer.safetensors"
	emaFile       = "ema.safetensors" // where optim.ema_decay asks for it
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
func (r *Run) files(s state) []checkpoint.File {
	size := int64(4 * r.model.Config().ParamCount())
	loadable := map[string]string{"format": "pt"} // as open_clip wants it
	all := []checkpoint.File{
		{Name: modelFile, Size: size, Write: func(w io.Writer) error {
			return checkpoint.WriteTensors(w, tensors(r.model.Params()), loadable)
		}},
		{Name: optimizerFile, Size: 2 * size, Write: func(w io.Writer) error { return writeState(w, r.optim.State, nil) }},
		{Name: stateFile, Write: func(w io.Writer) error {
			text, err := json.MarshalIndent(s, "", " ")
			if err != nil {
				return err
			}
			_, err = w.Write(append(text, '\n'))
			return err
		}},
		{Name: configFile, Write: func(w io.Writer) error {
			text, err := r.Config.YAML()
			if err != nil {
				return err
			}
			_, err = w.Write(text)
			return err
		}},
		{Name: tokenizerFile, Size: 100 * int64(r.tokenizer.Size()), Write: r.tokenizer.WriteJSON},
	}
	if r.ema != nil {
		all = append(all, checkpoint.File{Name: emaFile, Size: size, Write: func(w io.Writer) error { return writeState(w, r.ema.State, loadable) }})
	}
	return all
}

// A visitor goes through the tensors of a state: those of a file.
type visitor = func(visit func(name string, shape []int, data []float32) error) error

func writeState(w io.Writer, state visitor, metadata map[string]string) error {
	var all []checkpoint.Tensor
	err := state(func(name string, shape []int, data []float32) error {
		all = append(all, checkpoint.Tensor{Name: name, Shape: shape, Data: data})
		return nil
	})
	if err != nil {
		return err
	}
	return checkpoint.WriteTensors(w, all, metadata)
}

func tensors(params []*model.Param) []checkpoint.Tensor {
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
// its config.yaml and tokenizer.json beside it. Of a checkpoint that has the
// moving average of the parameters, that is the model.
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
		if _, err := os.Stat(c.Path(emaFile)); err == nil {
			t.Path = c.Path(emaFile)
		}
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

// restore reads the model, the moments, the averages and the place in the run.
func (r *Run) restore(c *checkpoint.Checkpoint) (s state, err error) {
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
	if err := load(c.Path(modelFile), r.model.Load); err != nil {
		return s, err
	}
	if err := loadState(c.Path(optimizerFile), r.optim.State); err != nil {
		return s, err
	}
	if r.ema != nil {
		if err := loadState(c.Path(emaFile), r.ema.State); err != nil {
			return s, err
		}
	}
	r.optim.Resume(s.Step)
	return s, nil
}

func loadState(path string, state visitor) error {
	return load(path, func(get func(string) ([]int, []float32, error)) error {
		return state(func(name string, shape []int, data []float32) error {
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
}
