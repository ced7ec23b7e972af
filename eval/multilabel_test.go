package eval

import (
	"math"
	"strings"
	"testing"
)

// TestMultilabel checks average precision as scikit-learn's average_precision_score defines
// it, ties included, worked out by hand:
//
//	[1, 0, 1, 0, 1] by [.9, .8, .7, .6, .5]: (1/1 + 2/3 + 3/5) / 3
//	[0, 1, 1, 0, 0] by [.5, .5, .5, .5, .1]: 2/4
//	[0, 0, 0, 1, 0] by [.1, .2, .3, .4, .5]: 1/2
func TestMultilabel(t *testing.T) {
	c := &Classifier{Classes: []string{"a", "b", "c", "none"}, Weights: []float32{1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1}}
	images := []float32{
		.9, .5, .1, 0,
		.8, .5, .2, 0,
		.7, .5, .3, 0,
		.6, .5, .4, 0,
		.5, .1, .5, 0,
	}
	targets := [][]bool{
		{true, false, false, false}, {false, true, false, false}, {true, true, false, false},
		{false, false, true, false}, {true, false, false, false},
	}
	m, err := c.ScoreMultilabel(images, targets)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []float64{0.7555555555555555, 0.5, 0.5, 0} {
		if math.Abs(m.AP[i]-want) > 1e-12 {
			t.Errorf("class %s: average precision %g; want %g", c.Classes[i], m.AP[i], want)
		}
	}
	if want := (0.7555555555555555 + 1) / 4; math.Abs(m.MAP-want) > 1e-12 || m.N != 5 || m.Classes != 4 {
		t.Errorf("%+v; want a mean of %g", m, want)
	}
	if task, metrics := m.Benchmark(); task != "zeroshot_classification" || metrics["mean_average_precision"] != m.MAP {
		t.Errorf("Benchmark: %s, %v", task, metrics)
	}
	for want, targets := range map[string][][]bool{
		"targets of 4 images for 5": targets[:4],
		"image 1 has 1 targets":     {targets[0], {true}, targets[0], targets[0], targets[0]},
	} {
		if _, err := c.ScoreMultilabel(images, targets); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %q", err, want)
		}
	}
}
