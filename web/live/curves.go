package live

import (
	"slices"

	"github.com/goclip/goclip/train"
	"github.com/goclip/goclip/web/page"
)

// maxPoints is about the most lines of metrics that are drawn.
const maxPoints = 300

// Curves are the charts of a run. Of many lines, they show the first, some evenly
// apart, and the last.
func Curves(lines []train.Metrics, scores []train.Evaluation) []page.Curve {
	if len(lines) == 0 {
		return nil
	}
	newest, waits, at := lines[len(lines)-1], waiting(lines), shown(len(lines))
	x := make([]float64, len(at))
	for k, i := range at {
		x[k] = float64(lines[i].Step)
	}
	of := func(title string, names []string, values ...func(i int) float64) page.Curve {
		c := page.Curve{Title: title}
		for k, value := range values {
			l := page.Line{Name: names[k], X: x, Color: k}
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
	cosines := of("cosines", []string{"true pairs", "all others"},
		func(i int) float64 { return lines[i].CosinePairs },
		func(i int) float64 { return lines[i].CosineRest })
	cosines.High = 1
	wait := of("waiting for data, % of the time", []string{"waiting"}, func(i int) float64 { return waits[i] })
	wait.High = 100
	return slices.Concat([]page.Curve{loss}, pairCurves(scores), []page.Curve{
		accuracies(scores),
		of("logit scale", []string{"logit scale"}, func(i int) float64 { return lines[i].LogitScale }),
		cosines,
		of("gradient norm", []string{"image tower", "text tower"},
			func(i int) float64 { return lines[i].GradNormImage },
			func(i int) float64 { return lines[i].GradNormText }),
		of("learning rate", []string{"learning rate"}, func(i int) float64 { return lines[i].LearningRate }),
		of("pairs a second", []string{"pairs a second"}, func(i int) float64 { return lines[i].PairsPerSecond }),
		wait,
	})
}

// shown are the places of n lines that are drawn.
func shown(n int) (at []int) {
	every := (n + maxPoints - 1) / maxPoints
	for i := (n - 1) % every; i < n; i += every {
		at = append(at, i)
	}
	if at[0] != 0 {
		at = append([]int{0}, at...)
	}
	return at
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

// accuracies draws a line for each set with labels.
func accuracies(scores []train.Evaluation) page.Curve {
	c := page.Curve{Title: "zero-shot top-1, %"}
	for _, of := range bySet(scores) {
		of.draw(&c, of.set, func(e train.Evaluation) (float64, bool) {
			if e.Accuracy == nil {
				return 0, false
			}
			return 100 * e.Top1, true
		})
	}
	return c
}

// A series is the scores of one set, in the order of their steps.
type series struct {
	set    string
	scores []train.Evaluation
}

func bySet(scores []train.Evaluation) (all []series) {
	at := map[string]int{}
	for _, e := range scores {
		i, known := at[e.Set]
		if !known {
			i = len(all)
			at[e.Set], all = i, append(all, series{set: e.Set})
		}
		all[i].scores = append(all[i].scores, e)
	}
	return all
}

// draw adds a line of a number to a chart, if the set has it.
func (s series) draw(c *page.Curve, name string, number func(train.Evaluation) (float64, bool)) {
	l := page.Line{Name: name, Color: len(c.Lines)}
	for _, e := range s.scores {
		if y, ok := number(e); ok {
			l.X, l.Y = append(l.X, float64(e.Step)), append(l.Y, y)
		}
	}
	if len(l.X) > 0 {
		c.Lines = append(c.Lines, l)
	}
}

// pairCurves draw the validation loss of all sets, and the recall of each.
func pairCurves(scores []train.Evaluation) []page.Curve {
	loss := page.Curve{Title: "validation loss"}
	var all []page.Curve
	for _, s := range bySet(scores) {
		of := func(number func(*train.PairScores) float64) func(train.Evaluation) (float64, bool) {
			return func(e train.Evaluation) (float64, bool) {
				if e.PairScores == nil {
					return 0, false
				}
				return number(e.PairScores), true
			}
		}
		s.draw(&loss, s.set, of(func(p *train.PairScores) float64 { return p.Loss }))
		recall := page.Curve{Title: s.set + ": R@1, %"}
		s.draw(&recall, "image of caption", of(func(p *train.PairScores) float64 { return 100 * p.TextToImageR1 }))
		s.draw(&recall, "caption of image", of(func(p *train.PairScores) float64 { return 100 * p.ImageToTextR1 }))
		if last := s.scores[len(s.scores)-1]; last.PairScores != nil {
			loss.Marks = []page.Mark{{Name: "guessing", Y: last.LnN}}
			recall.Marks = []page.Mark{{Name: "chance", Y: 100 * last.Chance(1)}}
		}
		all = append(all, recall)
	}
	return append([]page.Curve{loss}, all...)
}
