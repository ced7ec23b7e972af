package evalcmd

import (
	"errors"
	"html/template"
	"os"
	"path/filepath"

	"github.com/goclip/goclip/web/live"
)

// curves draws a run's metrics.jsonl. Without such a file there are none. A floor
// of the loss, unless it is 0, is drawn in place of the run's own.
func curves(path string, floor float64) (all []template.HTML, err error) {
	if _, err := os.Stat(path); err != nil {
		return nil, nil // a checkpoint of its own, or a file
	}
	s := live.Open(filepath.Dir(path)).State()
	if s.Problem != "" {
		return nil, errors.New("eval: " + s.Problem)
	}
	if n := len(s.Lines); n > 0 && floor > 0 {
		s.Lines[n-1].Floor = floor
	}
	for _, c := range live.Curves(s.Lines, s.Scores) {
		if chart := c.HTML(); chart != "" {
			all = append(all, chart)
		}
	}
	return all, nil
}
