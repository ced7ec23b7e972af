package run

import (
	"cmp"
	"math"
	"path/filepath"
	"slices"
	"testing"

	"github.com/goclip/goclip/configs"
	"github.com/goclip/goclip/eval"
	"github.com/goclip/goclip/model"
)

// TestSigmoid holds that a run with the sigmoid loss, in micro-batches of bfloat16, with
// averages and same captions no negatives, learns its bias from the odds of a pair on,
// is exact when it is stopped and resumed, and opens as a model of that loss.
func TestSigmoid(t *testing.T) {
	world, workdir := filepath.Join(t.TempDir(), "world"), filepath.Join(t.TempDir(), "run")
	r := testRun(t, world, workdir, false)
	c := r.Config
	c.Model.Loss, c.Optim.EMADecay = model.Sigmoid, 0.5
	c.Train.MicroBatch, c.Train.Precision, c.Train.Positives = 7, "bf16", "caption"
	c.SetDefaults()
	if want := math.Log(1. / 19); math.Abs(c.Model.LogitBias-want) > 1e-9 {
		t.Errorf("model.logit_bias is %g for batches of 20, want %g", c.Model.LogitBias, want)
	}
	v, err := Verify(t.Context(), c, 6, 1, r.Log)
	must(t, err)
	if !v.Equal() {
		t.Errorf("stopped and resumed:\n%v", v)
	}
	must(t, begin(t.Context(), r))
	trained, err := Open(workdir)
	must(t, err)
	logits := eval.LogitsOf(trained.Model)
	if !logits.Sigmoid || math.Abs(logits.Scale-10) > 1 || logits.Bias == c.Model.LogitBias || math.Abs(logits.Bias-c.Model.LogitBias) > 1 {
		t.Errorf("logits %+v; want a sigmoid, scale near 10, bias near %g and moved", logits, c.Model.LogitBias)
	}
	n, err := Inspect(t.Context(), c, workdir, 11, r.Log)
	must(t, err)
	var mean float64
	for _, p := range n.Pairs {
		mean += float64(p.Loss) / float64(len(n.Pairs))
	}
	if math.Abs(mean-float64(n.Loss)) > 1e-3*mean {
		t.Errorf("the losses of the pairs have the mean %g, want the batch's %g", mean, n.Loss)
	}
}

// TestLossFloor holds that the least loss of captions that repeat is that of the loss.
func TestLossFloor(t *testing.T) {
	world := filepath.Join(t.TempDir(), "world")
	floor := func(change func(*configs.Run)) (least, guess float64) {
		r := testRun(t, world, t.TempDir(), false)
		change(r.Config)
		r.Config.SetDefaults()
		s, err := start(t.Context(), *r)
		must(t, err)
		defer s.close()
		s.counts = slices.Repeat([]int{10}, 10)
		return s.floor(), cmp.Or(s.guess(), s.model.Config().GuessLoss(s.config.Train.Batch))
	}
	softmax, lnN := floor(func(*configs.Run) {})
	sigmoid, more := floor(func(c *configs.Run) { c.Model.Loss = model.Sigmoid })
	alike, fewer := floor(func(c *configs.Run) { c.Train.Positives = "caption" })
	none, entropy := floor(func(c *configs.Run) { c.Train.Positives, c.Model.Loss = "caption", model.Sigmoid })
	if !(softmax > 0) || !(sigmoid > softmax) || alike != 0 || none != 0 {
		t.Errorf("floors of softmax %g, sigmoid %g, with same captions right %g, %g; want rising, and 0", softmax, sigmoid, alike, none)
	}
	// In a batch of 20 of 100 pairs, 9 others have the caption, 171/99 of them in the batch.
	same := 1 + 171./99
	p := same / 20
	want := -20 * (p*math.Log(p) + (1-p)*math.Log(1-p))
	if math.Abs(lnN-math.Log(20)) > 1e-12 || !(more > lnN) || !(fewer < lnN) || !(fewer > math.Log(20-same+1)-0.01) ||
		math.Abs(entropy-want) > 1e-9 {
		t.Errorf("guessing has %g, sigmoid %g, with same captions right %g, %g; want ln 20, more, less, %g",
			lnN, more, fewer, entropy, want)
	}
}
