package vm

import (
	"maps"
	"slices"
)

// A Segment is a part of a graph whose values are computed again for the way
// back, instead of being kept: the operations whose nodes are numbered after
// After, up to Last. The result of Last is kept.
type Segment struct{ After, Last int64 }

// rematerialize gives the steps that come after segment g, and read what it
// computes, copies of the steps that they need, before the first of them. The
// copies run the same operations on the same values, and so give the same bits.
func (p *plan) rematerialize(g Segment) {
	inside := map[*buffer]*step{} // by whom each value of the segment is written
	end := 0                      // the step after the segment
	for i, s := range p.steps {
		if s.id <= g.After || s.id > g.Last {
			continue
		}
		end = i + 1
		for _, b := range s.out {
			if s.id != g.Last && b.placed == nil && !b.output {
				inside[b] = s
			}
		}
	}
	first := slices.IndexFunc(p.steps[end:], func(s *step) bool {
		return slices.ContainsFunc(s.in, func(b *buffer) bool { return inside[b] != nil })
	})
	if first < 0 {
		return
	}
	first += end
	needed := map[*step]bool{}
	var need func(s *step)
	need = func(s *step) {
		for _, b := range s.in {
			if from := inside[b]; from != nil && !needed[from] {
				needed[from] = true
				need(from)
			}
		}
	}
	for _, s := range p.steps[first:] {
		need(s)
	}
	again := map[*buffer]*buffer{}
	replace := func(in []*buffer) []*buffer {
		in = slices.Clone(in)
		for i, b := range in {
			if copied := again[b]; copied != nil {
				in[i] = copied
			}
		}
		return in
	}
	var copies []*step
	for _, s := range slices.SortedFunc(maps.Keys(needed), func(a, b *step) int { return int(a.id - b.id) }) {
		c := *s
		c.in, c.out = replace(s.in), nil
		for _, b := range s.out {
			again[b] = p.buffer(&buffer{shape: b.shape, half: b.half})
			c.out = append(c.out, again[b])
		}
		copies = append(copies, &c)
	}
	for _, s := range p.steps[first:] {
		s.in = replace(s.in)
	}
	p.steps = slices.Insert(p.steps, first, copies...)
}
