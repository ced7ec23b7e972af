package kernel

// A product is cut so that blocks stay in the L2 cache: depth x blockColumns floats
// of B, while rows of A and C pass by. Results depend on depth.
const (
	depth        = 384
	blockColumns = 768
	blockRows    = 800

	// panelWidth is the number of columns of a packed panel of B.
	panelWidth = 16

	// packedFloats of B are packed at a time and stay in the L3 cache.
	packedFloats = 1 << 19
)

// A Gemm says how a matrix product is computed, beside its operands.
type Gemm struct {
	// TransA and TransB say that A is stored as (K, M), B as (N, K).
	TransA, TransB bool

	// Accumulate adds the product to what C holds.
	Accumulate bool

	// Bias (N), if not nil, is added to every row.
	Bias []float32

	// Residual (M, N), if not nil, is added. It may be C itself.
	Residual []float32

	// Activation, if not None, is applied last. Then Pre (M, N), if not nil,
	// receives the values before it; it may not be C.
	Activation Activation
	Pre        []float32

	// BF16 rounds both operands to bfloat16 as they are packed; see [Pool.ToBF16].
	// Sums stay float32, in an order that depends on the level and on K alone. The
	// levels that have instructions for them take 0 for denormal products and sums.
	BF16 bool

	// A16 and B16, if not nil, are operands that are bfloat16 in memory already, and
	// replace Gemm's a and b, which are nil then. They want BF16.
	A16, B16 []uint16

	// C16 (M, N), if not nil, receives the result as bfloat16 and replaces Gemm's c,
	// which is nil then. It wants BF16 and no Accumulate.
	C16 []uint16

	// Pre16, if not nil, receives Pre rounded to bfloat16 and replaces it. It wants
	// C16.
	Pre16 []uint16
}

type gemmTask struct {
	Gemm
	p             *Pool
	c, a, b       []float32 // c is Pre where that is asked for
	out           []float32
	m, n, k       int
	k0, kc, block int // the part of K that is packed, and how much of it is multiplied at a time
	rows, columns int // of a tile
	packing       bool
	panels        []float32
}

// Gemm computes C (M, N) = A B, where A is (M, K) and B is (K, N), with the
// additions that g asks for:
//
//	C = activation(A B + C + bias + residual)
//
// K = 0 gives the additions alone. C may overlap none of the operands, except
// that it may be g.Residual.
func (p *Pool) Gemm(c, a, b []float32, m, n, k int, g Gemm) {
	if g.BF16 {
		p.gemmBF16(c, a, b, m, n, k, g)
		return
	}
	check("Gemm", "c", len(c), m*n)
	check("Gemm", "a", len(a), m*k)
	check("Gemm", "b", len(b), k*n)
	if g.Bias != nil {
		check("Gemm", "bias", len(g.Bias), n)
	}
	t := &p.gemm
	*t = gemmTask{Gemm: g, p: p, c: c, out: c, a: a, b: b, m: m, n: n, k: k}
	if g.Activation != None && g.Pre != nil {
		check("Gemm", "pre", len(g.Pre), m*n)
		t.c = g.Pre
	}
	if g.Residual != nil {
		check("Gemm", "residual", len(g.Residual), m*n)
	}
	if m == 0 || n == 0 {
		return
	}
	t.cut()
	panels := ceil(n, panelWidth)
	whole := max(1, packedFloats/(panels*panelWidth*t.block)) * t.block
	for k0 := 0; k0 == 0 || k0 < k; k0 += whole {
		t.k0, t.kc = k0, min(whole, k-k0)
		t.panels = p.sharedScratch(panels * panelWidth * t.kc)
		if k > 0 {
			t.packing = true
			p.run(t, t.packTiles())
			t.packing = false
		}
		p.run(t, ceil(m, t.rows)*ceil(n, t.columns))
	}
	*t = gemmTask{}
}

// cut chooses the sizes of tiles: as large as the caches allow, because each tile
// reads its part of both operands, and the same number for each thread.
// Elements do not depend on it, but they do on block, the length of a sum that
// is not yet added to C.
func (t *gemmTask) cut() {
	t.block = max(1, ceil(t.k, ceil(max(1, t.k), depth)))
	width := tileShapes[level].panels * panelWidth
	t.columns = ceil(ceil(t.n, ceil(t.n, blockColumns)), width) * width
	down := max(ceil(t.m, blockRows), ceil(t.p.threads, ceil(t.n, t.columns)))
	t.rows = ceil(t.m, ceil(down, t.p.threads)*t.p.threads)
}

// packedRows is the number of rows of B that one tile of packing copies, and
// packedPanels the number of panels where it transposes.
const packedRows, packedPanels = 32, 4

func (t *gemmTask) packTiles() int {
	if t.TransB {
		return ceil(t.n, packedPanels*panelWidth)
	}
	return ceil(t.kc, packedRows)
}

func (t *gemmTask) packB(tile int) {
	if t.TransB {
		lo, hi := span(tile, t.n, packedPanels*panelWidth)
		for j := lo; j < hi; j += panelWidth {
			packColumns(t.panels[j*t.kc:][:panelWidth*t.kc], t.b[j*t.k+t.k0:], t.k, t.kc, min(panelWidth, hi-j))
		}
		return
	}
	lo, hi := span(tile, t.kc, packedRows)
	packRows(t.panels[lo*panelWidth:], t.kc, t.b[(t.k0+lo)*t.n:], t.n, hi-lo, t.n)
}

func (t *gemmTask) do(worker, tile int) {
	if t.packing {
		t.packB(tile)
		return
	}
	// Tiles one below the other share the columns of B.
	down := ceil(t.m, t.rows)
	lo, hi := span(tile%down, t.m, t.rows)
	left, right := span(tile/down, t.n, t.columns)
	for k0 := 0; k0 == 0 || k0 < t.kc; k0 += t.block {
		kc := min(t.block, t.kc-k0)
		last := t.k0+k0+kc >= t.k
		rows := hi - lo
		if last && t.Activation != None {
			rows = activeRows
		}
		for i := lo; i < hi; i += rows {
			end := min(hi, i+rows)
			t.multiply(worker, i, end, left, right, k0, kc)
			for row := i * t.n; last && t.Activation != None && row < end*t.n; row += t.n {
				activate(t.out[row+left:row+right], t.c[row+left:row+right], t.Activation)
			}
		}
	}
}

// activeRows of a tile are computed before the activation, which then finds
// them in the L2 cache.
const activeRows = 112

// multiply adds to rows and columns of C what a block of the packed K gives; the
// first one adds the rest as well.
func (t *gemmTask) multiply(worker, lo, hi, left, right, k0, kc int) {
	from, bias := t.c, []float32(nil)
	if t.k0+k0 == 0 {
		from = t.addend(lo, hi, left, right)
		if t.Bias != nil {
			bias = t.Bias[left:right]
		}
	}
	at := lo*t.n + left
	if from != nil {
		from = from[at:]
	}
	a, b := t.leftOf(worker, lo, t.k0+k0, kc), packed(t.panels, t.kc).from(k0, left)
	multiply(t.c[at:], t.n, a, b, hi-lo, right-left, kc, bias, from)
}

// leftOf is the part of A from a row and a column on. It is copied where it is
// transposed, and where its rows fall into the same sets of the L1 cache.
func (t *gemmTask) leftOf(worker, row, column, kc int) left {
	const sets = 1024 // floats of a way of the L1 cache
	switch {
	case kc == 0:
		return left{}
	case t.TransA:
		return copied(t.p.workerScratch(worker, spaceFor(kc)), t.a[column*t.m+row:], 1, t.m)
	case t.k%sets == 0:
		return copied(t.p.workerScratch(worker, spaceFor(kc)), t.a[row*t.k+column:], t.k, 1)
	}
	return strided(t.a[row*t.k+column:], t.k, 1)
}

// addend returns what is added to the product of a tile, if anything.
func (t *gemmTask) addend(lo, hi, left, right int) []float32 {
	switch {
	case t.Accumulate && t.Residual != nil:
		for i := lo; i < hi; i++ {
			row := i * t.n
			add(t.c[row+left:row+right], t.out[row+left:row+right], t.Residual[row+left:row+right])
		}
		return t.c
	case t.Accumulate:
		return t.out
	}
	return t.Residual
}
