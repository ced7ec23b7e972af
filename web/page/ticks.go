package page

import (
	"math"
	"strconv"
)

// An axis is a range between round numbers, with marks at round numbers.
type axis struct{ low, high, step float64 }

// newAxis is the axis of a range, with about so many steps of 1, 2 or 5 times a power
// of ten; its ends are such steps as well.
func newAxis(low, high float64, steps int) axis {
	if !(high > low) {
		high = low + 1
	}
	raw := (high - low) / float64(steps)
	step := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, by := range []float64{1, 2, 5, 10} {
		if by*step >= raw*(1-1e-9) {
			step *= by
			break
		}
	}
	return axis{math.Floor(low/step+1e-9) * step, math.Ceil(high/step-1e-9) * step, step}
}

// ticks are the numbers to be marked.
func (a axis) ticks() (all []float64) {
	n := int(math.Round((a.high - a.low) / a.step))
	for i := range n + 1 {
		v := a.low + float64(i)*a.step
		if math.Abs(v) < a.step/2 {
			v = 0 // and not -0
		}
		all = append(all, v)
	}
	return all
}

// label writes a tick in as few digits as tell it from its neighbors.
func (a axis) label(v float64) string {
	for _, unit := range []struct {
		from float64
		name string
	}{{1e6, "M"}, {1e4, "k"}} {
		if largest := max(math.Abs(a.low), math.Abs(a.high)); largest >= unit.from {
			by := map[string]float64{"M": 1e6, "k": 1e3}[unit.name]
			if v == 0 {
				return "0"
			}
			return strconv.FormatFloat(v/by, 'f', decimals(a.step/by), 64) + unit.name
		}
	}
	if a.step < 1e-4 {
		return strconv.FormatFloat(v, 'g', 2, 64)
	}
	return strconv.FormatFloat(v, 'f', decimals(a.step), 64)
}

// decimals is the number of digits behind the point that a step needs.
func decimals(step float64) int { return max(0, int(-math.Floor(math.Log10(step)+1e-9))) }
