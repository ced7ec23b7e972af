package eval

import (
	"context"
	"slices"

	"github.com/goclip/goclip/eval/embeddings"
	"github.com/goclip/goclip/model"
)

// indexBlock is the number of rows of Items that are in memory at once.
const indexBlock = 1 << 14

// NearestIn is [Nearest] over items of any number: they are read block by block, in
// one pass for all queries (N, E).
func NearestIn(ctx context.Context, pool *model.Pool, queries []float32, items embeddings.Items,
	k int) ([][]Match, error) {
	best := make([][]Match, len(queries)/items.Dim())
	for lo := 0; lo < items.Len(); lo += indexBlock {
		block, err := items.Block(lo, min(items.Len(), lo+indexBlock))
		if err != nil {
			return nil, err
		}
		part, err := Nearest(ctx, pool, queries, block, items.Dim(), k)
		if err != nil {
			return nil, err
		}
		for i, matches := range part {
			for _, m := range matches {
				best[i] = append(best[i], Match{lo + m.Item, m.Cosine})
			}
			slices.SortFunc(best[i], nearerFirst)
			best[i] = best[i][:min(k, len(best[i]))]
		}
	}
	return best, nil
}
