package train

import "time"

// A pace estimates how long the rest of a run takes. What is done between steps is
// counted apart by its kind, so that a long evaluation changes nothing about the time
// of a step, and the ones that are still to come are expected.
type pace struct {
	steps int
	step  float64 // seconds of a step, a mean that forgets
	done  [pauses]struct {
		seconds float64
		times   int
	}
}

// What is done between steps.
const (
	evaluating = iota
	saving
	drawing // the grid
	pauses
)

// paceSteps is the number of last steps, about, that the time of a step is the mean of.
const paceSteps = 100

// add takes the time of a step. The first one since the start is left out: it fills
// caches and waits for the first batch.
func (p *pace) add(d time.Duration) {
	if p.steps++; p.steps > 1 {
		p.step += (d.Seconds() - p.step) / float64(min(p.steps-1, paceSteps))
	}
}

// pause measures what is done until its result is called.
func (p *pace) pause(kind int) (end func()) {
	start := time.Now()
	return func() {
		p.done[kind].seconds += time.Since(start).Seconds()
		p.done[kind].times++
	}
}

// left is the time that steps take, and pauses of each kind; 0 while it is not known.
// Of a kind that has not been met, nothing is known.
func (p *pace) left(steps int, times [pauses]float64) time.Duration {
	if p.steps < 2 {
		return 0
	}
	seconds := float64(steps) * p.step
	for kind, done := range p.done {
		if done.times > 0 {
			seconds += times[kind] * done.seconds / float64(done.times)
		}
	}
	return time.Duration(seconds * float64(time.Second))
}

// left is how long the run takes after a step.
func (t *Trainer) left(step int) time.Duration {
	dues := func(every int) float64 { // among the steps to come, and the last
		if every <= 0 {
			return 1
		}
		n := t.Steps/every - step/every
		if t.Steps%every != 0 {
			n++
		}
		return float64(n)
	}
	times := [pauses]float64{evaluating: dues(t.EvalEvery), saving: dues(t.SaveEvery), drawing: dues(t.gridEvery())}
	if t.SaveInterval > 0 {
		times[saving] += float64(t.Steps-step) * t.pace.step / t.SaveInterval.Seconds()
	}
	return t.pace.left(t.Steps-step, times)
}
