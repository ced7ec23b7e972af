package where

import (
	"math/bits"
	"sort"
)

// Kept is the set of a file's rows that a condition keeps. It takes a bit a row,
// and 32 bits for each 64 rows, so that the row at a place is found fast.
type Kept struct {
	words  []uint64
	before []uint32 // kept rows before each word
	count  int64
	read   int
}

// NewKept has room for the given number of rows, and keeps none.
func NewKept(rows int64) *Kept { return &Kept{words: make([]uint64, (rows+63)/64)} }

// Len is the number of rows that are kept.
func (k *Kept) Len() int64 { return k.count }

// GroupsRead is the number of row groups that had to be read to find them.
func (k *Kept) GroupsRead() int { return k.read }

// Has says whether a row, from 0, is kept.
func (k *Kept) Has(row int64) bool { return k.words[row/64]>>(row%64)&1 == 1 }

// Add adds a row.
func (k *Kept) Add(row int64) { k.words[row/64] |= 1 << (row % 64) }

// Done counts, when all rows have been added. Only then Len and Row may be called.
func (k *Kept) Done() {
	k.before = make([]uint32, len(k.words))
	k.count = 0
	for i, w := range k.words {
		k.before[i] = uint32(k.count)
		k.count += int64(bits.OnesCount64(w))
	}
}

// Row is the row at a place, from 0 to Len-1, among those that are kept.
func (k *Kept) Row(place int64) int64 {
	word := sort.Search(len(k.before), func(i int) bool { return int64(k.before[i]) > place }) - 1
	w := k.words[word]
	for range place - int64(k.before[word]) {
		w &= w - 1
	}
	return int64(word)*64 + int64(bits.TrailingZeros64(w))
}
