package train

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
// are as good an answer; with p the share of its caption,
//
//	floor = E[ln(1 + B)], B of the binomial distribution with n - 1 and p
//
// which takes images to differ, and a batch for a draw with replacement.
func Floor(counts []int, n int) float64 {
	total := 0
	groups := map[int]int{} // of captions by how often they occur
	for _, c := range counts {
		total += c
		groups[c]++
	}
	var floor float64
	for _, c := range slices.Sorted(maps.Keys(groups)) { // a fixed order of additions
		p := float64(c) / float64(total)
		floor += p * float64(groups[c]) * meanLog(n-1, p)
	}
	return floor
}

// meanLog is E[ln(1 + B)] for B of the binomial distribution with n and p.
func meanLog(n int, p float64) float64 {
	if p >= 1 {
		return math.Log(float64(n + 1))
	}
	mean := float64(n) * p
	reach := 12*math.Sqrt(mean*(1-p)) + 30 // beyond, nothing is left
	all, _ := math.Lgamma(float64(n + 1))
	var sum float64
	for k := max(1, int(mean-reach)); k <= min(n, int(mean+reach)); k++ {
		hit, _ := math.Lgamma(float64(k + 1))
		miss, _ := math.Lgamma(float64(n - k + 1))
		sum += math.Exp(all-hit-miss+float64(k)*math.Log(p)+float64(n-k)*math.Log1p(-p)) * math.Log(float64(k+1))
	}
	return sum
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
