package configs

import (
	"fmt"
	"strings"

	"github.com/goclip/goclip/checkpoint"
	"github.com/goclip/goclip/eval"
)

// Difference names the first field in which two configs would train
// differently, or is empty. What is saved, logged and evaluated, and how many
// threads do the work, makes no difference.
func Difference(old, now *Run) string {
	a, err := fixed(*old).YAML()
	if err != nil {
		return err.Error()
	}
	b, err := fixed(*now).YAML()
	if err != nil {
		return err.Error()
	}
	was, is := strings.Split(string(a), "\n"), strings.Split(string(b), "\n")
	for i := range min(len(was), len(is)) {
		if was[i] != is[i] {
			return fmt.Sprintf("%s, and now %s", strings.TrimSpace(was[i]), strings.TrimSpace(is[i]))
		}
	}
	return ""
}

// fixed is r without what may change when a run continues.
func fixed(r Run) *Run {
	r.Checkpoint, r.Eval = checkpoint.Config{}, eval.Config{}
	r.Train.LogEvery, r.Train.EvalEvery, r.Train.Threads = 0, 0, 0
	r.Data.Decoders, r.Data.Val, r.Data.BadRowBudget, r.World = 0, "", 0, World{}
	return &r
}
