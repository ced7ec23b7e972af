//go:build !purego

package kernel

import "unsafe"

// Products of bfloat16 on AVX512-BF16 and AMX. B is packed once for all threads,
// A by each thread for the rows that it computes. Both are packed into blocks of
// 16 rows or columns by 32 of K, with zeros behind the last of K; see _gen/bf16.go.
const (
	blockSide   = 16 // rows of A or columns of B
	blockDepth  = 32 // of K
	blockHalves = blockSide * blockDepth
	unit        = 2 * blockSide // rows and columns of C that are computed at a time

	packedDepth = 4096 // of K that is packed at a time
	stripWidth  = 256  // columns whose values before the activation stay in the second cache
)

type gemm16Task struct {
	Gemm
	p         *Pool
	c, out    []float32 // c is Pre where that is asked for
	a, b      operand16
	m, n, k   int
	k0, steps int // the part of K that is packed, and its blocks
	rows      int // of a tile, a multiple of unit
	columns   int // of a tile, likewise
	packing   bool
	packed    []uint16 // B
}

// An operand16 is a matrix of rows by K. Next is the distance between its rows,
// deep that between columns; one of them is 1.
type operand16 struct {
	x          []float32
	x16        []uint16 // instead of x, if not nil
	rows, k    int
	next, deep int
}

func newOperand16(x []float32, x16 []uint16, rows, k int, transposed bool) operand16 {
	if transposed {
		return operand16{x, x16, rows, k, 1, rows}
	}
	return operand16{x, x16, rows, k, k, 1}
}

func (p *Pool) gemmTiles16(c, a, b []float32, m, n, k int, g Gemm) {
	if m == 0 || n == 0 {
		return
	}
	t := &p.gemm16
	*t = gemm16Task{Gemm: g, p: p, c: c, out: c, m: m, n: n, k: k,
		a: newOperand16(a, g.A16, m, k, g.TransA), b: newOperand16(b, g.B16, n, k, !g.TransB)}
	if g.Activation != None && g.Pre != nil {
		check("Gemm", "pre", len(g.Pre), m*n)
		t.c = g.Pre
	}
	depth := packedDepth
	if g.C16 != nil {
		depth = max(k, 1) // there is nowhere to keep a sum of parts
	}
	t.cut()
	for ; t.k0 == 0 || t.k0 < k; t.k0 += depth {
		t.steps = ceil(min(depth, k-t.k0), blockDepth)
		t.packed = halves(lines(p.sharedScratch(ceil(n, unit)*t.steps*blockHalves + 16)))
		t.packing = true
		p.run(t, t.packTiles())
		t.packing = false
		p.run(t, ceil(m, t.rows)*ceil(n, t.columns))
	}
	*t = gemm16Task{}
}

// lines is x from its first cache line on, which costs at most 15 floats.
func lines(x []float32) []float32 {
	return x[-uintptr(unsafe.Pointer(&x[0]))%64/4:]
}

// halves is the memory of x.
func halves(x []float32) []uint16 { return unsafe.Slice((*uint16)(unsafe.Pointer(&x[0])), 2*len(x)) }

// cut chooses tiles of 2 to 5 units of rows, so that the last round of tiles leaves
// few threads idle, and all columns, unless there are too few rows.
func (t *gemm16Task) cut() {
	units, best := ceil(t.m, unit), 0
	for u := 5; u >= 2; u-- {
		if time := ceil(ceil(units, u), t.p.threads) * u; best == 0 || time < best {
			t.rows, best = u*unit, time
		}
	}
	t.columns = ceil(t.n, unit) * unit
	if down := ceil(t.m, t.rows); down < t.p.threads {
		t.columns = ceil(ceil(t.n, unit), t.p.threads) * unit
	}
}

// packedColumns is the number of columns of B that one tile of packing rounds
// where B is stored as columns; elsewhere it rounds blockDepth rows.
const packedColumns = 64

func (t *gemm16Task) packTiles() int {
	if t.TransB {
		return ceil(t.n, packedColumns)
	}
	return t.steps
}

func (t *gemm16Task) do(worker, tile int) {
	if t.packing {
		if t.TransB {
			lo, hi := span(tile, t.n, packedColumns)
			t.b.pack(t.packed[lo*t.steps*blockDepth:], true, lo, hi, t.k0, t.steps, 0, t.steps)
			return
		}
		t.b.pack(t.packed, true, 0, t.n, t.k0, t.steps, tile, tile+1)
		return
	}
	across := ceil(t.n, t.columns)
	lo, hi := span(tile/across, t.m, t.rows)
	left, right := span(tile%across, t.n, t.columns)
	t.multiply(worker, lo, hi, left, right)
}

// multiply computes a tile of C.
func (t *gemm16Task) multiply(worker, lo, hi, left, right int) {
	const sums = unit * unit
	tall := ceil(hi-lo, unit) * unit
	depth := t.steps * blockDepth
	space := lines(t.p.workerScratch(worker, sums+tall*depth/2+tall*stripWidth+16))
	a, strip := halves(space[sums:])[:tall*depth], space[sums+tall*depth/2:]
	t.a.pack(a, false, lo, hi, t.k0, t.steps, 0, t.steps)
	for ; left < right; left += stripWidth {
		end := min(right, left+stripWidth)
		c, rowC := t.c, t.n
		if c == nil {
			c, rowC = strip, stripWidth
		} else {
			c = c[lo*t.n+left:]
		}
		t.multiplyStrip(space[:sums], c, rowC, a, lo, hi, left, end)
		if t.k0+depth < t.k {
			continue
		}
		for i := lo; i < hi; i++ {
			t.finish(c[(i-lo)*rowC:][:end-left], i*t.n+left)
		}
	}
}

// multiplyStrip computes the columns left to right of a tile, without the activation.
func (t *gemm16Task) multiplyStrip(sums, c []float32, rowC int, a []uint16, lo, hi, left, right int) {
	addend, from := t.out, lo*t.n+left
	switch {
	case t.k0 > 0:
		addend = t.c
	case t.Accumulate && t.Residual != nil:
		for i := lo; i < hi; i++ {
			row := i*t.n + left
			add(t.c[row:][:right-left], t.out[row:], t.Residual[row:])
		}
		addend = t.c
	case t.Residual != nil:
		addend = t.Residual
	case !t.Accumulate:
		addend = nil
	}
	for j := left; j < right; j += unit {
		width := min(unit, right-j)
		var bias, plus *float32
		if t.Bias != nil && t.k0 == 0 {
			bias = &t.Bias[j : j+width][0]
		}
		if addend != nil {
			plus = &addend[from:][j-left]
			_ = addend[from+(hi-lo-1)*t.n+j-left+width-1]
		}
		_ = c[(hi-lo-1)*rowC+j-left+width-1]
		products := productBF16
		if level == AMX {
			products = productAMX
		}
		products(hi-lo, t.steps, &a[0], &t.packed[j*t.steps*blockDepth], 2*t.steps*blockHalves, &sums[0],
			&c[j-left], 4*rowC, bias, plus, 4*t.n, uint32(1<<width-1))
	}
}

// finish applies the activation to a part of a row and rounds it.
func (t *gemm16Task) finish(c []float32, at int) {
	switch {
	case t.C16 != nil:
		y := c
		if t.Pre != nil && t.Activation != None {
			var part [stripWidth]float32
			y = part[:len(c)]
		}
		if t.Activation != None {
			activate(y, c, t.Activation)
		}
		toBF16(t.C16[at:][:len(c)], y)
	case t.Activation != None:
		activate(t.out[at:][:len(c)], c, t.Activation)
	}
}

// pack rounds rows lo to hi, steps from to to of so many that follow k0. A block
// of A keeps its rows, one of B has columns in pairs of K.
func (o *operand16) pack(dst []uint16, pairs bool, lo, hi, k0, steps, from, to int) {
	whole := (hi - lo) / blockSide
	full := max(0, min(to, (o.k-k0)/blockDepth)-from)
	row := steps * blockHalves
	switch {
	case full == 0 || whole == 0:
		whole, full = 0, 0
	case o.deep == 1:
		for i := range whole {
			o.packRows(dst[i*row+from*blockHalves:], (lo+i*blockSide)*o.next+k0+from*blockDepth, full)
			if pairs {
				transposeBlocksAVX512(&dst[i*row+from*blockHalves], 2*blockHalves, full)
			}
		}
	default:
		for s := from; s < from+full; s++ {
			o.packPairs(dst[s*blockHalves:], row, (k0+s*blockDepth)*o.deep+lo, whole)
			if !pairs {
				transposeBlocksAVX512(&dst[s*blockHalves], 2*row, whole)
			}
		}
	}
	for i := range ceil(hi-lo, blockSide) {
		for s := from; s < to; s++ {
			if i < whole && s < from+full {
				continue
			}
			o.packEdge(dst[i*row+s*blockHalves:][:blockHalves], pairs, lo+i*blockSide, hi, k0+s*blockDepth)
		}
	}
}

func (o *operand16) packRows(dst []uint16, at, blocks int) {
	last := at + (blockSide-1)*o.next + blocks*blockDepth - 1
	_ = dst[blocks*blockHalves-1]
	if o.x16 != nil {
		_ = o.x16[last]
		packRows16BF16(&dst[0], &o.x16[at], 2*o.next, blocks)
		return
	}
	_ = o.x[last]
	packRowsBF16(&dst[0], &o.x[at], 4*o.next, blocks)
}

func (o *operand16) packPairs(dst []uint16, next, at, blocks int) {
	last := at + (blockDepth-1)*o.deep + blocks*blockSide - 1
	_ = dst[(blocks-1)*next+blockHalves-1]
	if o.x16 != nil {
		_ = o.x16[last]
		packPairs16BF16(&dst[0], 2*next, &o.x16[at], 2*o.deep, blocks)
		return
	}
	_ = o.x[last]
	packPairsBF16(&dst[0], 2*next, &o.x[at], 4*o.deep, blocks)
}

// packEdge packs a block that the matrix does not fill.
func (o *operand16) packEdge(dst []uint16, pairs bool, lo, hi, k0 int) {
	clear(dst)
	for i := range min(blockSide, hi-lo) {
		for k := range min(blockDepth, o.k-k0) {
			to, at := i*blockDepth+k, (lo+i)*o.next+(k0+k)*o.deep
			if pairs {
				to = k/2*blockDepth + 2*i + k%2
			}
			if o.x16 != nil {
				dst[to] = o.x16[at]
			} else {
				dst[to] = roundBF16(o.x[at])
			}
		}
	}
}
