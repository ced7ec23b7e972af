package data

import "math/rand/v2"

// blockRows is the number of neighboring rows that stay together when windows
// are made: about a row group, so that reading a block touches few pages.
const blockRows = 512

// An order says in which order the rows of a dataset are trained on. The row at a
// position is a pure function of the seed and the position: in each epoch,
// blocks of neighboring rows are shuffled, each window of them is shuffled
// row by row, and so each row occurs once. The borders of shards and row groups
// play no part.
type order struct {
	seed   uint64
	rows   int64
	window int64 // blocks in a window

	epoch  int64 // of blocks
	blocks []int64
}

func newOrder(seed uint64, rows int64, windowRows int) *order {
	return &order{seed: seed, rows: rows, window: max(1, int64(windowRows)/blockRows), epoch: -1}
}

// A window is a part of an epoch.
type window struct {
	start int64      // its first position in the run
	parts [][2]int64 // ranges of rows
	order []int32    // of the rows of all parts together
}

// at returns the window that holds a position of the run.
func (o *order) at(position int64) window {
	epoch, place := position/o.rows, position%o.rows
	blocks := (o.rows + blockRows - 1) / blockRows
	if epoch != o.epoch {
		o.epoch = epoch
		rng := keyed(o.seed, purposeBlocks, uint64(epoch), 0)
		o.blocks = make([]int64, blocks)
		for i, b := range rng.Perm(int(blocks)) {
			o.blocks[i] = int64(b)
		}
	}
	// The last block of the dataset may be short, so places are summed up.
	w := window{start: epoch * o.rows}
	for first := int64(0); ; first += o.window {
		w.parts = w.parts[:0]
		var n int64
		for _, b := range o.blocks[first:min(blocks, first+o.window)] {
			part := [2]int64{b * blockRows, min(o.rows, (b+1)*blockRows)}
			w.parts = append(w.parts, part)
			n += part[1] - part[0]
		}
		if w.start+n > epoch*o.rows+place {
			rng := keyed(o.seed, purposeRows, uint64(epoch), uint64(first))
			w.order = make([]int32, n)
			for i, r := range rng.Perm(int(n)) {
				w.order[i] = int32(r)
			}
			return w
		}
		w.start += n
	}
}

// Purposes of random numbers: streams that share a seed must not share draws.
const (
	purposeBlocks = iota + 1
	purposeRows
	purposeCaption
	purposeAugment
	purposeCaptionColumn
	purposeMix
	purposeDraw
)

// keyed returns the random numbers of one purpose at one place.
func keyed(seed, purpose, epoch, index uint64) *rand.Rand {
	return rand.New(rand.NewPCG(mix(seed^mix(purpose)), mix(epoch)^index))
}

// mix is the finalizer of SplitMix64 (Steele et al., 2014), which keeps
// neighboring keys apart.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
