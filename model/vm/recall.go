package vm

import (
	"slices"
)

// recall computes first results of the steps before turn that cost little again
// where one after it first reads them, instead of keeping them: LayerNorm's from
// its argument, an activation's from the values before it. What a copy reads is
// what the gradient of the same operation reads later, so nothing lives longer
// for it. The same operation on the same values gives the same bits.
func (p *plan) recall(turn int) {
	for i := turn - 1; i >= 0; i-- { // copies are readers too, of what comes before
		s := p.steps[i]
		if s.again == nil || s.out[0].output || s.out[0].placed != nil {
			continue
		}
		kept := s.out[0]
		reads := func(s *step) bool { return slices.Contains(s.in, kept) }
		first := slices.IndexFunc(p.steps[turn:], reads) + turn
		if first < turn || !slices.ContainsFunc(p.steps[:turn], reads) {
			continue
		}
		c := &step{id: s.id, name: s.name, run: s.again, in: s.in}
		results := s.out
		if s.fromSecond {
			c.in, results = s.out[1:2], s.out[:1]
		}
		if !p.readFrom(first, c.in) {
			continue
		}
		for _, b := range results {
			c.out = append(c.out, p.buffer(&buffer{shape: b.shape, half: b.half}))
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

// readFrom says that all of these are read by step first or one after it, or lie
// outside.
func (p *plan) readFrom(first int, all []*buffer) bool {
	for _, b := range all {
		read := slices.ContainsFunc(p.steps[first:], func(s *step) bool { return slices.Contains(s.in, b) })
		if b.node == nil && !read {
			return false
		}
	}
	return true
}
