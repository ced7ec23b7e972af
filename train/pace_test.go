package train

import (
	"math"
	"testing"
	"time"
)

// TestPace: an evaluation of a minute leaves the time of a step as it was, and makes
// those expected that are to come; the first step does not count.
func TestPace(t *testing.T) {
	tr := &Trainer{Config: Config{Steps: 1000, EvalEvery: 100}}
	if left := tr.left(0); left != 0 {
		t.Errorf("before the first step %v are left; want 0, not known", left)
	}
	tr.pace.add(time.Hour)
	for range 100 {
		tr.pace.add(time.Second)
	}
	near := func(what string, want time.Duration) {
		t.Helper()
		if have := tr.left(100); math.Abs((have - want).Seconds()) > 1 {
			t.Errorf("%s: %v left; want %v", what, have, want)
		}
	}
	near("steps", 900*time.Second)
	tr.pace.done[evaluating].seconds, tr.pace.done[evaluating].times = 60, 1
	near("with nine evaluations", (900+9*60)*time.Second)
	tr.Steps = 950
	near("and one after the last step", (850+9*60)*time.Second)
	end := tr.pace.pause(saving)
	time.Sleep(time.Millisecond)
	end()
	if s := tr.pace.done[saving]; s.times != 1 || s.seconds <= 0 {
		t.Errorf("a save: %+v; want one of some time", s)
	}
	tr.pace.done[saving].times = 0
	for range 500 {
		tr.pace.add(3 * time.Second) // other work on the machine
	}
	if have, want := tr.left(100), (3*850+9*60)*time.Second; have < want*98/100 || have > want {
		t.Errorf("three times slower: %v left; want about %v", have, want)
	}
}
