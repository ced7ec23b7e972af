package eval

import (
	"context"
	"math"
	"sync"

	"github.com/goclip/goclip/internal/kernel"
	"github.com/goclip/goclip/model"
)

// blockSize is the number of rows and columns of cosines that are in memory at
// once: 4 MiB, about the L2 caches of two cores.
const blockSize = 1024

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
// It has the pool only while a block is computed, not during a visit.
func eachBlock(ctx context.Context, pool *model.Pool, a, b []float32, e int, visit func(block)) error {
	n, m := len(a)/e, len(b)/e
	buffer := make([]float32, min(n, blockSize)*min(m, blockSize))
	for left := 0; left < m; left += blockSize {
		right := min(m, left+blockSize)
		for lo := 0; lo < n; lo += blockSize {
			if err := ctx.Err(); err != nil {
				return err
			}
			hi := min(n, lo+blockSize)
			c := buffer[:(hi-lo)*(right-left)]
			product(pool, c, a[lo*e:hi*e], b[left*e:right*e], hi-lo, right-left, e, kernel.Gemm{TransB: true})
			visit(block{lo, hi, left, right, c})
		}
	}
	return nil
}

// product is the kernel's c = a b (n, m), over sums of e products, while nobody
// else has the pool.
func product(pool *model.Pool, c, a, b []float32, n, m, e int, how kernel.Gemm) {
	pool.Lock()
	defer pool.Unlock()
	pool.Gemm(c, a, b, n, m, e, how)
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

func notFinite(v float32) bool { return math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) }
