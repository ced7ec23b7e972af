package vm

import (
	"maps"
	"slices"
)

// A Segment is a part of a graph whose values are recomputed for the backward pass,
// instead of being kept: the operations whose nodes are numbered after After, up to
// Last. The result of Last is kept.
type Segment struct{ After, Last int64 }

// rematerialize gives the steps that come after segment g, and read what it
// computes, copies of the steps that they need, before the first of them. The
// copies run the same operations on the same values, and so give the same bits.
func (p *plan) rematerialize(g Segment) {
	inside := map[*buffer]*step{} // which step writes each value of the segment
	end := 0                      // the step after the segment
	for i, s := range p.steps {
		if s.id <= g.After || s.id > g.Last {
			continue
		}
		end = i + 1
		for _, b := range s.out {
			if s.id != g.Last && !b.output {
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
	copied := map[*buffer]*buffer{}
	replace := func(in []*buffer) []*buffer {
		in = slices.Clone(in)
		for i, b := range in {
			if c := copied[b]; c != nil {
				in[i] = c
			}
		}
		return in
	}
	var copies []*step
	for _, s := range slices.SortedFunc(maps.Keys(needed), func(a, b *step) int { return int(a.id - b.id) }) {
		c := *s
		c.in, c.out = replace(s.in), nil
		for _, b := range s.out {
			copied[b] = p.buffer(&buffer{shape: b.shape, bf16: b.bf16})
			c.out = append(c.out, copied[b])
		}
		copies = append(copies, &c)
	}
	for _, s := range p.steps[first:] {
		s.in = replace(s.in)
	}
	p.steps = slices.Insert(p.steps, first, copies...)
}
