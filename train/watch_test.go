package train

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
)

// TestSkip holds that bad steps leave parameters as they are, are counted and
// kept, and end the run when there are too many.
func TestSkip(t *testing.T) {
	tr, _ := newTrainer(t)
	tr.OnBadStep, tr.MaxBadSteps = "skip", 2
	var kept []*Inspection
	tr.Inspect = func(n *Inspection) error { kept = append(kept, n); return nil }
	params := tr.Model.Params()
	params[1].Value[0] = float32(math.NaN()) // the class token: every image
	before := params[0].Value[0]
	err := tr.Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "train: step 3: loss NaN") ||
		!strings.Contains(err.Error(), "2 steps have been skipped already") {
		t.Errorf("Run = %v; want it to end at the third bad step", err)
	}
	if tr.Optim.Step() != 2 || tr.Watch.Skipped != 2 || len(kept) != 3 || params[0].Value[0] != before {
		t.Errorf("step %d, %d skipped, %d kept; want 2, 2, 3 and no update",
			tr.Optim.Step(), tr.Watch.Skipped, len(kept))
	}
	text, err := json.Marshal(kept[1])
	must(t, err)
	if !strings.Contains(string(text), `"step":2,"reason":"loss NaN`) ||
		!strings.Contains(string(text), `"loss":"NaN"`) || len(kept[1].Pairs) != 5 {
		t.Errorf("inspection %.200s", text)
	}
	if s := kept[1].String(); !strings.Contains(s, "bad: loss NaN") || strings.Count(s, ".parquet: row ") != 5 {
		t.Errorf("inspection for people:\n%s", s)
	}
}

func TestWatch(t *testing.T) {
	var w Watch
	c := Config{GradNormJump: 10}
	for i := range 150 {
		if reason := w.check(c, 1, 1+float64(i%3)); reason != "" {
			t.Fatalf("step %d: %s", i, reason)
		}
	}
	if reason := w.check(c, 1, 20); reason != "" || len(w.Norms) != medianSteps {
		t.Errorf("ten times the median: %q, %d norms; want none, %d", reason, len(w.Norms), medianSteps)
	}
	if reason := w.check(c, 1, 20.1); !strings.Contains(reason,
		"gradient norm 20.1, where the median of the last 100 steps is 2") {
		t.Errorf("more than ten times the median: %q", reason)
	}
	if got := w.Norms[len(w.Norms)-1]; got != 20 {
		t.Errorf("last norm %g; want 20, since the norm of a bad step does not count", got)
	}
	if reason := (&Watch{}).check(c, 1, 1e9); reason != "" {
		t.Errorf("the first step: %q", reason)
	}
	if reason := w.check(Config{}, 1, 1e9); reason != "" {
		t.Errorf("without a rule: %q", reason)
	}
	if reason := w.check(Config{}, 1, math.Inf(1)); reason == "" {
		t.Error("an infinite norm is not bad")
	}
}
