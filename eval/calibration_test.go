package eval

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// goldenClassifier has the golden classes, one prompt each.
func goldenClassifier(t *testing.T, g *golden) *Classifier {
	t.Helper()
	c, err := NewClassifier([]string{"a", "b", "c", "d", "e", "f"}, g.classes, 1)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestZeroShotGolden(t *testing.T) {
	g := readGolden(t)
	c := goldenClassifier(t, g)
	z, err := c.Score(g.testImages, g.TestLabels)
	if err != nil {
		t.Fatal(err)
	}
	want := g.ZeroShot
	if d := cmp.Diff([]float64{want.Top1, want.Top5, want.MeanPerClass}, []float64{z.Top1, z.Top5, z.MeanPerClass},
		close12); d != "" {
		t.Errorf("top-1, top-5, mean per class (-scikit-learn +got):\n%s", d)
	}
	confusion, err := c.Confusion(g.testImages, g.TestLabels)
	if d := cmp.Diff(want.Confusion, confusion); err != nil || d != "" {
		t.Errorf("Confusion: %v, (-scikit-learn +got):\n%s", err, d)
	}
	k, err := c.Calibrate(g.testImages, g.TestLabels, 20)
	if err != nil || math.Abs(k.ECE-want.ECE) > 1e-6 {
		t.Errorf("ECE %g, %v; numpy %g", k.ECE, err, want.ECE)
	}
}

// TestCalibrateByHand has one image that is called right with a probability of
// 3/4, and one that is called wrong with 1/2, the edge of a bin for which the
// first class counts.
func TestCalibrateByHand(t *testing.T) {
	c, err := NewClassifier([]string{"east", "north"}, []float32{1, 0, 0, 1}, 1)
	if err != nil {
		t.Fatal(err)
	}
	half := float32(math.Sqrt(0.5))
	k, err := c.Calibrate([]float32{1, 0, half, half}, []int{0, 1}, math.Log(3))
	if err != nil || math.Abs(k.ECE-(0.25+0.5)/2) > 1e-6 {
		t.Errorf("ECE %g, %v; want 0.375", k.ECE, err)
	}
	for i, b := range k.Bins {
		want := Bin{Low: float64(i) / 15}
		switch i {
		case 11: // (11/15, 12/15]
			want = Bin{want.Low, 1, 0.75, 1}
		case 7: // (7/15, 8/15]
			want = Bin{want.Low, 1, 0.5, 0}
		}
		if d := cmp.Diff(want, b, close6); d != "" {
			t.Errorf("bin %d (-want +got):\n%s", i, d)
		}
	}
}

// TestCalibrateEdge has three classes that are equally near: a probability of
// 1/3 is the upper edge of the fifth bin, and the first class is the answer.
func TestCalibrateEdge(t *testing.T) {
	c, err := NewClassifier([]string{"a", "b", "c"}, []float32{1, 0, 1, 0, 1, 0}, 1)
	if err != nil {
		t.Fatal(err)
	}
	k, err := c.Calibrate([]float32{1, 0, 1, 0}, []int{0, 1}, 10)
	if b := k.Bins[4]; err != nil || b.N != 2 || b.Accuracy != 0.5 {
		t.Errorf("bin (4/15, 5/15]: %+v, %v; want both images, half of them right", b, err)
	}
	counts, err := c.Confusion([]float32{1, 0, 1, 0}, []int{0, 1})
	if d := cmp.Diff([][]int{{1, 0, 0}, {1, 0, 0}, {0, 0, 0}}, counts); err != nil || d != "" {
		t.Errorf("Confusion: %v, (-want +got):\n%s", err, d)
	}
	if got := nearest([]float64{math.NaN(), -1, -2}); got != 1 {
		t.Errorf("nearest of NaN and others: %d; want 1", got)
	}
}

// One template says the opposite of the other two.
func TestScoreTemplates(t *testing.T) {
	classes, templates := []string{"east", "north"}, []string{"a {}", "no {}", "the {}"}
	prompts := []float32{1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1}
	images, labels := []float32{1, 0, 0, 1, 0.8, 0.6}, []int{0, 1, 0}
	got, err := ScoreTemplates(classes, templates, prompts, images, labels)
	want := []TemplateScore{{"a {}", 1}, {"no {}", 0}, {"the {}", 1}}
	if d := cmp.Diff(want, got); err != nil || d != "" {
		t.Errorf("ScoreTemplates: %v, (-want +got):\n%s", err, d)
	}
	c, err := NewClassifier(classes, prompts, 3)
	if err != nil {
		t.Fatal(err)
	}
	if z, err := c.Score(images, labels); err != nil || z.Top1 != 1 {
		t.Errorf("ensemble: %g, %v; want 1", z.Top1, err)
	}
	if _, err := ScoreTemplates(classes, templates, prompts[:8], images, labels); err == nil {
		t.Error("ScoreTemplates of too few prompts: no error")
	}
}
