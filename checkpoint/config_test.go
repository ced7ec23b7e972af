package checkpoint

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestConfig(t *testing.T) {
	for _, test := range []struct {
		c    Config
		want string // of the error, or "" for none
	}{
		{Config{}, ""},
		{Config{EverySteps: 100, EveryMinutes: 0.5, KeepLast: 3, KeepEvery: 1000}, ""},
		{Config{EverySteps: -1}, "checkpoint: every_steps -1"},
		{Config{EveryMinutes: -1}, "checkpoint: every_minutes -1"},
		{Config{EveryMinutes: 1e6}, "checkpoint: every_minutes 1e+06"},
		{Config{EveryMinutes: math.NaN()}, "checkpoint: every_minutes NaN"},
		{Config{KeepLast: -1}, "checkpoint: keep_last -1"},
		{Config{KeepEvery: -1}, "checkpoint: keep_every -1"},
		{Config{Best: "val.loss"}, ""},
		{Config{Best: "loss"}, `checkpoint: best "loss"; want one of val.recall, val.loss, val.top1`},
	} {
		err := test.c.Validate()
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: %v; want %q", test.c, err, test.want)
		}
	}
	if got := (Config{EveryMinutes: 1.5}).Interval(); got != 90*time.Second {
		t.Errorf("Interval of 1.5 minutes = %v", got)
	}
}

// TestKept holds that as many checkpoints are foretold as a run leaves.
func TestKept(t *testing.T) {
	for _, c := range []Config{
		{}, {KeepLast: 2}, {EverySteps: 3}, {EverySteps: 3, KeepLast: 1},
		{EverySteps: 3, KeepLast: 3}, {EverySteps: 5, KeepLast: 9},
		{EverySteps: 2, KeepLast: 2, KeepEvery: 4}, {EverySteps: 2, KeepLast: 1, KeepEvery: 6},
		{EverySteps: 1, KeepLast: 4, KeepEvery: 5},
	} {
		for _, steps := range []int{1, 2, 6, 7, 15, 16} {
			s := &Store{Dir: "run/checkpoints", FS: newMemory()}
			for step := 1; step <= steps; step++ {
				if step == steps || c.EverySteps > 0 && step%c.EverySteps == 0 {
					must(t, s.Save(step, files("")))
					must(t, s.Prune(step, c))
				}
			}
			left, err := s.steps()
			must(t, err)
			if got := c.Kept(steps); got != len(left) {
				t.Errorf("%+v: Kept(%d) = %d; a run leaves %v", c, steps, got, left)
			}
		}
	}
}

// TestNames holds the names that other programs look for, and that a folder of
// another name is no checkpoint.
func TestNames(t *testing.T) {
	if got, want := NewStore("runs/a").Path(20),
		filepath.Join("runs", "a", "checkpoints", "step-00000020"); got != want {
		t.Errorf("Path(20) = %s, want %s", got, want)
	}
	if got := StepName(123456789); got != "step-123456789" {
		t.Errorf("StepName(123456789) = %s", got)
	}
	s := &Store{Dir: "checkpoints", FS: newMemory()}
	must(t, s.Save(7, files("")))
	for _, name := range []string{"step-8", "9", "step-00000010.old", "step--0000011", "step-x"} {
		must(t, s.FS.MkdirAll(filepath.Join(s.Dir, name)))
	}
	if steps, err := s.steps(); fmt.Sprint(steps) != "[7]" || err != nil {
		t.Errorf("steps = %v, %v; want 7 alone", steps, err)
	}
}

// TestBest holds that less loss is better, and more of the others, and that Prune keeps
// the best.
func TestBest(t *testing.T) {
	for name, want := range map[string]bool{"val.loss": false, "val.recall": true, "val.top1": true} {
		c := Config{Best: name}
		if c.Better(2, 1) != want || c.Better(1, 2) == want || c.Better(1, 1) {
			t.Errorf("%s: 2 is better than 1: %v, want %v; and 1 not better than 1", name, c.Better(2, 1), want)
		}
	}
	s := &Store{Dir: "checkpoints", FS: newMemory()}
	for step := 1; step <= 5; step++ {
		must(t, s.Save(step, files("")))
	}
	must(t, s.Prune(5, Config{KeepLast: 1}, 2))
	if steps, err := s.steps(); fmt.Sprint(steps) != "[5 2]" || err != nil {
		t.Errorf("steps = %v, %v; want the last and the best", steps, err)
	}
}
