package kernel

// panels is a right operand, in panels of panelWidth columns: the distance
// between the rows of a panel, and between a panel and the next. The columns
// behind the last may hold anything.
type panels struct {
	data      []float32
	row, next int
}

// packed is an operand of so many rows that packRows or packColumns made.
func packed(data []float32, rows int) panels { return panels{data, panelWidth, rows * panelWidth} }

// rowMajor is an operand as it lies in memory.
func rowMajor(data []float32, row int) panels { return panels{data, row, panelWidth} }

// from is b without its first rows and columns, a multiple of panelWidth.
func (b panels) from(row, column int) panels {
	return panels{b.data[row*b.row+column/panelWidth*b.next:], b.row, b.next}
}

// multiply computes m x n of C on one thread, from a strided A and k rows of b.
// Start says what is added: 1 what C holds, 2 the bias.
func multiply(c []float32, rowC int, a []float32, rowA, colA int, b panels, m, n, k, start int, bias []float32) {
	if k == 0 {
		rowA = 0 // a is empty
	}
	shape := &tileShapes[level]
	// Tiles of about equal height: thin ones cannot use the whole machine.
	tiles := ceil(m, shape.rows)
	rows, higher := m/tiles, m%tiles
	across := shape.panels * panelWidth
	for j := 0; j < n; j += across {
		width := min(n-j, across)
		b, add, c := b.from(0, j), []float32(nil), c[j:]
		if start&2 != 0 {
			add = bias[j : j+width]
		}
		if higher > 0 {
			gemmTiles(rows+1, higher, width, k, a, rowA, colA, b, c, rowC, start, add)
		}
		done := higher * (rows + 1)
		gemmTiles(rows, tiles-higher, width, k, a[done*rowA:], rowA, colA, b, c[done*rowC:], rowC, start, add)
	}
}

// gemmTilesGo computes tiles, one below the other, each of so many rows and n
// columns of C; see multiply.
func gemmTilesGo(rows, tiles, n, k int, a []float32, rowA, colA int, b panels, c []float32, rowC, start int, bias []float32) {
	for i := range rows * tiles {
		for j := 0; j < n; j += panelWidth {
			var sums [panelWidth]float32
			sum, b := sums[:min(panelWidth, n-j)], b.from(0, j)
			for p := range k {
				x := a[i*rowA+p*colA]
				for l, v := range b.data[p*b.row:][:len(sum)] {
					sum[l] += x * v
				}
			}
			for l, v := range sum {
				if start&2 != 0 {
					v += bias[j+l]
				}
				if start&1 != 0 {
					v += c[i*rowC+j+l]
				}
				c[i*rowC+j+l] = v
			}
		}
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
