// Package eval measures what a model has learned: zero-shot accuracy, retrieval,
// linear probes, calibration, the difference between two models, and which
// classes training never named. Its metrics are functions of embeddings and
// labels; an Embedder makes the embeddings, and class lists and templates the
// prompts.
//
// Embeddings are rows of length 1 in one slice: (N, E) is N rows of E numbers.
// Functions that take a [model.Pool] share it with others; nil is the pool that
// the process shares.
package eval

import "fmt"

// Config says what the evaluations during a run measure: of captions the loss and
// recall, of labels zero-shot accuracy.
type Config struct {
	// Classes is a text file with one class name a line; the label of a row is
	// the number of its line, from 0. Empty means that nothing is classified.
	Classes string `yaml:"classes"`

	// Templates is a text file with one prompt a line, in which {} is the place
	// of the class name; empty means DefaultTemplate alone.
	Templates string `yaml:"templates"`

	// Sets are shards with a name each, evaluated apart: of one with captions the loss
	// and recall, of one with labels the accuracy. Empty means the shards of data.val, as
	// one set.
	Sets []Set `yaml:"sets"`

	// Batch is the number of images, or of prompts, in one forward pass; 0
	// means 64.
	Batch int `yaml:"batch"`

	// MaxPairs is the number of images of each set whose captions are evaluated, always
	// the same ones, drawn by the seed and held in memory as encoded files. 0 means up to
	// 1000, so few that all sets together take about 0.3 % of the computation of
	// training, and less than 1 % of its time, but at least train.batch; negative means none. It does not bound what is
	// classified.
	MaxPairs int `yaml:"max_pairs"`
}

// Bounds of what MaxPairs 0 means: the share of the computation of training, and images.
// Decoding and float32, where training is bfloat16, come on top.
const (
	evalShare = 0.003
	evalPairs = 1000
)

// Pairs is the number of images of each of some sets whose captions are evaluated. The cost of an image with its captions, and of a pair and step of
// training, are in the same unit; every is the number of steps between two evaluations.
func (c Config) Pairs(sets, batch, every int, cost, stepCost float64) int {
	switch {
	case c.MaxPairs < 0:
		return 0
	case c.MaxPairs > 0:
		return c.MaxPairs
	}
	share := evalShare * float64(every) * float64(batch) * stepCost / (float64(max(1, sets)) * cost)
	return max(batch, int(min(evalPairs, share)))
}

// MostPairs is what Pairs is at most.
func (c Config) MostPairs(batch int) int {
	if c.MaxPairs == 0 {
		return max(batch, evalPairs)
	}
	return max(0, c.MaxPairs)
}

// SetDefaults fills in what 0 leaves open.
func (c *Config) SetDefaults() {
	if c.Batch == 0 {
		c.Batch = 64
	}
}

// Validate reports the first field that cannot work.
func (c Config) Validate() error {
	if c.Batch < 0 {
		return fmt.Errorf("eval: batch %d is negative", c.Batch)
	}
	for i, s := range c.Sets {
		if s.Name == "" || s.Data == "" {
			return fmt.Errorf("eval: sets[%d]: name %q, data %q; want both", i, s.Name, s.Data)
		}
	}
	if c.Templates != "" && c.Classes == "" {
		return fmt.Errorf("eval: templates %s without classes; want both", c.Templates)
	}
	return nil
}

// A Set is a part of the validation data with a name of its own, such as the
// classes that training never shows.
type Set struct {
	Name string `yaml:"name"` // Name stands in the log and in the metrics.
	Data string `yaml:"data"` // Data is patterns, as data.val.
}
