package kernel

import (
	"hash/maphash"
	"slices"
	"unsafe"
)

// Positives hold, for each of N pairs, the next that has the same text, and for the last
// the first: rings, in which a pair finds all that are right for it. Nil means that no
// two texts are the same.
type positives []int32

// after is the pair behind i in its ring.
func (p positives) after(i int) int {
	if p == nil {
		return i
	}
	return int(p[i])
}

// mask puts v, in the row of pair i, in the place of all others that are right for it.
func (p positives) mask(row []float32, i int, v float32) {
	for j := p.after(i); j != i; j = p.after(j) {
		row[j] = v
	}
}

// textSeed keys the hashes of texts. What it is changes no result.
var textSeed = maphash.MakeSeed()

// positives finds the same texts among n (N, T); nil for none.
func (p *Pool) positives(texts []int32, n int) positives {
	if texts == nil {
		return nil
	}
	t := len(texts) / max(1, n)
	check("positives", "texts", len(texts), n*t)
	if cap(p.ring) < n {
		p.ring, p.lastOf = make([]int32, n), make(map[uint64]int32, n)
	}
	ring := p.ring[:n]
	clear(p.lastOf)
	for i := range n {
		text := texts[i*t:][:t]
		key := maphash.Bytes(textSeed, unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(text))), 4*t))
		last, ok := p.lastOf[key]
		for ok && !slices.Equal(texts[int(last)*t:][:t], text) { // another text has the hash
			key++
			last, ok = p.lastOf[key]
		}
		ring[i] = int32(i)
		if ok {
			ring[i], ring[last] = ring[last], int32(i)
		}
		p.lastOf[key] = int32(i)
	}
	return positives(ring)
}
