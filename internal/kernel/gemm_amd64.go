//go:build !purego

package kernel

// gemmRow is gemmRowGo in assembly.
func gemmRow(t *tileRow) {
	const wide = 2 * panelWidth
	switch {
	case level == Portable || t.k == 0:
		gemmRowGo(t)
	case level >= AVX512:
		whole := t.n &^ (wide - 1)
		if whole > 0 {
			t.run(0, whole/wide, wide)
		}
		if whole < t.n {
			t.run(whole, 1, t.n-whole)
		}
	default:
		whole := t.n &^ (panelWidth - 1)
		if whole > 0 {
			t.run(0, whole/panelWidth, panelWidth)
		}
		if whole < t.n {
			gemmEdgeAVX2(t, whole)
		}
	}
}

// run computes tiles of n columns each, in one or two panels, from column first on.
// It checks that the operands reach as far as the kernel reads and writes.
func (t *tileRow) run(first, tiles, n int) {
	panels := ceil(n, panelWidth)
	a, b, c := t.a.data, t.b.data[first/panelWidth*t.b.next:], t.c[first:]
	end := (t.rows-1)*t.rowC + tiles*n - 1
	_, _ = a[(t.rows-1)*t.a.row+(t.k-1)*t.a.column], c[end]
	_ = b[(tiles*panels-1)*t.b.next+(t.k-1)*t.b.row+panelWidth-1]
	// A composite literal would be built elsewhere and copied, which makes the kernel
	// wait.
	var g gemmTiles
	g.rows, g.tiles = t.rows, tiles
	g.pace = t.k / (2 * t.rows) // over the first half of a tile; short ones prefetch nothing
	g.rest = t.k - t.rows*g.pace
	g.a, g.rowA, g.colA = &a[0], 4*t.a.row, 4*t.a.column
	g.b, g.rowB, g.panel = &b[0], 4*t.b.row, 4*t.b.next
	g.c, g.rowC, g.from = &c[0], 4*t.rowC, &c[0]
	if t.from != nil {
		_ = t.from[first+end]
		g.start, g.from = 1, &t.from[first]
	}
	if t.bias != nil {
		_ = t.bias[first+tiles*n-1]
		g.start, g.bias = g.start|2, &t.bias[first]
	}
	g.next, g.tileNext = &t.next[0], min(128, ceil(ceil(4*t.k, tiles), 64)*64)
	g.mask = uint16(1<<(n-(panels-1)*panelWidth) - 1)
	switch {
	case level == AVX2:
		gemm16AVX2(&g)
	case panels == 1:
		gemm16AVX512(&g)
	default:
		gemm32AVX512(&g)
	}
}

// gemmEdgeAVX2 computes the columns from first on, fewer than a panel has, in copies.
func gemmEdgeAVX2(t *tileRow, first int) {
	var c, from [6 * panelWidth]float32
	var bias [panelWidth]float32
	n := t.n - first
	edge := tileRow{rows: t.rows, n: panelWidth, k: t.k, a: t.a, next: t.a.data, b: t.b.from(0, first),
		c: c[:], rowC: panelWidth}
	if t.bias != nil {
		copy(bias[:n], t.bias[first:])
		edge.bias = bias[:]
	}
	if t.from != nil {
		for r := range t.rows {
			copy(from[r*panelWidth:][:n], t.from[r*t.rowC+first:])
		}
		edge.from = from[:]
	}
	edge.run(0, 1, panelWidth)
	for r := range t.rows {
		copy(t.c[r*t.rowC+first:][:n], c[r*panelWidth:])
	}
}
