package kernel

// multiply computes m x n of C on one thread, from a strided A and packed
// panels of B, of which it takes the first k of packed rows. Start says what is
// added: 1 what C holds, 2 the bias.
func multiply(c []float32, rowC int, a []float32, rowA, colA int, panels []float32, packed, m, n, k, start int, bias []float32) {
	// Tiles of 6 rows and some of 5, as thinner ones cannot use the whole machine.
	fives := ceil(m, tileRows)*tileRows - m
	if 5*fives > m {
		fives = 0
	}
	for j := 0; j < n; j += panelWidth {
		panel, b := panels[j*packed:], []float32(nil)
		if n-j < panelWidth {
			multiplyEdge(c[j:], rowC, a, rowA, colA, panel, m, n-j, k, start, bias[min(j, len(bias)):])
			return
		}
		if start&2 != 0 {
			b = bias[j:]
		}
		for i := 0; i < m; {
			rows := tileRows
			if m-i == 5*fives {
				rows = 5
			}
			tiles := (m - i - 5*fives) / tileRows
			if rows == 5 {
				tiles = fives
			}
			if tiles == 0 {
				rows, tiles = m-i, 1
			}
			gemmTiles(rows, tiles, k, a[i*rowA:], rowA, colA, panel, c[i*rowC+j:], rowC, start, b)
			i += rows * tiles
		}
	}
}

// multiplyEdge is multiply for the last columns, fewer than a panel has.
func multiplyEdge(c []float32, rowC int, a []float32, rowA, colA int, panel []float32, m, n, k, start int, bias []float32) {
	var edge [tileRows * panelWidth]float32
	var wide [panelWidth]float32
	copy(wide[:n], bias)
	for i := 0; i < m; i += tileRows {
		rows := min(tileRows, m-i)
		for r := range rows {
			copy(edge[r*panelWidth:][:n], c[(i+r)*rowC:])
		}
		gemmTiles(rows, 1, k, a[i*rowA:], rowA, colA, panel, edge[:], panelWidth, start, wide[:])
		for r := range rows {
			copy(c[(i+r)*rowC:][:n], edge[r*panelWidth:])
		}
	}
}

// gemmTilesGo computes rows of 16 columns of C; see multiply.
func gemmTilesGo(rows, k int, a []float32, rowA, colA int, panel, c []float32, rowC, start int, bias []float32) {
	for i := range rows {
		var sum [panelWidth]float32
		for p := range k {
			x := a[i*rowA+p*colA]
			for j, v := range panel[p*panelWidth:][:panelWidth] {
				sum[j] += x * v
			}
		}
		out := c[i*rowC:][:panelWidth]
		for j := range sum {
			if start&2 != 0 {
				sum[j] += bias[j]
			}
			if start&1 != 0 {
				sum[j] += out[j]
			}
		}
		copy(out, sum[:])
	}
}

// packRows copies k rows of n floats into panels of 16 columns and packed rows,
// with zeros behind the last column.
func packRows(dst []float32, packed int, b []float32, rowB, k, n int) {
	whole := n / panelWidth
	copyPanels(dst, packed, b, rowB, k, whole)
	if left := n - whole*panelWidth; left > 0 {
		for i := range k {
			d := dst[(whole*packed+i)*panelWidth:][:panelWidth]
			clear(d[copy(d, b[i*rowB+whole*panelWidth:][:left]):])
		}
	}
}

func copyPanelsGo(dst []float32, packed int, b []float32, rowB, k, panels int) {
	for i := range k {
		for j := range panels {
			copy(dst[(j*packed+i)*panelWidth:][:panelWidth], b[i*rowB+j*panelWidth:])
		}
	}
}

// packColumns makes one panel of n <= 16 columns that are stored as rows of k floats.
func packColumns(dst, b []float32, rowB, k, n int) {
	if n < panelWidth {
		clear(dst)
	}
	for j := 0; j < n; j += 8 {
		if n-j >= 8 {
			transpose(dst[j:], panelWidth, b[j*rowB:], rowB, k, 8)
			continue
		}
		const part = 64
		var rows [8 * part]float32 // with rows of zeros, as transposing 8 is fast
		for lo := 0; lo < k; lo += part {
			for i := j; i < n; i++ {
				copy(rows[(i-j)*part:][:part], b[i*rowB+lo:i*rowB+min(lo+part, k)])
			}
			transpose(dst[lo*panelWidth+j:], panelWidth, rows[:], part, min(part, k-lo), 8)
		}
	}
}

// transposeGo writes dst[i*rowDst + j] = src[j*rowSrc + i] for i < n, j < width.
func transposeGo(dst []float32, rowDst int, src []float32, rowSrc, n, width int) {
	for j := range width {
		for i, v := range src[j*rowSrc:][:n] {
			dst[i*rowDst+j] = v
		}
	}
}
