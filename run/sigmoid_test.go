package run

import (
	"fmt"
	"math"
	"path/filepath"
	"testing"

	"github.com/goclip/goclip/configs"
	"github.com/goclip/goclip/data"
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
	floor := func(change func(*configs.Run)) float64 {
		r := testRun(t, world, t.TempDir(), false)
		change(r.Config)
		r.Config.SetDefaults()
		s, err := start(t.Context(), *r)
		must(t, err)
		defer s.close()
		s.captions = data.NewCaptionCounts()
		for range s.captions.Pass(func(yield func(string, error) bool) {
			for i := range 100 {
				yield(fmt.Sprint(i%10), nil)
			}
		}) {
		}
		least, err := s.floor(t.Context())
		must(t, err)
		return least
	}
	softmax := floor(func(*configs.Run) {})
	sigmoid := floor(func(c *configs.Run) { c.Model.Loss = model.Sigmoid })
	alike := floor(func(c *configs.Run) { c.Train.Positives = "caption" })
	if !(softmax > 0) || !(sigmoid > softmax) || alike != 0 {
		t.Errorf("floors of softmax %g, sigmoid %g, with same captions right %g; want rising, and 0", softmax, sigmoid, alike)
	}
}
