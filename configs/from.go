package configs

import (
	"fmt"
	"math"
	"path/filepath"

	"github.com/goclip/goclip/data/tokenizer"
	"github.com/goclip/goclip/model"
)

// take puts the sections model, data.preprocess and tokenizer of the source that the
// layers name as model.from in those of base. What the layers set goes over them. It
// returns what model.from becomes: the absolute path of one checkpoint, so that the
// run's own YAML repeats the run while the source goes on. Without a source, base stays
// as it is.
func (l layers) take(base *Run) (from string, err error) {
	architecture := l.GetString("model.architecture")
	if l.GetString("model.from") == "" {
		if architecture != "" {
			return "", fmt.Errorf("configs: model.architecture %s without model.from; want the file of its weights",
				architecture)
		}
		return "", nil
	}
	s, err := OpenSource(findFile(l.GetString("model.from"), l.from["model.from"]), architecture)
	if err != nil {
		return "", fmt.Errorf("configs: model.from: %w", err)
	}
	m := s.Config.Model
	m.Architecture = ""         // of what the source started from
	m.Image.PatchDropout = 0    // of training, not of the model
	m.LoRA = model.LoRAConfig{} // merged into its matrices
	if m.Loss == model.Sigmoid {
		if m.LogitBias, err = s.logitBias(); err != nil {
			return "", err
		}
	}
	preprocess := s.Config.Data.Preprocess
	preprocess.Augment = base.Data.Preprocess.Augment // of training, not of the model
	l.follow(&m)
	if size := l.GetInt("model.image.size"); size > 0 && m.Image.Size > 0 {
		scale := float64(size) / float64(m.Image.Size)
		preprocess.ResizeSize = int(math.Round(scale * float64(preprocess.ResizeSize)))
	}
	standard := base.Tokenizer.VocabSize
	base.Model, base.Data.Preprocess, base.Tokenizer = m, preprocess, tokenizer.Config{VocabSize: standard}
	if n := l.GetInt("tokenizer.vocab_size"); l.GetString("tokenizer.path") == "" && n != 0 && n != standard {
		return "", fmt.Errorf("configs: tokenizer.vocab_size %d with model.from, whose vocabulary of %d tokens stays; "+
			"want tokenizer.path for another", n, s.Tokenizer.Size())
	}
	return s.from, nil
}

// follow clears the fields of a source's model that follow others of its fields, where
// the layers set those.
func (l layers) follow(m *model.Config) {
	if m.Image.Activation == m.Activation {
		m.Image.Activation = ""
	}
	if m.Text.Activation == m.Activation {
		m.Text.Activation = ""
	}
	if l.GetString("model.loss") == model.Softmax {
		m.LogitBias = 0
	}
	if l.GetString("tokenizer.path") != "" { // the end of another vocabulary has another id
		m.Text.VocabSize, m.Text.EOTID = 0, 0
	}
}

// keepFrom gives now the model.from of a run that began, if it says the same: the run
// has recorded which checkpoint of the folder it was.
func keepFrom(began, now *Run) {
	if now.Model.From == "" || now.Model.From == began.Model.From {
		return
	}
	full, err := filepath.Abs(now.Model.From)
	if err != nil {
		return // Difference says that it is another
	}
	if full == began.Model.From || full == filepath.Dir(filepath.Dir(began.Model.From)) {
		now.Model.From = began.Model.From
	}
}
