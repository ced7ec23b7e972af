//go:build !purego

package kernel

// gemmRow is gemmRowGo in assembly. Next is where the rows of A begin that come
// after these: it asks for them ahead.
func gemmRow(rows, n, k int, a left, next []float32, b panels, c []float32, rowC int, bias, from []float32) {
	switch {
	case level == Portable || k == 0:
		gemmRowGo(rows, n, k, a, b, c, rowC, bias, from)
	case level >= AVX512:
		const tile = 2 * panelWidth
		whole := n &^ (tile - 1)
		if whole > 0 {
			gemmAVX512(rows, whole/tile, tile, k, a, next, b, c, rowC, bias, from)
		}
		if whole < n {
			gemmAVX512(rows, 1, n-whole, k, a, next, b.from(0, whole), c[whole:], rowC, rest(bias, whole), rest(from, whole))
		}
	default:
		whole := n &^ (panelWidth - 1)
		if whole > 0 {
			gemmAVX2(rows, whole/panelWidth, k, a, next, b, c, rowC, bias, from)
		}
		if whole < n {
			gemmEdgeAVX2(rows, n-whole, k, a, b.from(0, whole), c[whole:], rowC, rest(bias, whole), rest(from, whole))
		}
	}
}

// rest is x without its first n elements, if there is one.
func rest(x []float32, n int) []float32 {
	if x == nil {
		return nil
	}
	return x[n:]
}

// pacing spreads over the first half of a tile what it asks for: before each
// pace steps a row of C and a part of one of A, which lies tileNext bytes further
// in the next tile. Short tiles do not ask.
func pacing(rows, tiles, k int) (pace, tileNext int) {
	return k / (2 * rows), min(128, ceil(ceil(4*k, tiles), 64)*64)
}

// start is what the assembly calls the addends. It asks for from in any case.
func start(c, bias, from []float32) (start int, pb, pf *float32) {
	pf = &c[0]
	if from != nil {
		start, pf = 1, &from[0]
	}
	if bias != nil {
		start, pb = start|2, &bias[0]
	}
	return start, pb, pf
}

// gemmsAVX2 are the kernels by rows - 1.
var gemmsAVX2 = [...]func(tiles, pace, rest int, a *float32, rowA, colA int, b *float32, rowB, panel int, c *float32, rowC int, from *float32, start int, bias, next *float32, tileNext int){
	gemm1x16AVX2, gemm2x16AVX2, gemm3x16AVX2, gemm4x16AVX2, gemm5x16AVX2, gemm6x16AVX2,
}

func gemmAVX2(rows, tiles, k int, a left, next []float32, b panels, c []float32, rowC int, bias, from []float32) {
	n := tiles * panelWidth
	_, _, _ = a.data[(rows-1)*a.row+(k-1)*a.column], b.data[(tiles-1)*b.next+(k-1)*b.row+panelWidth-1], c[(rows-1)*rowC+n-1]
	if from != nil {
		_ = from[(rows-1)*rowC+n-1]
	}
	start, pb, pf := start(c, bias, from)
	pace, tileNext := pacing(rows, tiles, k)
	gemmsAVX2[rows-1](tiles, pace, k-rows*pace, &a.data[0], 4*a.row, 4*a.column, &b.data[0], 4*b.row, 4*b.next, &c[0], 4*rowC, pf, start, pb, &next[0], tileNext)
}

// gemmEdgeAVX2 is for the last columns, fewer than a panel has.
func gemmEdgeAVX2(rows, n, k int, a left, b panels, c []float32, rowC int, bias, from []float32) {
	var edge, add [6 * panelWidth]float32
	var wide [panelWidth]float32
	var pb, pf []float32
	if bias != nil {
		copy(wide[:n], bias)
		pb = wide[:]
	}
	if from != nil {
		for r := range rows {
			copy(add[r*panelWidth:][:n], from[r*rowC:])
		}
		pf = add[:]
	}
	gemmAVX2(rows, 1, k, a, a.data, b, edge[:], panelWidth, pb, pf)
	for r := range rows {
		copy(c[r*rowC:][:n], edge[r*panelWidth:])
	}
}

// gemmsAVX512 are the kernels by rows - 1 and panels - 1.
var gemmsAVX512 = [...][2]func(tiles, pace, rest int, a *float32, rowA, colA int, b *float32, rowB, panel int, c *float32, rowC int, from *float32, start int, bias, next *float32, tileNext int, mask uint16){
	{gemm1x16AVX512, gemm1x32AVX512},
	{gemm2x16AVX512, gemm2x32AVX512},
	{gemm3x16AVX512, gemm3x32AVX512},
	{gemm4x16AVX512, gemm4x32AVX512},
	{gemm5x16AVX512, gemm5x32AVX512},
	{gemm6x16AVX512, gemm6x32AVX512},
	{gemm7x16AVX512, gemm7x32AVX512},
	{gemm8x16AVX512, gemm8x32AVX512},
	{gemm9x16AVX512, gemm9x32AVX512},
	{gemm10x16AVX512, gemm10x32AVX512},
	{gemm11x16AVX512, gemm11x32AVX512},
	{gemm12x16AVX512, gemm12x32AVX512},
	{gemm13x16AVX512, gemm13x32AVX512},
	{gemm14x16AVX512, gemm14x32AVX512},
}

// gemmAVX512 computes tiles of n <= 32 columns.
func gemmAVX512(rows, tiles, n, k int, a left, next []float32, b panels, c []float32, rowC int, bias, from []float32) {
	number := ceil(n, panelWidth)
	width := n - (number-1)*panelWidth
	last := (tiles-1)*n + n - 1
	_, _, _ = a.data[(rows-1)*a.row+(k-1)*a.column], b.data[(tiles*number-1)*b.next+(k-1)*b.row+panelWidth-1], c[(rows-1)*rowC+last]
	if from != nil {
		_ = from[(rows-1)*rowC+last]
	}
	start, pb, pf := start(c, bias, from)
	pace, tileNext := pacing(rows, tiles, k)
	gemmsAVX512[rows-1][number-1](tiles, pace, k-rows*pace, &a.data[0], 4*a.row, 4*a.column, &b.data[0], 4*b.row, 4*b.next, &c[0], 4*rowC, pf, start, pb, &next[0], tileNext, uint16(1<<width-1))
}
