// Package eval measures what a model has learned: pure functions of embeddings
// and labels, and the class list and prompts they need.
package eval

import "fmt"

// Config says what the evaluations during a run classify.
type Config struct {
	// Classes is a text file with one class name a line; the label of a row is
	// the number of its line, from 0. Empty means no evaluation during the run.
	Classes string `yaml:"classes"`

	// Templates is a text file with one prompt a line, in which {} stands for
	// the class name; empty means the single prompt "a photo of a {}".
	Templates string `yaml:"templates"`

	// Sets are labelled shards with a name each, evaluated apart; empty means
	// the shards of data.val, as one set.
	Sets []Set `yaml:"sets"`

	// Batch is the number of images, or of prompts, in one forward pass; 0
	// means 64.
	Batch int `yaml:"batch"`
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
