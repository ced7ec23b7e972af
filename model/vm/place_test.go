package vm

import (
	"math/rand/v2"
	"testing"
)

// TestPlacement holds, for random lives of buffers, that those which live at the
// same time share no memory, that each begins a cache line and lies in the lent
// memory or behind it, and that little is lost to gaps.
func TestPlacement(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	const steps = 40
	var totals, peaks int
	for trial := range 200 {
		p := &plan{}
		if trial%2 == 1 {
			block := NewArena(4 * 5000)
			p.lent = block[:1000+rng.IntN(1000)]
			for at := 0; at+200 < len(p.lent); at += 200 {
				b := &buffer{size: 200, placed: p.lent[at:][:200], def: 20 + rng.IntN(20), end: steps}
				p.buffers = append(p.buffers, b)
			}
			// Memory of the caller's that begins where the lent memory ends is not part of it.
			p.buffers = append(p.buffers, &buffer{size: 50, placed: block[len(p.lent):][:50], end: steps})
		}
		for range 60 {
			def := rng.IntN(steps)
			p.buffers = append(p.buffers, &buffer{
				size: 1 + rng.IntN(300), bf16: rng.IntN(3) == 0, def: def, end: min(steps, def+rng.IntN(12)),
			})
		}
		for _, b := range p.buffers {
			b.root = b
		}
		total := p.place(true)
		checkPlacement(t, p, total)
		if trial%2 == 0 {
			totals, peaks = totals+total, peaks+peakFloats(p, steps)
		}
		if all := p.place(false); all <= total {
			t.Errorf("%d floats without reuse, %d with; want more", all, total)
		}
	}
	if float64(totals) > 1.1*float64(peaks) { // 1.05; 1.2 with the small ones first
		t.Errorf("arenas of %d floats, want at most a tenth more than the %d that live at once", totals, peaks)
	}
}

// checkPlacement holds the rules for all buffers that lie in the arena or in the
// lent memory.
func checkPlacement(t *testing.T, p *plan, total int) {
	t.Helper()
	arena := lines(len(p.lent))
	var placed []*buffer
	for _, b := range p.buffers {
		end := b.offset + b.floats()
		switch {
		case b.placed != nil && p.inLent(b) < 0:
			continue
		case b.placed != nil && b.offset != p.inLent(b):
			t.Errorf("a placed buffer at %d, want %d", b.offset, p.inLent(b))
		case b.placed == nil && b.offset%lineFloats != 0:
			t.Errorf("a buffer at %d, want a multiple of %d", b.offset, lineFloats)
		case end > arena+total || b.offset < arena && end > len(p.lent):
			t.Errorf("a buffer from %d to %d, of %d floats lent and an arena from %d to %d",
				b.offset, end, len(p.lent), arena, arena+total)
		}
		for _, other := range placed {
			if b.def <= other.end && other.def <= b.end && b.offset < other.offset+other.floats() && other.offset < end {
				t.Errorf("two buffers that live at once, from %d and from %d, share memory", b.offset, other.offset)
			}
		}
		placed = append(placed, b)
	}
}

// peakFloats is the most floats that live at once, in whole lines.
func peakFloats(p *plan, steps int) (peak int) {
	for i := range steps + 1 {
		var sum int
		for _, b := range p.buffers {
			if b.def <= i && i <= b.end {
				sum += lines(b.floats())
			}
		}
		peak = max(peak, sum)
	}
	return peak
}
