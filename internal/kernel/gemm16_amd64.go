//go:build !purego

package kernel

import "unsafe"

// Products of bfloat16 on AVX512-BF16 and AMX. B is packed once for all threads,
// A by each thread for the rows that it computes. Both are packed into blocks of
// 16 rows or columns by 32 of K, with zeros behind the last of K; see _gen/bf16.go.
//
// The tile registers and what configures them belong to a thread of the operating
// system, and a goroutine may change threads. So each call of productAMX configures
// and releases them: Go does not move a goroutine while it is in assembly.
const (
	blockSide   = 16 // rows of A or columns of B
	blockDepth  = 32 // of K
	blockHalves = blockSide * blockDepth
	unit        = 2 * blockSide // rows and columns of C that are computed at a time

	packedDepth = 4096 // of K that is packed at a time

	// A tile's part of A stays in the L2 cache, to be used for each strip of B.
	tileHalves, tileUnits = 300000, 5

	// A strip of B is used for all rows of a tile and stays there as well.
	stripHalves, stripColumns = 1 << 17, 256
)

type gemm16Task struct {
	Gemm
	p         *Pool
	c, out    []float32 // c is Pre where that is asked for
	a, b      operand16
	m, n, k   int
	k0, steps int // the part of K that is packed, and its blocks
	rows      int // of a tile, a multiple of unit
	columns   int // likewise
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
	if g.Bias != nil {
		check("Gemm", "bias", len(g.Bias), n)
	}
	if g.Residual != nil {
		check("Gemm", "residual", len(g.Residual), m*n)
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

// cut chooses tiles of as many units of rows as the cache allows, less if the last
// round of tiles then leaves fewer threads idle, and of all columns, unless there
// are too few rows.
func (t *gemm16Task) cut() {
	units, best := ceil(t.m, unit), 0
	for u := max(2, min(tileUnits, tileHalves/(unit*min(t.k, packedDepth)))); u >= 2; u-- {
		if time := ceil(ceil(units, u), t.p.threads) * u; best == 0 || time < best {
			t.rows, best = u*unit, time
		}
	}
	t.columns = ceil(t.n, unit) * unit
	if down := ceil(t.m, t.rows); down < t.p.threads {
		t.columns = ceil(ceil(t.n, unit), t.p.threads) * unit
	}
}

// One tile of packing rounds packedColumns of B and, where B is stored as rows,
// packedSteps of K.
const packedColumns, packedSteps = 128, 8

func (t *gemm16Task) packTiles() int {
	if t.TransB {
		return ceil(t.n, packedColumns/2)
	}
	return ceil(t.n, packedColumns) * ceil(t.steps, packedSteps)
}

func (t *gemm16Task) packB(tile int) {
	columns, from, to := packedColumns/2, 0, t.steps
	if !t.TransB {
		columns = packedColumns
		across := ceil(t.n, columns)
		from, to = span(tile/across, t.steps, packedSteps)
		tile %= across
	}
	lo, hi := span(tile, t.n, columns)
	t.b.pack(t.packed[lo*t.steps*blockDepth:], true, lo, hi, t.k0, t.steps, from, to)
}

func (t *gemm16Task) do(worker, tile int) {
	if t.packing {
		t.packB(tile)
		return
	}
	across := ceil(t.n, t.columns)
	lo, hi := span(tile/across, t.m, t.rows)
	left, right := span(tile%across, t.n, t.columns)
	t.multiply(worker, lo, hi, left, right)
}

// multiply computes a tile of C.
func (t *gemm16Task) multiply(worker, lo, hi, left, right int) {
	depth := t.steps * blockDepth
	strip := min(stripColumns, max(1, stripHalves/(unit*depth))*unit)
	tall := ceil(hi-lo, unit) * unit
	space := lines(t.p.workerScratch(worker, unit*unit+tall*depth/2+unit*strip+16))
	sums, a, activated := space[:unit*unit], halves(space[unit*unit:])[:tall*depth], space[unit*unit+tall*depth/2:]
	t.a.pack(a, false, lo, hi, t.k0, t.steps, 0, t.steps)
	for j := left; j < right; j += strip {
		end := min(right, j+strip)
		for i := lo; i < hi; i += unit {
			rows := min(unit, hi-i)
			c, c16, rowC := activated, []uint16(nil), strip
			switch {
			case t.c != nil:
				c, rowC = t.c[i*t.n+j:], t.n
			case t.Activation == None:
				c, c16, rowC = nil, t.C16[i*t.n+j:], t.n
			}
			t.multiplyUnit(c, c16, rowC, a[(i-lo)*depth:], sums, i, rows, j, end)
			if t.Activation == None || t.k0+depth < t.k {
				continue
			}
			for r := range rows {
				t.finish(c[r*rowC:][:end-j], (i+r)*t.n+j)
			}
		}
	}
}

// multiplyUnit computes rows of C, at most as many as a unit, from packed A,
// without the activation.
func (t *gemm16Task) multiplyUnit(
	c []float32, c16 []uint16, rowC int, a []uint16, sums []float32, i, rows, left, right int,
) {
	var bias, addend *float32
	if t.Bias != nil && t.k0 == 0 {
		bias = &t.Bias[left:right][0]
	}
	at, last := i*t.n+left, (i+rows-1)*t.n+right-1
	if x := t.addend(at, rows, right-left); x != nil {
		_ = x[last]
		addend = &x[at]
	}
	var to *float32
	var to16 *uint16
	bytes, end := 4*rowC, (rows-1)*rowC+right-left-1
	if c16 == nil {
		_, to = c[end], &c[0]
	} else {
		_, to16, bytes = c16[end], &c16[0], 2*rowC
	}
	products := productBF16
	if level == AMX {
		products = productAMX
	}
	panels := ceil(right-left, unit)
	width := right - left - (panels-1)*unit
	products(panels, rows, t.steps, &a[0], &t.packed[left*t.steps*blockDepth], &sums[0],
		to, to16, bytes, bias, addend, 4*t.n, uint32(1<<width-1))
}

// addend is what the product is added to, the sum of two things in C itself.
func (t *gemm16Task) addend(at, rows, columns int) []float32 {
	switch {
	case t.k0 > 0:
		return t.c
	case t.Accumulate && t.Residual != nil:
		for range rows {
			add(t.c[at:][:columns], t.out[at:], t.Residual[at:])
			at += t.n
		}
		return t.c
	case t.Accumulate:
		return t.out
	}
	return t.Residual
}

// finish applies the activation to a part of a row, and rounds it where that is
// asked for.
func (t *gemm16Task) finish(c []float32, at int) {
	if t.C16 == nil {
		activate(t.out[at:][:len(c)], c, t.Activation)
		return
	}
	if t.Pre16 != nil {
		toBF16(t.Pre16[at:][:len(c)], c)
	}
	y := c
	if t.c != nil { // Pre, whose values stay
		var part [stripColumns]float32
		y = part[:len(c)]
	}
	activate(y, c, t.Activation)
	toBF16(t.C16[at:][:len(c)], y)
}

// pack rounds rows lo to hi, of the steps of K behind k0 those between from and to. A
// block of A keeps its rows, one of B has columns in pairs of K.
func (o *operand16) pack(dst []uint16, pairs bool, lo, hi, k0, steps, from, to int) {
	whole := (hi - lo) / unit
	full := max(0, min(to, (o.k-k0)/blockDepth)-from)
	row := steps * unit * blockDepth
	switch {
	case full == 0 || whole == 0:
		whole, full = 0, 0
	case o.deep == 1:
		for i := range 2 * whole {
			to := dst[i/2*row+from*2*blockHalves+i%2*blockHalves:]
			o.packRows(to, (lo+i*blockSide)*o.next+k0+from*blockDepth, full)
			if pairs {
				transposeBlocksAVX512(&to[0], 4*blockHalves, full)
			}
		}
	default:
		for s := from; s < from+full; s++ {
			to := dst[s*2*blockHalves:]
			o.packPairs(to, row, (k0+s*blockDepth)*o.deep+lo, whole)
			if !pairs {
				transposeBlocksAVX512(&to[0], 2*row, whole)
				transposeBlocksAVX512(&to[blockHalves], 2*row, whole)
			}
		}
	}
	for i := range ceil(hi-lo, blockSide) {
		for s := from; s < to; s++ {
			if i < 2*whole && s < from+full {
				continue
			}
			o.packEdge(dst[i/2*row+(2*s+i%2)*blockHalves:][:blockHalves], pairs, lo+i*blockSide, hi, k0+s*blockDepth)
		}
	}
}

func (o *operand16) packRows(dst []uint16, at, blocks int) {
	last := at + (blockSide-1)*o.next + blocks*blockDepth - 1
	_ = dst[(2*blocks-1)*blockHalves-1]
	if o.x16 != nil {
		_ = o.x16[last]
		packRows16BF16(&dst[0], &o.x16[at], 2*o.next, blocks)
		return
	}
	_ = o.x[last]
	packRowsBF16(&dst[0], &o.x[at], 4*o.next, blocks)
}

func (o *operand16) packPairs(dst []uint16, next, at, pairs int) {
	last := at + (blockDepth-1)*o.deep + pairs*unit - 1
	_ = dst[(pairs-1)*next+2*blockHalves-1]
	if o.x16 != nil {
		_ = o.x16[last]
		packPairs16BF16(&dst[0], 2*next, &o.x16[at], 2*o.deep, pairs)
		return
	}
	_ = o.x[last]
	packPairsBF16(&dst[0], 2*next, &o.x[at], 4*o.deep, pairs)
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
