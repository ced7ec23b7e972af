package vm

import (
	"slices"
)

// recompute adds copies of the steps before forwardEnd whose first result costs
// little, where a step behind it first reads that result: LayerNorm's from its
// argument, an activation's from the values before it. Then the result is not kept.
// What a copy reads, the gradient of the same operation reads later, so that nothing
// lives longer for it. The same operation on the same values gives the same bits.
func (p *plan) recompute(forwardEnd int) {
	for i := forwardEnd - 1; i >= 0; i-- { // copies are readers too, of what comes before
		s := p.steps[i]
		if s.recompute == nil || s.out[0].output {
			continue
		}
		kept := s.out[0]
		reads := func(s *step) bool { return slices.Contains(s.in, kept) }
		first := slices.IndexFunc(p.steps[forwardEnd:], reads) + forwardEnd
		if first < forwardEnd || !slices.ContainsFunc(p.steps[:forwardEnd], reads) {
			continue
		}
		c := &step{id: s.id, name: s.name, run: s.recompute, in: s.in}
		results := s.out
		if s.fromSecond {
			c.in, results = s.out[1:2], s.out[:1]
		}
		if !p.readFrom(first, c.in) {
			continue
		}
		for _, b := range results {
			c.out = append(c.out, p.buffer(&buffer{shape: b.shape, bf16: b.bf16}))
		}
		for _, later := range p.steps[first:] {
			later.in = slices.Clone(later.in)
			for j, b := range later.in {
				if b == kept {
					later.in[j] = c.out[0]
				}
			}
		}
		p.steps = slices.Insert(p.steps, first, c)
	}
}

// readFrom reports whether step first, or one after it, reads each of these that a
// step writes.
func (p *plan) readFrom(first int, all []*buffer) bool {
	for _, b := range all {
		read := slices.ContainsFunc(p.steps[first:], func(s *step) bool { return slices.Contains(s.in, b) })
		if b.node == nil && !read {
			return false
		}
	}
	return true
}
