package kernel

// panels is a right operand, in panels of panelWidth columns: the distance
// between the rows of a panel, and between a panel and the next. The columns
// behind the last may hold anything.
type panels struct {
	data      []float32
	row, next int
}

// packed is an operand of the given number of rows that packRows or packColumns made.
func packed(data []float32, rows int) panels { return panels{data, panelWidth, rows * panelWidth} }

// rowMajor is an operand as it lies in memory.
func rowMajor(data []float32, row int) panels { return panels{data, row, panelWidth} }

// from is b without its first rows and columns, a multiple of panelWidth.
func (b panels) from(row, column int) panels {
	return panels{b.data[row*b.row+column/panelWidth*b.next:], b.row, b.next}
}

// left is a left operand: the distances between its rows, its columns, and from
// a tile of rows to the next. With space, tiles are copied there before they are
// used, some at a time.
type left struct {
	data              []float32
	row, column, next int
	space             []float32
}

// copiedTiles is the number of tiles that are copied at a time, so that rows of
// a transposed operand are read in long pieces.
const copiedTiles = 8

// strided is an operand as it lies in memory.
func strided(data []float32, row, column int) left { return left{data: data, row: row, column: column} }

// copied is an operand of k columns whose tiles are copied to space, of
// spaceFor(k) floats. Row or column is 1.
func copied(space, data []float32, row, column int) left {
	return left{data: data, row: row, column: column, space: space}
}

func spaceFor(k int) int { return copiedTiles * panelWidth * paddedRow(k) }

// paddedRow is the length of rows of k floats which fall into different sets of
// the L1 cache.
func paddedRow(k int) int { return (ceil(k, 16) | 1) * 16 }

// tiles returns the first tiles, number x rows rows of k columns, where they shall be
// read.
func (a left) tiles(number, rows, k int) left {
	t := left{data: a.space, row: 1, column: panelWidth, next: k * panelWidth}
	switch {
	case a.space == nil:
		t = a
		t.next = rows * a.row
	case a.row == 1:
		packTiles(a.space, a.data, a.column, k, rows, number)
	default:
		t.row, t.column = paddedRow(k), 1
		t.next = rows * t.row
		for i := range rows * number {
			copy(a.space[i*t.row:][:k], a.data[i*a.row:])
		}
	}
	return t
}

// multiply computes m x n of C on one thread, from m rows of a and k rows of b,
// and adds the bias (n) and from, which has the strides of C, unless they are
// nil. From may be C.
func multiply(c []float32, rowC int, a left, b panels, m, n, k int, bias, from []float32) {
	shape := &tileShapes[level]
	row := tileRow{n: n, k: k, b: b, c: c, rowC: rowC, bias: bias, from: from}
	// Tiles of about equal height: thin ones cannot use the whole machine.
	all := ceil(m, shape.rows)
	rows, higher := m/all, m%all
	for i := 0; i < all; {
		height, number := rows, all-i
		if i < higher {
			height, number = rows+1, higher-i
		}
		number = min(number, copiedTiles)
		row.rows, row.a = height, a.tiles(number, height, k)
		for range number {
			row.next = row.a.data
			if row.a.next < len(row.next) {
				row.next = row.next[row.a.next:]
			}
			gemmRow(&row)
			row.a.data = row.next
			if i++; i < all {
				row.c = row.c[height*rowC:]
				if from != nil {
					row.from = row.from[height*rowC:]
				}
			}
		}
		if i < all {
			a.data = a.data[number*height*a.row:]
		}
	}
}

// A tileRow is a row of tiles of C, side by side: rows x n of C from rows of a and
// k rows of b.
type tileRow struct {
	rows, n, k int
	a          left
	next       []float32 // where the rows of A begin that come after these, to be prefetched
	b          panels
	c          []float32
	rowC       int
	bias, from []float32 // are added, unless nil; see multiply
}

// gemmRowGo computes a row of tiles, one panel of columns at a time.
func gemmRowGo(t *tileRow) {
	for i := range t.rows {
		for j := 0; j < t.n; j += panelWidth {
			var sums [panelWidth]float32
			sum, b := sums[:min(panelWidth, t.n-j)], t.b.from(0, j)
			for p := range t.k {
				x := t.a.data[i*t.a.row+p*t.a.column]
				for l, v := range b.data[p*b.row:][:len(sum)] {
					sum[l] += x * v
				}
			}
			for l, v := range sum {
				if t.bias != nil {
					v += t.bias[j+l]
				}
				if t.from != nil {
					v += t.from[i*t.rowC+j+l]
				}
				t.c[i*t.rowC+j+l] = v
			}
		}
	}
}

// packRows copies k rows of n floats into panels of 16 columns and packed rows,
// with zeros behind the last column.
func packRows(dst []float32, packed int, b []float32, rowB, k, n int) {
	whole := n / panelWidth
	copyPanels(dst, packed, b, panelWidth, rowB, k, whole)
	if left := n - whole*panelWidth; left > 0 {
		for i := range k {
			d := dst[(whole*packed+i)*panelWidth:][:panelWidth]
			clear(d[copy(d, b[i*rowB+whole*panelWidth:][:left]):])
		}
	}
}

// packTiles copies k rows of a into panels, one behind the other, each with the
// next n <= 16 columns in front.
func packTiles(dst, a []float32, rowA, k, n, panels int) {
	// Rows behind which the operand has what the last panel reads too much.
	whole := min(k, max(0, len(a)-(panels-1)*n-panelWidth+rowA)/rowA)
	copyPanels(dst, k, a, n, rowA, whole, panels)
	for i := whole; i < k; i++ {
		for j := range panels {
			copy(dst[(j*k+i)*panelWidth:][:n], a[i*rowA+j*n:])
		}
	}
}

// copyPanelsGo copies k rows of b into panels of 16 columns and packed rows. In
// b, a panel begins step columns behind the one before.
func copyPanelsGo(dst []float32, packed int, b []float32, step, rowB, k, panels int) {
	for i := range k {
		for j := range panels {
			copy(dst[(j*packed+i)*panelWidth:][:panelWidth], b[i*rowB+j*step:])
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
