package eval

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/goclip/goclip/eval/embeddings"
	"github.com/goclip/goclip/model"
)

// A Match is an item with its cosine to a query.
type Match struct {
	Item   int     `json:"item"`
	Cosine float32 `json:"cosine"`
}

// nearerFirst orders matches. Of equal cosines the item first in order is nearer.
func nearerFirst(a, b Match) int {
	return cmp.Or(-cmp.Compare(a.Cosine, b.Cosine), cmp.Compare(a.Item, b.Item))
}

// Nearest finds the k items (M, E) with the largest cosines for each query
// (N, E), nearest first: a list for each query. With fewer than k items it
// returns them all. Rows have length 1; rows of unequal width and numbers that
// are not finite are errors.
func Nearest(ctx context.Context, pool *model.Pool, queries, items []float32, e, k int) ([][]Match, error) {
	if k < 1 {
		return nil, fmt.Errorf("eval: the nearest %d; want at least 1", k)
	}
	if err := embeddings.Check("queries", queries, e); err != nil {
		return nil, err
	}
	if err := embeddings.Check("items", items, e); err != nil {
		return nil, err
	}
	pool, k = pool.OrDefault(), min(k, len(items)/e)
	all := make([][]Match, len(queries)/e)
	for i := range all {
		all[i] = make([]Match, 0, k)
	}
	err := eachBlock(ctx, pool, queries, items, e, func(b block) {
		parallel(pool.Threads(), b.hi-b.lo, func(_, lo, hi int) {
			for i := b.lo + lo; i < b.lo+hi; i++ {
				all[i] = keepNearest(all[i], b.row(i), b.left, k)
			}
		})
	})
	return all, err
}

// keepNearest adds a row of cosines, of items from first, to at most k matches
// in order.
func keepNearest(best []Match, row []float32, first, k int) []Match {
	for j, c := range row {
		if len(best) == k && c <= best[k-1].Cosine {
			continue
		}
		m := Match{first + j, c}
		at, _ := slices.BinarySearchFunc(best, m, nearerFirst)
		if len(best) == k {
			best = best[:k-1]
		}
		best = slices.Insert(best, at, m)
	}
	return best
}

// KNN gives each query (N, E) the label that most of its k nearest items (M, E)
// have; of equally frequent labels, the smallest. Rows have length 1.
func KNN(ctx context.Context, pool *model.Pool, queries, items []float32, labels []int, e, k int) ([]int, error) {
	if len(labels)*e != len(items) {
		return nil, fmt.Errorf("eval: have %d numbers for %d labels; want one row per label", len(items), len(labels))
	}
	matches, err := Nearest(ctx, pool, queries, items, e, k)
	if err != nil {
		return nil, err
	}
	predicted := make([]int, len(matches))
	for i, near := range matches {
		votes := map[int]int{}
		for _, m := range near {
			votes[labels[m.Item]]++
		}
		best := labels[near[0].Item]
		for label, n := range votes {
			if n > votes[best] || n == votes[best] && label < best {
				best = label
			}
		}
		predicted[i] = best
	}
	return predicted, nil
}

// Accuracy is the fraction of predicted labels that are right.
func Accuracy(predicted, labels []int) float64 {
	right := 0
	for i, p := range predicted {
		if p == labels[i] {
			right++
		}
	}
	return float64(right) / float64(len(labels))
}
