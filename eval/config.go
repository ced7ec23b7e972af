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

// Config says what the evaluations during a run classify.
type Config struct {
	// Classes is a text file with one class name a line; the label of a row is
	// the number of its line, from 0. Empty means no evaluation during the run.
	Classes string `yaml:"classes"`

	// Templates is a text file with one prompt a line, in which {} is the place
	// of the class name; empty means DefaultTemplate alone.
	Templates string `yaml:"templates"`

	// Sets are labeled shards with a name each, evaluated apart; empty means
	// the shards of data.val, as one set.
	Sets []Set `yaml:"sets"`

	// Batch is the number of images, or of prompts, in one forward pass; 0
	// means 64.
	Batch int `yaml:"batch"`
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
	if len(c.Sets) > 0 && c.Classes == "" {
		return fmt.Errorf("eval: sets without classes; want both")
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
