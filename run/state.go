package run

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/goclip/goclip/checkpoint"
	"github.com/goclip/goclip/configs"
	"github.com/goclip/goclip/export"
	"github.com/goclip/goclip/model"
	"github.com/goclip/goclip/train"
)

// Files of a checkpoint. A run's folder has its config as well.
const (
	ModelFile     = configs.ModelFile
	OptimizerFile = "optimizer.safetensors"
	EMAFile       = configs.EMAFile
	StateFile     = "state.json"
	ConfigFile    = configs.ConfigFile
	TokenizerFile = configs.TokenizerFile
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

	// Source is what the run started from (model.from), if it did.
	Source *source `json:"source,omitempty"`

	Watch train.Watch `json:"watch"`

	Best *best `json:"best,omitempty"` // where checkpoint.best asks for one
}

// parseState reads a state whose numbers fit each other.
func parseState(text []byte) (s state, err error) {
	if err := json.Unmarshal(text, &s); err != nil {
		return s, err
	}
	if s.Step < 0 || s.Batch < 1 || s.Rows < 1 || s.Pairs < 0 || s.Pairs/int64(s.Batch) != int64(s.Step) ||
		s.Pairs%int64(s.Batch) != 0 {
		return s, fmt.Errorf("step %d, %d pairs, batch %d, %d rows; want pairs = step x batch", s.Step, s.Pairs,
			s.Batch, s.Rows)
	}
	return s, nil
}

// readState reads the place of a checkpoint.
func readState(c *checkpoint.Checkpoint) (s state, err error) {
	text, err := os.ReadFile(c.Path(StateFile))
	if err != nil {
		return s, fmt.Errorf("run: %w", err)
	}
	if s, err = parseState(text); err != nil {
		return s, fmt.Errorf("run: %s: %w", c.Path(StateFile), err)
	}
	if s.Step != c.Step {
		return s, fmt.Errorf("run: %s: step %d; want the step of its checkpoint, %d", c.Path(StateFile), s.Step, c.Step)
	}
	return s, nil
}

// files lists what a checkpoint of the run holds.
func files(p *parts, t *train.Trainer, s state) []checkpoint.File {
	size := int64(4 * p.model.Config().ParamCount())
	loadable := map[string]string{"format": "pt"} // as open_clip wants it
	all := []checkpoint.File{
		{Name: ModelFile, Size: size, Write: func(w io.Writer) error {
			return checkpoint.WriteTensors(w, tensors(p.model.Params()), loadable)
		}},
		{Name: OptimizerFile, Size: 8 * int64(p.model.TrainableCount()), Write: func(w io.Writer) error {
			return writeTensors(w, t.Optim.State, nil)
		}},
		{Name: StateFile, Write: func(w io.Writer) error {
			text, err := json.MarshalIndent(s, "", " ")
			if err != nil {
				return err
			}
			_, err = w.Write(append(text, '\n'))
			return err
		}},
		{Name: ConfigFile, Write: func(w io.Writer) error {
			text, err := p.config.YAML()
			if err != nil {
				return err
			}
			_, err = w.Write(text)
			return err
		}},
		{Name: TokenizerFile, Size: 100 * int64(p.tokenizer.Size()), Write: p.tokenizer.WriteJSON},
	}
	all = append(all, p.openCLIP()...)
	if t.EMA != nil {
		all = append(all, checkpoint.File{Name: EMAFile, Size: size,
			Write: func(w io.Writer) error { return writeTensors(w, t.EMA.State, loadable) }})
	}
	return all
}

// openCLIP are the files with which open_clip reads a checkpoint (local-dir:). There are
// none of an architecture, or a preprocessing, that it does not have.
func (p *parts) openCLIP() []checkpoint.File {
	all, err := export.OpenCLIPFiles(export.Model{
		CLIP: p.model, Preprocess: p.config.Data.Preprocess, Tokenizer: p.tokenizer,
	})
	if err != nil {
		return nil
	}
	return all
}

// A visitor goes through the tensors of a file.
type visitor = func(visit func(name string, shape []int, data []float32) error) error

func writeTensors(w io.Writer, of visitor, metadata map[string]string) error {
	var all []checkpoint.Tensor
	err := of(func(name string, shape []int, data []float32) error {
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

// restore gives a trainer the parameters, moments, averages and the place of a
// checkpoint.
func restore(c *checkpoint.Checkpoint, t *train.Trainer) error {
	s, err := readState(c)
	if err != nil {
		return err
	}
	if err := load(c.Path(ModelFile), t.Model.Load); err != nil {
		return err
	}
	if err := readTensors(c.Path(OptimizerFile), t.Optim.State); err != nil {
		return err
	}
	if t.EMA != nil {
		if err := readTensors(c.Path(EMAFile), t.EMA.State); err != nil {
			return err
		}
	}
	t.Optim.Resume(s.Step)
	t.Watch = s.Watch
	return nil
}

func readTensors(path string, into visitor) error {
	return load(path, func(get func(string) ([]int, []float32, error)) error {
		return into(func(name string, shape []int, data []float32) error {
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
