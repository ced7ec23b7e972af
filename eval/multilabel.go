package eval

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/goclip/goclip/eval/embeddings"
)

// A Multilabel is how well the classes of images that have any number of them are found.
type Multilabel struct {
	N       int `json:"n"`
	Classes int `json:"classes"`

	// MAP is the mean of AP, the average precision of each class: of the images in the
	// order of their cosines, the mean over those of the class of the share of the class
	// among the images down to there. Images of one cosine count as one place. A class
	// without an image has 0, as in CLIP_benchmark.
	MAP float64   `json:"map"`
	AP  []float64 `json:"ap"` // (C)
}

// ScoreMultilabel scores images (N, E), of which each has the classes for which its
// targets (N, C) are true.
func (c *Classifier) ScoreMultilabel(images []float32, targets [][]bool) (m Multilabel, err error) {
	e := len(c.Weights) / len(c.Classes)
	if err := embeddings.Check("images", images, e); err != nil {
		return m, err
	}
	n := len(images) / e
	m = Multilabel{N: n, Classes: len(c.Classes), AP: make([]float64, len(c.Classes))}
	if len(targets) != n {
		return m, fmt.Errorf("eval: targets of %d images for %d; want one for each", len(targets), n)
	}
	cosines := make([][]float64, n)
	for i := range cosines {
		if len(targets[i]) != m.Classes {
			return m, fmt.Errorf("eval: image %d has %d targets; want %d, one for each class", i, len(targets[i]), m.Classes)
		}
		cosines[i] = make([]float64, m.Classes)
		c.Cosines(cosines[i], images[i*e:][:e])
	}
	order := make([]int, n)
	for class := range m.AP {
		for i := range order {
			order[i] = i
		}
		slices.SortFunc(order, func(a, b int) int { return cmp.Compare(cosines[b][class], cosines[a][class]) })
		m.AP[class] = averagePrecision(order, func(i int) float64 { return cosines[i][class] },
			func(i int) bool { return targets[i][class] })
		m.MAP += m.AP[class] / float64(m.Classes)
	}
	return m, nil
}

// averagePrecision is that of images in an order of descending scores.
func averagePrecision(order []int, score func(i int) float64, is func(i int) bool) float64 {
	hits, before, sum := 0, 0, 0.0
	for at, i := range order {
		if is(i) {
			hits++
		}
		if at+1 < len(order) && score(order[at+1]) == score(i) {
			continue // one place
		}
		sum += float64(hits-before) * float64(hits) / float64(at+1)
		before = hits
	}
	return sum / float64(max(1, hits))
}

// Benchmark names the task of m and its metric.
func (m Multilabel) Benchmark() (task string, metrics Metrics) {
	return "zeroshot_classification", Metrics{"mean_average_precision": m.MAP}
}
