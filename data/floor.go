package data

import (
	"context"
	"hash/maphash"
	"iter"
	"maps"
	"math"
	"slices"
)

// Floor is the least mean loss that a model can reach in batches of n pairs, where
// captions repeat: counts says how often each distinct caption occurs. A pair
// whose caption occurs m times in its batch costs ln m at least, as the others
// are as good an answer, so that
//
//	floor = E[ln(1 + H)]
//
// with H the number of others in the batch that have its caption: of the c-1
// others among all pairs, those among n-1 drawn without replacement, as an epoch
// draws them, which is hypergeometric. It takes images to differ.
func Floor(counts []int, n int) float64 {
	return FloorOf(counts, n, func(same int) float64 { return math.Log(float64(same)) })
}

// FloorOf is Floor for another loss: of what it is at least for a pair whose caption so
// many pairs of the batch have, itself included.
func FloorOf(counts []int, n int, least func(same int) float64) float64 {
	return others(counts, n, func(h int) float64 { return least(1 + h) })
}

// SigmoidGuess is the sigmoid loss of a guess among so many texts, one of which is the
// image's: n questions, answered by the logarithm of the odds; SigmoidGuess of a batch is
// what a model has that knows nothing, and [FloorOf] it the floor.
func SigmoidGuess(n int) float64 {
	if n == 1 {
		return 0
	}
	m := float64(n)
	return math.Log(m) + (m-1)*math.Log(m/(m-1))
}

// Twins is the share of the pairs of a batch of n whose caption another pair of
// the batch has; counts are as for Floor.
func Twins(counts []int, n int) float64 {
	return others(counts, n, func(int) float64 { return 1 })
}

// others is the mean, over pairs, of a value of the number of others in their
// batch that have their caption, which is 0 where there are none.
func others(counts []int, n int, value func(h int) float64) (mean float64) {
	total := 0
	groups := map[int]int{} // of captions by how often they occur
	for _, c := range counts {
		total += c
		groups[c]++
	}
	n = min(n, total)
	for _, c := range slices.Sorted(maps.Keys(groups)) { // a fixed order of additions
		share := float64(c) * float64(groups[c]) / float64(total)
		p := float64(c-1) / float64(max(1, total-1))
		expected := float64(n-1) * p
		reach := 12*math.Sqrt(expected*(1-p)) + 30 // beyond, nothing is left
		for h := max(1, n-1-(total-c), int(expected-reach)); h <= min(c-1, n-1, int(expected+reach)); h++ {
			mean += share * value(h) * math.Exp(choose(c-1, h)+choose(total-c, n-1-h)-choose(total-1, n-1))
		}
	}
	return mean
}

// choose is the logarithm of the number of ways to choose k of n.
func choose(n, k int) float64 {
	all, _ := math.Lgamma(float64(n + 1))
	in, _ := math.Lgamma(float64(k + 1))
	out, _ := math.Lgamma(float64(n - k + 1))
	return all - in - out
}

// maxCounted bounds the memory of CaptionCounts.
const maxCounted = 1 << 20

// CaptionCounts says how often each distinct caption occurs, of the first
// million.
type CaptionCounts struct {
	seed   maphash.Seed
	counts map[uint64]int
	n      int
}

// NewCaptionCounts has counted nothing.
func NewCaptionCounts() *CaptionCounts {
	return &CaptionCounts{seed: maphash.MakeSeed(), counts: map[uint64]int{}}
}

// Pass counts captions as they go by.
func (c *CaptionCounts) Pass(captions iter.Seq2[string, error]) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for caption, err := range captions {
			if err == nil && c.n < maxCounted {
				c.counts[maphash.String(c.seed, caption)]++
				c.n++
			}
			if !yield(caption, err) {
				return
			}
		}
	}
}

// All are the counts.
func (c *CaptionCounts) All() []int { return slices.Collect(maps.Values(c.counts)) }

// CountCaptions counts the first million captions.
func CountCaptions(ctx context.Context, captions iter.Seq2[string, error]) ([]int, error) {
	c := NewCaptionCounts()
	for _, err := range c.Pass(captions) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, err
		}
		if c.n == maxCounted {
			break
		}
	}
	return c.All(), nil
}
