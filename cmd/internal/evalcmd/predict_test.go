package evalcmd

import (
	"math"
	"strings"
	"testing"
)

func TestPredict(t *testing.T) {
	enter(t)
	p := parse[prediction](t, ok(t, predictArgs("--json", "a.png")...))
	if len(p.Labels) != 3 || p.Image != "a.png" {
		t.Fatalf("predict --json: %+v", p)
	}
	sum := 0.0
	for _, l := range p.Labels {
		sum += l.Probability
	}
	if math.Abs(sum-1) > 1e-9 || p.Labels[0].Probability < p.Labels[2].Probability {
		t.Errorf("probabilities %+v; want the most probable first, and 1 in all", p.Labels)
	}
	if out := ok(t, predictArgs("a.png", "a.png")...); strings.Count(out, "a.png") != 2 || !strings.Contains(out, "█") {
		t.Errorf("predict prints\n%s", out)
	}
}
