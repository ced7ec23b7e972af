package data

import (
	"math/bits"
	"sort"
)

// kept is the set of a shard's rows that a condition keeps: a bit a row, and
// the count before each 64, so that the row at a place among them is found fast.
type kept struct {
	words  []uint64
	before []uint32 // kept rows before each word
	count  int64
}

func newKept(rows int64) *kept { return &kept{words: make([]uint64, (rows+63)/64)} }

func (k *kept) add(row int64) { k.words[row/64] |= 1 << (row % 64) }

func (k *kept) has(row int64) bool { return k.words[row/64]>>(row%64)&1 == 1 }

// done counts, when all rows have been added.
func (k *kept) done() {
	k.before = make([]uint32, len(k.words))
	k.count = 0
	for i, w := range k.words {
		k.before[i] = uint32(k.count)
		k.count += int64(bits.OnesCount64(w))
	}
}

// row is the row at a place, from 0, among those kept.
func (k *kept) row(place int64) int64 {
	word := sort.Search(len(k.before), func(i int) bool { return int64(k.before[i]) > place }) - 1
	w := k.words[word]
	for range place - int64(k.before[word]) {
		w &= w - 1
	}
	return int64(word)*64 + int64(bits.TrailingZeros64(w))
}
