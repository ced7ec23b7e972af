package vm

import (
	"slices"
	"sort"
	"unsafe"

	"github.com/goclip/goclip/internal/kernel"
)

// lineFloats is the floats of a cache line, where every value begins.
const lineFloats = 16

// place gives each buffer its offset and returns the size of the arena in floats. The
// buffer that takes the most memory for the longest comes first, each at the lowest
// offset that is free for its whole life. Outputs placed in the lent memory lie there.
func (p *plan) place(reuse bool) (total int) {
	var roots, placed []*buffer
	arena := lines(len(p.lent))
	for _, b := range p.buffers {
		switch at := p.inLent(b); {
		case at >= 0:
			b.offset = at
			placed = insert(placed, b)
		case b.inArena() && b.root == b:
			roots = append(roots, b)
		}
	}
	space := func(b *buffer) int { return b.floats() * (b.end - b.def + 1) }
	sort.SliceStable(roots, func(i, j int) bool { return space(roots[i]) > space(roots[j]) })
	total = arena
	for _, b := range roots {
		if b.offset = total; reuse {
			b.offset = p.lowest(b, placed, arena)
		}
		total = max(total, b.offset+lines(b.floats()))
		placed = insert(placed, b)
	}
	return total - arena
}

// lowest is the first offset, a multiple of a line, at which b shares no memory
// with a buffer in placed, sorted by offset, that lives when b does.
func (p *plan) lowest(b *buffer, placed []*buffer, arena int) (offset int) {
	fit := func() {
		if offset < arena && offset+b.floats() > len(p.lent) {
			offset = arena
		}
	}
	fit()
	for _, other := range placed {
		if other.def > b.end || b.def > other.end {
			continue
		}
		if offset+b.floats() <= other.offset {
			break
		}
		offset = max(offset, lines(other.offset+other.floats()))
		fit()
	}
	return offset
}

// insert adds b to buffers that are sorted by offset.
func insert(placed []*buffer, b *buffer) []*buffer {
	at := sort.Search(len(placed), func(i int) bool { return placed[i].offset > b.offset })
	return slices.Insert(placed, at, b)
}

// inLent is the offset at which b is placed in the lent memory, or -1.
func (p *plan) inLent(b *buffer) int {
	if len(p.lent) == 0 || b.placed == nil {
		return -1
	}
	at := uintptr(unsafe.Pointer(&b.placed[0])) - uintptr(unsafe.Pointer(&p.lent[0]))
	if at >= uintptr(4*len(p.lent)) {
		return -1
	}
	return int(at / 4)
}

func lines(floats int) int { return (floats + lineFloats - 1) / lineFloats * lineFloats }

// NewArena returns memory for values that begins a cache line.
func NewArena(bytes int) []float32 { return kernel.NewFloats((bytes + 3) / 4) }
