package run

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/goclip/goclip/train"
)

// finished is the result of a run that had been trained to its end before.
func (s *session) finished() (*Result, error) {
	steps := s.config.Train.Steps
	scores, err := s.folder.scores(steps)
	if err != nil {
		return nil, err
	}
	return &Result{
		Config: s.config, Step: steps, Done: true, Evaluations: scores, Classes: s.inputs.classes,
		Weights:    filepath.Join(s.folder.store.Path(steps), ModelFile),
		LogitScale: s.model.LogitScale(),
	}, nil
}

// scores are the evaluations after a step, as they were written.
func (f *folder) scores(step int) (all []train.Evaluation, err error) {
	text, err := os.ReadFile(f.path(MetricsFile))
	if err != nil {
		return nil, fmt.Errorf("run: %w", err)
	}
	for line := range bytes.Lines(text) {
		var e train.Evaluation
		if json.Unmarshal(line, &e) == nil && e.Set != "" && e.Step == step {
			all = append(all, e)
		}
	}
	return all, nil
}
