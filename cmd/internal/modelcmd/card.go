package modelcmd

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/goclip/goclip/checkpoint"
	"github.com/goclip/goclip/data/storage"
	"github.com/goclip/goclip/export"
	"github.com/goclip/goclip/run"
	"github.com/goclip/goclip/train"
)

// cardOf says what is known of a model. Of a run's checkpoint these are its data and its
// last scores up to the checkpoint's step.
func cardOf(t *run.Trained) (c export.Card, err error) {
	sum, err := t.Hash()
	if err != nil {
		return c, err
	}
	c.Source = fmt.Sprintf("%s (%s, SHA-256 %s)", filepath.Base(t.Path), t.Format, sum)
	if d := t.Config.Data; d.Train != "" {
		c.Data = append(c.Data, storage.Redact(d.Train))
	}
	for _, s := range t.Config.Data.Sources {
		c.Data = append(c.Data, storage.Redact(s.Data))
	}
	dir := filepath.Dir(t.Path)
	var step int
	name := filepath.Base(dir)
	if _, err := fmt.Sscanf(name, "step-%d", &step); err != nil || name != checkpoint.StepName(step) {
		return c, nil
	}
	c.Scores, err = scores(filepath.Join(dir, "..", "..", run.MetricsFile), step)
	return c, err
}

// scores are the last evaluation of each set up to a step.
func scores(path string, step int) ([]export.Score, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var sets []string
	last := map[string]train.Evaluation{}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var e train.Evaluation
		if json.Unmarshal(lines.Bytes(), &e) != nil || e.Set == "" || e.Step > step {
			continue // another kind of line, or one that is being written
		}
		if _, ok := last[e.Set]; !ok {
			sets = append(sets, e.Set)
		}
		last[e.Set] = e
	}
	var all []export.Score
	for _, set := range sets {
		all = append(all, scoresOf(last[set])...)
	}
	return all, lines.Err()
}

func scoresOf(e train.Evaluation) (all []export.Score) {
	if a := e.Accuracy; a != nil {
		all = append(all, export.Score{
			What:  fmt.Sprintf("zero-shot top-1 on %s (%d pairs, %d classes, after step %d)", e.Set, a.N, a.Classes, e.Step),
			Value: fmt.Sprintf("%.1f %% (95 %% interval %.1f to %.1f)", 100*a.Top1, 100*a.Low, 100*a.High),
		})
	}
	if p := e.PairScores; p != nil {
		all = append(all, export.Score{
			What: fmt.Sprintf("R@1/5/10 on %s (%d images, %d captions, after step %d)", e.Set, p.Images, p.Captions, e.Step),
			Value: fmt.Sprintf("captions %.1f/%.1f/%.1f %%, images %.1f/%.1f/%.1f %%",
				100*p.ImageToTextR1, 100*p.ImageToTextR5, 100*p.ImageToTextR10,
				100*p.TextToImageR1, 100*p.TextToImageR5, 100*p.TextToImageR10),
		})
	}
	return all
}
