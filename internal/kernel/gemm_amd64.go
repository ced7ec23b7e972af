//go:build !purego

package kernel

// gemmTiles is gemmTilesGo in assembly.
func gemmTiles(rows, tiles, n, k int, a []float32, rowA, colA int, b panels, c []float32, rowC, start int, bias []float32) {
	switch {
	case level == Portable || k == 0:
		gemmTilesGo(rows, tiles, n, k, a, rowA, colA, b, c, rowC, start, bias)
	case level >= AVX512:
		gemmTilesAVX512(rows, tiles, n, k, a, rowA, colA, b, c, rowC, start, bias)
	case n == panelWidth:
		gemmTilesAVX2(rows, tiles, k, a, rowA, colA, b, c, rowC, start, bias)
	default:
		gemmEdgeAVX2(rows*tiles, n, k, a, rowA, colA, b, c, rowC, start, bias)
	}
}

func gemmTilesAVX2(rows, tiles, k int, a []float32, rowA, colA int, b panels, c []float32, rowC, start int, bias []float32) {
	var add *float32
	if start&2 != 0 {
		add = &bias[:panelWidth][0]
	}
	last := rows*tiles - 1
	_, _, _ = a[last*rowA+(k-1)*colA], b.data[(k-1)*b.row+panelWidth-1], c[last*rowC+panelWidth-1]
	pa, pb, pc, ra, ca, rb, rc := &a[0], &b.data[0], &c[0], 4*rowA, 4*colA, 4*b.row, 4*rowC
	switch rows {
	case 6:
		gemm6x16AVX2(tiles, k, pa, ra, ca, pb, rb, pc, rc, start, add)
	case 5:
		gemm5x16AVX2(tiles, k, pa, ra, ca, pb, rb, pc, rc, start, add)
	case 4:
		gemm4x16AVX2(tiles, k, pa, ra, ca, pb, rb, pc, rc, start, add)
	case 3:
		gemm3x16AVX2(tiles, k, pa, ra, ca, pb, rb, pc, rc, start, add)
	case 2:
		gemm2x16AVX2(tiles, k, pa, ra, ca, pb, rb, pc, rc, start, add)
	case 1:
		gemm1x16AVX2(tiles, k, pa, ra, ca, pb, rb, pc, rc, start, add)
	}
}

// gemmEdgeAVX2 is for the last columns, fewer than a panel has.
func gemmEdgeAVX2(m, n, k int, a []float32, rowA, colA int, b panels, c []float32, rowC, start int, bias []float32) {
	const tileRows = 6
	var edge [tileRows * panelWidth]float32
	var wide [panelWidth]float32
	copy(wide[:n], bias)
	for i := 0; i < m; i += tileRows {
		rows := min(tileRows, m-i)
		for r := range rows {
			copy(edge[r*panelWidth:][:n], c[(i+r)*rowC:])
		}
		gemmTilesAVX2(rows, 1, k, a[i*rowA:], rowA, colA, b, edge[:], panelWidth, start, wide[:])
		for r := range rows {
			copy(c[(i+r)*rowC:][:n], edge[r*panelWidth:])
		}
	}
}

// gemmsAVX512 are the kernels by rows - 1 and panels - 1.
var gemmsAVX512 = [...][2]func(tiles, kc int, a *float32, rowA, colA int, b *float32, rowB int, c *float32, rowC, start int, bias *float32, panel int, mask uint16){
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

func gemmTilesAVX512(rows, tiles, n, k int, a []float32, rowA, colA int, b panels, c []float32, rowC, start int, bias []float32) {
	var add *float32
	if start&2 != 0 {
		add = &bias[:n][0]
	}
	number, last := ceil(n, panelWidth), rows*tiles-1
	width := n - (number-1)*panelWidth
	_, _, _ = a[last*rowA+(k-1)*colA], b.data[(number-1)*b.next+(k-1)*b.row+width-1], c[last*rowC+n-1]
	gemmsAVX512[rows-1][number-1](tiles, k, &a[0], 4*rowA, 4*colA, &b.data[0], 4*b.row, &c[0], 4*rowC, start, add, 4*b.next, uint16(1<<width-1))
}
