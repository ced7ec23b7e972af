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
			gemmAVX512(t, 0, whole/wide, wide)
		}
		if whole < t.n {
			gemmAVX512(t, whole, 1, t.n-whole)
		}
	default:
		whole := t.n &^ (panelWidth - 1)
		if whole > 0 {
			gemmAVX2(t, 0, whole/panelWidth)
		}
		if whole < t.n {
			gemmEdgeAVX2(t, whole)
		}
	}
}

// gemmAVX512 computes tiles of n <= 32 columns from column first on.
func gemmAVX512(t *tileRow, first, tiles, n int) {
	panels := ceil(n, panelWidth)
	g := gemmTiles{mask: uint16(1<<(n-(panels-1)*panelWidth) - 1)}
	g.describe(t, first, tiles, n, panels)
	if panels == 1 {
		gemm16AVX512(&g)
		return
	}
	gemm32AVX512(&g)
}

// gemmAVX2 computes tiles of 16 columns from column first on.
func gemmAVX2(t *tileRow, first, tiles int) {
	var g gemmTiles
	g.describe(t, first, tiles, panelWidth, 1)
	gemm16AVX2(&g)
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
	gemmAVX2(&edge, 0, 1)
	for r := range t.rows {
		copy(t.c[r*t.rowC+first:][:n], c[r*panelWidth:])
	}
}

// describe sets all but the mask: tiles of n columns each, in so many panels, from
// column first of t on. It checks that the operands reach as far as a kernel reads
// and writes.
func (g *gemmTiles) describe(t *tileRow, first, tiles, n, panels int) {
	a, b, c := &t.a, t.b.from(0, first), t.c[first:]
	end := (t.rows-1)*t.rowC + tiles*n - 1
	_, _ = a.data[(t.rows-1)*a.row+(t.k-1)*a.column], c[end]
	_ = b.data[(tiles*panels-1)*b.next+(t.k-1)*b.row+panelWidth-1]
	g.rows, g.tiles = t.rows, tiles
	g.a, g.rowA, g.colA = &a.data[0], 4*a.row, 4*a.column
	g.b, g.rowB, g.panel = &b.data[0], 4*b.row, 4*b.next
	g.c, g.rowC, g.from = &c[0], 4*t.rowC, &c[0]
	if t.from != nil {
		from := t.from[first:]
		_ = from[end]
		g.start, g.from = 1, &from[0]
	}
	if t.bias != nil {
		bias := t.bias[first:]
		_ = bias[tiles*n-1]
		g.start, g.bias = g.start|2, &bias[0]
	}
	// What is prefetched is spread over the first half of a tile; short tiles
	// prefetch nothing.
	g.pace = t.k / (2 * t.rows)
	g.rest = t.k - t.rows*g.pace
	g.next, g.tileNext = &t.next[0], min(128, ceil(ceil(4*t.k, tiles), 64)*64)
}
