package kernel

const (
	// panelWidth is the number of columns of a packed panel of B.
	panelWidth = 16

	// packedFloats of B are packed at a time and stay in the third cache.
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

	// A16 and B16, if not nil, are an operand that is bfloat16 in memory already
	// and stand for Gemm's a or b, which is nil then. They want BF16.
	A16, B16 []uint16

	// C16 (M, N), if not nil, receives the result as bfloat16 and stands for
	// Gemm's c, which is nil then. It wants BF16 and no Accumulate.
	C16 []uint16

	// Pre16 stands for Pre, rounded to bfloat16. It wants C16.
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
// reads its part of both operands again, of about equal size, and the same number
// for each thread. Elements do not depend on it, but they do on block, the length
// of a sum that is not yet added to C.
func (t *gemmTask) cut() {
	shape := &tileShapes[level]
	t.block = max(1, ceil(t.k, ceil(max(1, t.k), shape.depth)))
	t.columns = ceil(ceil(t.n, ceil(t.n, shape.blockColumns)), shape.panels*panelWidth) * shape.panels * panelWidth
	across := ceil(t.n, t.columns)
	down := max(ceil(t.m, shape.blockRows), ceil(t.p.threads, across))
	down = ceil(down, t.p.threads) * t.p.threads
	t.rows = ceil(t.m, down)
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
	// Tiles side by side share the rows of A.
	across := ceil(t.n, t.columns)
	lo, hi := span(tile/across, t.m, t.rows)
	left, right := span(tile%across, t.n, t.columns)
	start, bias := 1, []float32(nil)
	if t.k0 == 0 {
		start = t.begin(lo, hi, left, right)
		if t.Bias != nil {
			start |= 2
			bias = t.Bias[left:right]
		}
	}
	for k0 := 0; k0 == 0 || k0 < t.kc; k0 += t.block {
		kc := min(t.block, t.kc-k0)
		a, rowA, colA := t.packA(worker, lo, hi, t.k0+k0, kc)
		multiply(t.c[lo*t.n+left:], t.n, a, rowA, colA, packed(t.panels, t.kc).from(k0, left), hi-lo, right-left, kc, start, bias)
		start = 1
	}
	if t.k0+t.kc >= t.k && t.Activation != None {
		for i := lo; i < hi; i++ {
			activate(t.out[i*t.n+left:i*t.n+right], t.c[i*t.n+left:i*t.n+right], t.Activation)
		}
	}
}

// packA returns a block of A with its strides: a copy where A is transposed, or
// where its rows fall into the same sets of the first cache.
func (t *gemmTask) packA(worker, lo, hi, k0, kc int) (a []float32, row, column int) {
	const sets = 1024 // floats of a way of the first cache
	if !t.TransA && t.k%sets != 0 {
		return t.a[lo*t.k+k0:], t.k, 1
	}
	if t.TransA {
		column = t.rows + panelWidth
		a = t.p.workerScratch(worker, kc*column)
		for k := range kc {
			copy(a[k*column:][:hi-lo], t.a[(k0+k)*t.m+lo:])
		}
		return a, 1, column
	}
	row = ceil(kc, 16)*16 + 16
	a = t.p.workerScratch(worker, t.rows*row)
	for i := lo; i < hi; i++ {
		copy(a[(i-lo)*row:][:kc], t.a[i*t.k+k0:])
	}
	return a, row, 1
}

// begin makes a tile of C hold what the product is added to, and returns 1; or
// 0 if there is nothing.
func (t *gemmTask) begin(lo, hi, left, right int) int {
	from := t.Residual
	if t.Accumulate {
		from = t.out
	}
	if from == nil {
		return 0
	}
	for i := lo; i < hi; i++ {
		c, row := t.c[i*t.n+left:i*t.n+right], from[i*t.n+left:i*t.n+right]
		switch {
		case t.Accumulate && t.Residual != nil:
			add(c, row, t.Residual[i*t.n+left:i*t.n+right])
		case &c[0] != &row[0]:
			copy(c, row)
		}
	}
	return 1
}
