// Package configs puts together what a run may set: one struct of the other
// packages' configs, read from a recipe, the environment and --set. Recipes that
// come with the program are embedded, with the files that they name.
//
//go:generate go run ./gen
package configs

import (
	"fmt"
	"path"
	"path/filepath"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/goclip/goclip/checkpoint"
	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/data/storage"
	"github.com/goclip/goclip/data/synth"
	"github.com/goclip/goclip/data/tokenizer"
	"github.com/goclip/goclip/eval"
	"github.com/goclip/goclip/model"
	"github.com/goclip/goclip/optim"
	"github.com/goclip/goclip/train"
)

// Run is everything that a run may set. Its YAML after Load repeats the run.
type Run struct {
	// Seed is the only source of randomness: initial values, order, crops.
	Seed uint64 `yaml:"seed"`

	World      World             `yaml:"world"`
	Data       data.Config       `yaml:"data"`
	Tokenizer  tokenizer.Config  `yaml:"tokenizer"`
	Model      model.Config      `yaml:"model"`
	Optim      optim.Config      `yaml:"optim"`
	Train      train.Config      `yaml:"train"`
	Checkpoint checkpoint.Config `yaml:"checkpoint"`
	Eval       eval.Config       `yaml:"eval"`
}

// World is a set of pictures of shapes with captions that the program draws
// before the run begins, so that a run needs no data: the quickstart's.
type World struct {
	// Dir is the folder of the drawn shards, relative to the current folder; they
	// are drawn unless they are there already. Empty means that nothing is drawn.
	// Where Dir is set and neither data.train nor data.sources is, training reads
	// its training shards.
	Dir string `yaml:"dir"`

	Draw synth.Config `yaml:"draw"`
}

// Default is the run that a recipe starts from. The sizes of the model, the
// batch and the length of the run have no default.
func Default() Run {
	r := Run{Optim: optim.Default()}
	r.SetDefaults()
	return r
}

// SetDefaults fills in the fields whose zero means a default, part by part.
func (r *Run) SetDefaults() {
	if r.World.Dir != "" && r.Data.Train == "" && len(r.Data.Sources) == 0 {
		r.Data.Train = path.Join(filepath.ToSlash(r.World.Dir), synth.Train.String()+"-*.parquet")
	}
	unset := r.Tokenizer.VocabSize == 0
	for _, part := range []interface{ SetDefaults() }{&r.World.Draw, &r.Data, &r.Tokenizer, &r.Model, &r.Optim, &r.Train, &r.Eval} {
		part.SetDefaults()
	}
	if r.Model.Loss == model.Sigmoid && r.Model.LogitBias == 0 && r.Train.Batch > 1 {
		r.Model.LogitBias = model.AutoLogitBias(r.Train.Batch)
	}
	if n := r.Model.Text.VocabSize; unset && n >= tokenizer.MinVocabSize { // a trained vocabulary has to fit
		r.Tokenizer.VocabSize = min(r.Tokenizer.VocabSize, n)
	}
}

// Validate reports the first field that cannot work, alone or beside another.
// It opens nothing.
func (r *Run) Validate() error {
	if m := r.Model; m.EmbedDim == 0 && m.Image.Size == 0 && m.Text.Width == 0 {
		if m.From != "" {
			return fmt.Errorf("configs: model.from %s with a model of no sizes; want a config of Load, which takes them "+
				"from there", m.From)
		}
		return fmt.Errorf("configs: model has no sizes, and model.from is empty; want weights to start from, " +
			"such as --set model.from=runs/a, or model.embed_dim and the others")
	}
	if r.Model.LoRA.On() && r.Model.From == "" {
		return fmt.Errorf("configs: model.lora.rank %d without model.from: adapters of random weights, which are frozen; "+
			"want weights to start from, or rank 0", r.Model.LoRA.Rank)
	}
	for _, part := range []interface{ Validate() error }{
		r.Model, r.Tokenizer, r.Data, r.Train, r.Optim, r.Checkpoint, r.Eval, r.World.Draw,
	} {
		if err := part.Validate(); err != nil {
			return err
		}
	}
	switch {
	case r.Data.Train == "" && len(r.Data.Sources) == 0:
		return fmt.Errorf("configs: data.train is empty; want Parquet files, such as --set data.train='shards/*.parquet'")
	case r.Optim.Warmup >= r.Train.Steps:
		return fmt.Errorf("configs: optim.warmup %d is not less than train.steps %d: the run would never reach its learning rate",
			r.Optim.Warmup, r.Train.Steps)
	case r.Optim.Warmup >= r.Train.Steps-r.Optim.RewarmedFrom:
		return fmt.Errorf("configs: optim.warmup %d is not less than the %d of train.steps after optim.rewarmed_from",
			r.Optim.Warmup, r.Train.Steps-r.Optim.RewarmedFrom)
	case r.Checkpoint.Best != "" && r.Train.EvalEvery == 0:
		return fmt.Errorf("configs: checkpoint.best %s without train.eval_every: there is one evaluation, at the end; "+
			"want steps between evaluations", r.Checkpoint.Best)
	case r.Optim.Cooldown >= r.Train.Steps-r.Optim.RewarmedFrom-r.Optim.Warmup:
		return fmt.Errorf("configs: optim.cooldown %d is not less than the %d of train.steps after optim.warmup",
			r.Optim.Cooldown, r.Train.Steps-r.Optim.RewarmedFrom-r.Optim.Warmup)
	case r.Model.Text.VocabSize != 0 && r.Tokenizer.Path == "" && r.Model.From == "" && r.Model.Text.VocabSize < r.Tokenizer.VocabSize:
		return fmt.Errorf("configs: model.text.vocab_size %d is less than tokenizer.vocab_size %d; want 0, which takes the tokenizer's",
			r.Model.Text.VocabSize, r.Tokenizer.VocabSize)
	}
	return nil
}

// redacted is r without secrets.
func (r *Run) redacted() *Run {
	shown := *r
	shown.Data.Sources, shown.Eval.Sets = slices.Clone(r.Data.Sources), slices.Clone(r.Eval.Sets)
	texts := []*string{&shown.Data.Train, &shown.Data.Val}
	for i := range shown.Data.Sources {
		texts = append(texts, &shown.Data.Sources[i].Data)
	}
	for i := range shown.Eval.Sets {
		texts = append(texts, &shown.Eval.Sets[i].Data)
	}
	for _, text := range texts {
		*text = storage.Redact(*text)
	}
	return &shown
}

// YAML is the run in full: Load of it repeats the run. Only the addresses of
// signed data lack their signatures, which are secrets and must be given again.
func (r *Run) YAML() ([]byte, error) {
	text, err := yaml.Marshal(r.redacted())
	if err != nil {
		return nil, fmt.Errorf("configs: %w", err)
	}
	return text, nil
}
