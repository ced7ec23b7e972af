package live

import (
	"github.com/goclip/goclip/train"
	"github.com/goclip/goclip/web/page"
)

// maxPoints is the most lines of metrics that are drawn.
const maxPoints = 300

// Curves are the charts of a run. Of many lines, they show some evenly apart,
// and the last.
func Curves(lines []train.Metrics, scores []train.Evaluation) []page.Curve {
	if len(lines) == 0 {
		return nil
	}
	newest := lines[len(lines)-1]
	every := (len(lines) + maxPoints - 1) / maxPoints
	waits := waiting(lines)
	var at []int
	for i := (len(lines) - 1) % every; i < len(lines); i += every {
		at = append(at, i)
	}
	of := func(title string, names []string, values ...func(i int) float64) page.Curve {
		c := page.Curve{Title: title}
		for _, i := range at {
			c.X = append(c.X, float64(lines[i].Step))
		}
		for k, value := range values {
			l := page.Line{Name: names[k]}
			for _, i := range at {
				l.Y = append(l.Y, value(i))
			}
			c.Lines = append(c.Lines, l)
		}
		return c
	}
	loss := of("loss", []string{"loss"}, func(i int) float64 { return lines[i].Loss })
	loss.Marks = []page.Mark{{Name: newest.LnNName(), Y: newest.LnN}}
	if newest.Floor > 0 {
		loss.Marks = append(loss.Marks, page.Mark{Name: "the captions' floor", Y: newest.Floor})
	}
	return []page.Curve{
		loss, accuracies(scores),
		of("logit scale", []string{"logit scale"}, func(i int) float64 { return lines[i].LogitScale }),
		of("cosines", []string{"true pairs", "all others"},
			func(i int) float64 { return lines[i].CosinePairs },
			func(i int) float64 { return lines[i].CosineRest }),
		of("gradient norm", []string{"image tower", "text tower"},
			func(i int) float64 { return lines[i].GradNormImage },
			func(i int) float64 { return lines[i].GradNormText }),
		of("learning rate", []string{"learning rate"}, func(i int) float64 { return lines[i].LearningRate }),
		of("pairs a second", []string{"pairs a second"}, func(i int) float64 { return lines[i].PairsPerSecond }),
		of("waiting for data, % of the time", []string{"waiting"}, func(i int) float64 { return waits[i] }),
	}
}

// waiting is the share of the time of training that each line waited for data,
// in percent.
func waiting(lines []train.Metrics) []float64 {
	all := make([]float64, len(lines))
	before := 0 // the step of the line before
	for i, m := range lines {
		pairs := float64(m.Batch() * (m.Step - before))
		if pairs > 0 {
			all[i] = min(100, 100*m.WaitSeconds*m.PairsPerSecond/pairs)
		}
		before = m.Step
	}
	return all
}

// accuracies draws a line for each set.
func accuracies(scores []train.Evaluation) page.Curve {
	c := page.Curve{Title: "zero-shot top-1, %"}
	sets := map[string]int{}
	for _, e := range scores {
		i, known := sets[e.Set]
		if !known {
			i = len(sets)
			sets[e.Set] = i
			c.Lines = append(c.Lines, page.Line{Name: e.Set})
		}
		if i == 0 {
			c.X = append(c.X, float64(e.Step))
		}
		c.Lines[i].Y = append(c.Lines[i].Y, 100*e.Top1)
	}
	return c
}
