package checkpoint

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// A Saved is a checkpoint as its folder shows it, without a look at its bytes.
type Saved struct {
	Step  int       `json:"step"`
	Bytes int64     `json:"bytes"`
	Time  time.Time `json:"time"` // of its manifest, the last file
}

// List returns the checkpoints that there are, newest first. Whether they are
// whole is for Load to find.
func (s *Store) List() (all []Saved, err error) {
	steps, err := s.steps()
	if err != nil {
		return nil, err
	}
	for _, step := range steps {
		saved, err := stat(s.Path(step))
		if errors.Is(err, fs.ErrNotExist) {
			continue // removed meanwhile
		}
		if err != nil {
			return nil, fmt.Errorf("checkpoint: %w", err)
		}
		saved.Step = step
		all = append(all, saved)
	}
	return all, nil
}

func stat(dir string) (s Saved, err error) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return s, err
	}
	for _, f := range files {
		info, err := f.Info()
		if err != nil {
			return s, err
		}
		s.Bytes += info.Size()
		if f.Name() == manifestName {
			s.Time = info.ModTime()
		}
	}
	return s, nil
}
