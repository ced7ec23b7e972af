package doctor

import (
	"cmp"
	"context"
	"math/bits"
	"slices"

	"golang.org/x/sync/errgroup"
)

// copies are the pictures and captions that occur more than once. Rows are
// places in their set.
type copies struct {
	groups  [][]uint32 // rows of the same file, of two or more, the first row first
	pairs   []bool     // by row: the picture and the captions of an earlier row
	near    []twin     // pictures that are nearly an earlier one
	repeats []repeat   // captions, the most frequent first

	// Of val with train; a twin's row is of val, its original of train.
	overlap     []twin
	overlapNear []twin
	nearVal     []twin // the other way: of train, nearly one of val
	withinVal   int    // rows of val with the file of an earlier one
	sameCaption int    // usable rows of val with a caption that train has
}

// A twin is a row that has the picture of an original, or nearly.
type twin struct {
	row, original uint32
	bits          int // that differ
}

// A repeat is a caption, and how often it occurs.
type repeat struct {
	row   uint32 // the first
	count int
	hash  uint64
}

// findCopies looks for them within train, and between val and train.
func findCopies(ctx context.Context, workers int, train, val *set) (c copies, err error) {
	order := train.byFile()
	c.pairs = make([]bool, len(train.pictures))
	var distinct []uint32 // the first row of each file
	eachRun(order,
		func(i, j int) bool { return train.pictures[order[i]].file == train.pictures[order[j]].file },
		func(rows []uint32) {
			distinct = append(distinct, rows[0])
			if len(rows) > 1 {
				c.groups = append(c.groups, rows)
				train.markPairs(rows, c.pairs)
			}
		})
	slices.SortFunc(c.groups, func(a, b []uint32) int { return cmp.Compare(a[0], b[0]) })
	slices.Sort(distinct)
	c.repeats = train.repeats()
	index := newIndex(train.pictures, distinct)
	if c.near, err = index.twins(ctx, workers, train.pictures, distinct, true); err != nil || val == nil {
		return c, err
	}
	inVal := val.byFile()
	var others []uint32 // of val, not in train
	for i, row := range inVal {
		file := val.pictures[row].file
		c.withinVal += count(i > 0 && val.pictures[inVal[i-1]].file == file)
		at, found := slices.BinarySearchFunc(order, file,
			func(r uint32, file uint64) int { return cmp.Compare(train.pictures[r].file, file) })
		if found {
			c.overlap = append(c.overlap, twin{row, order[at], 0})
			continue
		}
		others = append(others, row)
	}
	slices.SortFunc(c.overlap, func(a, b twin) int { return cmp.Compare(a.row, b.row) })
	slices.Sort(others)
	c.sameCaption = sharedCaptions(train, val)
	if c.overlapNear, err = index.twins(ctx, workers, val.pictures, others, false); err != nil {
		return c, err
	}
	c.nearVal, err = newIndex(val.pictures, others).twins(ctx, workers, train.pictures, distinct, false)
	return c, err
}

// byFile are the usable rows, with rows that hold the same file side by side.
func (s *set) byFile() []uint32 {
	var order []uint32
	for i := range s.pictures {
		if s.pictures[i].is(usable) {
			order = append(order, uint32(i))
		}
	}
	slices.SortFunc(order, func(a, b uint32) int {
		return cmp.Or(cmp.Compare(s.pictures[a].file, s.pictures[b].file), cmp.Compare(a, b))
	})
	return order
}

// markPairs marks the rows of one file whose captions an earlier one has.
func (s *set) markPairs(rows []uint32, pairs []bool) {
	seen := map[uint64]bool{}
	for _, row := range rows {
		text := s.pictures[row].text
		pairs[row] = seen[text]
		seen[text] = true
	}
}

// repeats are the distinct captions.
func (s *set) repeats() (all []repeat) {
	order := make([]uint32, len(s.captions))
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortFunc(order, func(a, b uint32) int {
		return cmp.Or(cmp.Compare(s.captions[a], s.captions[b]),
			cmp.Compare(a, b))
	})
	eachRun(order, func(i, j int) bool { return s.captions[order[i]] == s.captions[order[j]] }, func(run []uint32) {
		all = append(all, repeat{s.rowOf[run[0]], len(run), s.captions[run[0]]})
	})
	slices.SortFunc(all, func(a, b repeat) int {
		return cmp.Or(b.count-a.count, cmp.Compare(a.row, b.row), cmp.Compare(a.hash, b.hash))
	})
	return all
}

// sharedCaptions counts the rows of val with a caption of train.
func sharedCaptions(train, val *set) (rows int) {
	known := slices.Clone(train.captions)
	slices.Sort(known)
	last := -1
	for i, caption := range val.captions {
		if _, found := slices.BinarySearch(known, caption); found && int(val.rowOf[i]) != last {
			last = int(val.rowOf[i])
			rows++
		}
	}
	return rows
}

// eachRun calls f with each run of neighbors that are the same.
func eachRun(order []uint32, same func(i, j int) bool, f func(run []uint32)) {
	for lo := 0; lo < len(order); {
		hi := lo + 1
		for hi < len(order) && same(lo, hi) {
			hi++
		}
		f(order[lo:hi])
		lo = hi
	}
}

// An index finds near pictures without comparing all with all: the 64 bits are
// four keys of 16, and of two hashes that differ by less than 12 bits, at least
// one pair of keys differs by at most two (Norouzi et al., "Fast Search in
// Hamming Space with Multi-Index Hashing", CVPR 2012).
type index struct {
	pictures []picture
	first    [4][]uint32 // of each key, where its rows begin
	rows     [4][]uint32 // by key, in ascending order
}

// maxBucket bounds the rows of a key that are compared: where more than a
// thousand pictures look the same in a part, the first of them are enough.
const maxBucket = 1024

// maxFar bounds those of a key that differs by two bits, of which there are 480.
const maxFar = 64

func newIndex(pictures []picture, rows []uint32) *index {
	x := &index{pictures: pictures}
	for part := range x.first {
		first := make([]uint32, 1<<16+1)
		for _, row := range rows {
			if !pictures[row].is(blank) {
				first[key(pictures[row].look.bits, part)+1]++
			}
		}
		for k := range 1 << 16 {
			first[k+1] += first[k]
		}
		sorted, at := make([]uint32, first[1<<16]), slices.Clone(first)
		for _, row := range rows {
			if !pictures[row].is(blank) {
				k := key(pictures[row].look.bits, part)
				sorted[at[k]] = row
				at[k]++
			}
		}
		x.first[part], x.rows[part] = first, sorted
	}
	return x
}

// flips are the keys with at most two bits.
var flips = func() (all []uint32) {
	for k := range uint32(1 << 16) {
		if bits.OnesCount32(k) <= 2 {
			all = append(all, k)
		}
	}
	return all
}()

func key(hash uint64, part int) uint32 { return uint32(hash >> (16 * part) & 0xffff) }

// nearest finds the row before a limit whose look differs least, the earliest
// of several.
func (x *index) nearest(l *look, before uint32) (best twin, found bool) {
	best.bits = nearBits + 1
	for part := range x.first {
		k := key(l.bits, part)
		for _, flip := range flips {
			other, most := k^flip, maxBucket
			if bits.OnesCount32(flip) == 2 {
				most = maxFar
			}
			rows := x.rows[part][x.first[part][other]:x.first[part][other+1]]
			for _, row := range rows[:min(len(rows), most)] {
				if row >= before {
					break
				}
				candidate := &x.pictures[row].look
				if d := l.distance(candidate); (d < best.bits || d == best.bits && row < best.original) &&
					l.near(candidate) {
					best, found = twin{original: row, bits: d}, true
				}
			}
		}
	}
	return best, found
}

// twins finds, for each of the rows, the picture of the index that it is nearly,
// or an earlier one of it; the nearest come first.
func (x *index) twins(ctx context.Context, workers int, pictures []picture, rows []uint32,
	earlier bool) ([]twin, error) {
	parts := make([][]twin, workers)
	group := errgroup.Group{}
	for w := range workers {
		group.Go(func() error {
			for i, row := range rows[len(rows)*w/workers : len(rows)*(w+1)/workers] {
				if i%1024 == 0 && ctx.Err() != nil {
					return ctx.Err()
				}
				before := ^uint32(0)
				if earlier {
					before = row
				}
				if p := &pictures[row]; !p.is(blank) {
					if t, found := x.nearest(&p.look, before); found {
						t.row = row
						parts[w] = append(parts[w], t)
					}
				}
			}
			return nil
		})
	}
	err := group.Wait()
	all := slices.Concat(parts...)
	slices.SortStableFunc(all, func(a, b twin) int { return a.bits - b.bits })
	return all, err
}
