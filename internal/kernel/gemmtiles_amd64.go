//go:build !purego

package kernel

// gemmTiles are what a kernel of gemm computes: tiles of C side by side, each of
// the same rows and of one or two panels of columns. Strides are in bytes. The
// assembly reads this struct and does not write to it; its generator takes the
// offsets of the fields from here.
//
// There are three kernels: gemm16AVX2, gemm16AVX512 and gemm32AVX512, by the
// columns of a tile. Each has a body of instructions for every number of rows that
// a tile may have, 6 or 14 at most: 34 bodies. All sums of a tile are in registers,
// which instructions name, so that a loop cannot run over them; and tiles are of
// about equal height, see multiply, so that all heights occur. Whatever body
// computes an element, its sum is the same, in the order of K.
type gemmTiles struct {
	rows, tiles int

	// pace is the number of steps of K between two prefetches, one for each row,
	// and rest the number of steps behind the last: K = rows pace + rest. With a
	// pace of 0 nothing is prefetched.
	pace, rest int

	a          *float32
	rowA, colA int

	b           *float32
	rowB, panel int // panel is from one panel to the next

	c    *float32
	rowC int

	// start says what is added to the product: 1 is from, 2 the bias, 3 both. From
	// has the strides of C. It is prefetched in any case.
	from  *float32
	start int
	bias  *float32

	// next is where the rows of A begin that come after these. Each tile prefetches
	// a part of them, tileNext behind the part of the tile before.
	next     *float32
	tileNext int

	// mask has a bit for each column of the last vector of every tile. AVX2 has no
	// masks.
	mask uint16
}
