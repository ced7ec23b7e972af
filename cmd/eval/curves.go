package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"os"

	"github.com/goclip/goclip/internal/page"
	"github.com/goclip/goclip/train"
)

// curves draws a run's metrics.jsonl. Without such a file there are none. A floor
// of the loss that is not 0 is drawn, too.
func curves(path string, floor float64) ([]template.HTML, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("eval: %w", err)
	}
	defer f.Close()
	var lines []train.Metrics
	var evaluations page.Curve
	evaluations.Title = "top-1 of evaluations, %"
	sets := map[string]int{}
	for scan := bufio.NewScanner(f); scan.Scan(); {
		var set struct {
			Step int
			Set  string
			Top1 float64
		}
		var m train.Metrics
		switch {
		case json.Unmarshal(scan.Bytes(), &set) != nil || json.Unmarshal(scan.Bytes(), &m) != nil:
			continue // a run that was killed may have left half a line
		case set.Set == "":
			lines = append(lines, m)
			continue
		}
		i, known := sets[set.Set]
		if !known {
			i = len(sets)
			sets[set.Set] = i
			evaluations.Lines = append(evaluations.Lines, page.Line{Name: set.Set})
		}
		if i == 0 {
			evaluations.X = append(evaluations.X, float64(set.Step))
		}
		evaluations.Lines[i].Y = append(evaluations.Lines[i].Y, 100*set.Top1)
	}
	if len(lines) == 0 {
		return nil, nil
	}
	of := func(title string, names []string, values ...func(train.Metrics) float64) page.Curve {
		c := page.Curve{Title: title}
		for i, value := range values {
			c.Lines = append(c.Lines, page.Line{Name: names[i]})
			for _, m := range lines {
				c.Lines[i].Y = append(c.Lines[i].Y, value(m))
			}
		}
		for _, m := range lines {
			c.X = append(c.X, float64(m.Step))
		}
		return c
	}
	loss := of("loss", []string{"loss"}, func(m train.Metrics) float64 { return m.Loss })
	loss.Marks = []page.Mark{{Name: "ln N", Y: lines[0].LnN}}
	if floor > 0 {
		loss.Marks = append(loss.Marks, page.Mark{Name: "the captions' floor", Y: floor})
	}
	var all []template.HTML
	for _, c := range []page.Curve{
		loss, evaluations,
		of("logit scale", []string{"logit scale"}, func(m train.Metrics) float64 { return m.LogitScale }),
		of("cosines", []string{"true pairs", "all others"}, func(m train.Metrics) float64 { return m.CosinePairs }, func(m train.Metrics) float64 { return m.CosineRest }),
		of("gradient norm", []string{"gradient norm"}, func(m train.Metrics) float64 { return m.GradNorm }),
		of("learning rate", []string{"learning rate"}, func(m train.Metrics) float64 { return m.LearningRate }),
	} {
		if svg := c.SVG(); svg != "" {
			all = append(all, svg)
		}
	}
	return all, nil
}
