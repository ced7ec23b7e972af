package train

import (
	"fmt"
	"slices"

	"github.com/goclip/goclip/data"
)

// A Watch finds steps that would spoil a run. A run that goes on must go on
// with its state.
type Watch struct {
	Norms   []float64 `json:"norms,omitempty"`   // of gradients, of the last good steps
	Skipped int       `json:"skipped,omitempty"` // steps so far
}

// The median is taken over the last medianSteps good steps. Before there are
// fewestSteps of them, nothing is a jump.
const medianSteps, fewestSteps = 100, 20

// check says what is bad about a step, or "".
func (w *Watch) check(c Config, loss float32, norm float64) (reason string) {
	if !finite(float64(loss)) || !finite(norm) {
		return fmt.Sprintf("loss %g, gradient norm %g", loss, norm)
	}
	if c.GradNormJump == 0 {
		return ""
	}
	if n := len(w.Norms); n >= fewestSteps {
		sorted := slices.Sorted(slices.Values(w.Norms))
		if median := sorted[n/2]; norm > c.GradNormJump*median {
			return fmt.Sprintf("gradient norm %g, where the median of the last %d steps is %g", norm, n, median)
		}
	}
	w.Norms = append(w.Norms[max(0, len(w.Norms)-medianSteps+1):], norm)
	return ""
}

// bad keeps what is known of a bad step, and leaves its update out or returns
// an error.
func (t *Trainer) bad(step int, r StepResult, reason string) error {
	if t.Inspect != nil {
		if err := t.Inspect(t.inspection(step, r, reason)); err != nil {
			t.Log.Printf("step %d is bad, but what is known of it is not written: %v", step, err)
		}
	}
	switch {
	case t.OnBadStep != "skip":
		return fmt.Errorf("train: step %d: %s: %s", step, reason, t.suspects())
	case t.Watch.Skipped >= t.MaxBadSteps:
		return fmt.Errorf("train: step %d: %s: "+
			"%d steps have been skipped already, all that train.max_bad_steps allows: %s",
			step, reason, t.MaxBadSteps, t.suspects())
	}
	t.Optim.Skip()
	t.Watch.Skipped++
	t.Log.Printf("step %d is skipped: %s: %s", step, reason, t.suspects())
	return nil
}

// suspects names the pairs whose embeddings are not finite, or all pairs of
// the batch if it is none of them alone.
func (t *Trainer) suspects() string {
	var rows []data.RowRef
	x, y := t.Step.ImageEmbeddings(), t.Step.TextEmbeddings()
	e := len(x) / t.Batch
	for i, row := range t.last.rows {
		if !allFinite(x[i*e:(i+1)*e]) || !allFinite(y[i*e:(i+1)*e]) {
			rows = append(rows, row)
		}
	}
	if len(rows) == 0 {
		rows = t.last.rows
	}
	return data.FormatRows(rows)
}

func allFinite(x []float32) bool {
	for _, v := range x {
		if !finite(float64(v)) {
			return false
		}
	}
	return true
}
