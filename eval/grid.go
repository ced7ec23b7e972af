package eval

import (
	"context"
	"fmt"
	"math"
	"sync"

	"github.com/goclip/goclip/internal/kernel"
)

// gridBlock is the number of rows and columns of cosines that are in memory at
// once: 4 MiB, about the second caches of two cores.
const gridBlock = 1024

// A block holds the cosines of rows lo to hi of one set of embeddings with
// rows left to right of another, row by row.
type block struct {
	lo, hi, left, right int
	cosines             []float32
}

// row returns the cosines of row i, which lies in the block.
func (b block) row(i int) []float32 {
	n := b.right - b.left
	return b.cosines[(i-b.lo)*n:][:n]
}

// eachBlock visits all cosines of unit rows a (N, E) with unit rows b (M, E),
// block by block; the N x M grid is never in memory. Visit may change a block.
func eachBlock(ctx context.Context, pool *kernel.Pool, a, b []float32, e int, visit func(block)) error {
	n, m := len(a)/e, len(b)/e
	buffer := make([]float32, min(n, gridBlock)*min(m, gridBlock))
	for left := 0; left < m; left += gridBlock {
		right := min(m, left+gridBlock)
		for lo := 0; lo < n; lo += gridBlock {
			if err := ctx.Err(); err != nil {
				return err
			}
			hi := min(n, lo+gridBlock)
			c := buffer[:(hi-lo)*(right-left)]
			pool.Gemm(c, a[lo*e:hi*e], b[left*e:right*e], hi-lo, right-left, e, kernel.Gemm{TransB: true})
			visit(block{lo, hi, left, right, c})
		}
	}
	return nil
}

// parallel cuts 0 to n into one range for each worker and waits for all.
func parallel(workers, n int, do func(worker, lo, hi int)) {
	var wg sync.WaitGroup
	for w := range workers {
		if lo, hi := w*n/workers, (w+1)*n/workers; lo < hi {
			wg.Go(func() { do(w, lo, hi) })
		}
	}
	wg.Wait()
}

// checkRows reports embeddings that are not whole rows of finite numbers.
func checkRows(what string, x []float32, e int) error {
	if e < 1 || len(x) == 0 || len(x)%e != 0 {
		return fmt.Errorf("eval: %s: have %d numbers; want rows of %d", what, len(x), e)
	}
	for i, v := range x {
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			return fmt.Errorf("eval: %s: row %d has %g; want finite numbers", what, i/e, v)
		}
	}
	return nil
}
