package kernel

// Sizes of the blocks of a matrix product: a panel of depth x panelWidth floats
// of B stays in the first cache, a block of blockRows x depth of A in the
// second, and the packed part of B, depth x packWidth, in the third.
const (
	tileRows   = 6
	panelWidth = 16
	depth      = 256
	blockRows  = 96
	packWidth  = 1536
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

	// Activation, if not None, is applied last. Then Pre (M, N) receives the
	// values before it, unless it is nil; it may not be C.
	Activation Activation
	Pre        []float32
}

type gemmTask struct {
	Gemm
	p              *Pool
	c, a, b        []float32 // c is Pre where there is an activation
	out            []float32
	m, n, k        int
	n0, nc, k0, kc int // the block of B that is packed
	rows           int // rows of a tile
	packing, last  bool
	panels         []float32
}

// Gemm computes C (M, N) = A B, where A is (M, K) and B is (K, N), with the
// additions that g asks for:
//
//	C = activation(A B + C + bias + residual)
//
// K = 0 gives the additions alone. C may overlap none of the operands, except
// that it may be g.Residual.
func (p *Pool) Gemm(c, a, b []float32, m, n, k int, g Gemm) {
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
		if m*n > 0 && &g.Residual[0] != &t.c[0] {
			copy(t.c, g.Residual)
		}
		t.Accumulate = true
	}
	if m == 0 || n == 0 {
		return
	}
	// Enough tiles for every thread, none so thin that B's panels are read in vain.
	t.rows = min(blockRows, max(2*tileRows, ceil(ceil(m, 8), tileRows)*tileRows))
	for n0 := 0; n0 < n; n0 += packWidth {
		t.n0, t.nc = n0, min(packWidth, n-n0)
		for k0 := 0; k0 == 0 || k0 < k; k0 += depth {
			t.k0, t.kc, t.last = k0, min(depth, k-k0), k0+depth >= k
			panels := ceil(t.nc, panelWidth)
			t.panels = p.sharedScratch(panels * panelWidth * t.kc)
			t.packing = true
			p.run(t, panels)
			t.packing = false
			p.run(t, ceil(m, t.rows))
		}
	}
	*t = gemmTask{}
}

func (t *gemmTask) do(worker, tile int) {
	if t.packing {
		lo, hi := span(tile, t.nc, panelWidth)
		dst := t.panels[tile*panelWidth*t.kc:][:panelWidth*t.kc]
		if t.TransB {
			packPanel(dst, t.b[(t.n0+lo)*t.k+t.k0:], 1, t.k, t.kc, hi-lo)
		} else {
			packPanel(dst, t.b[t.k0*t.n+t.n0+lo:], t.n, 1, t.kc, hi-lo)
		}
		return
	}
	lo, hi := span(tile, t.m, t.rows)
	start, bias := 0, []float32(nil)
	if t.Accumulate || t.k0 > 0 {
		start = 1
	}
	if t.Bias != nil && t.k0 == 0 {
		start |= 2
		bias = t.Bias[t.n0:][:t.nc]
	}
	a, rowA, colA := t.a[lo*t.k+t.k0:], t.k, 1
	if t.TransA { // rows of a block side by side: a column of A spans fewer pages
		scratch := t.p.workerScratch(worker, t.rows*depth)
		for i := range t.kc {
			copy(scratch[i*t.rows:][:hi-lo], t.a[(t.k0+i)*t.m+lo:])
		}
		a, rowA, colA = scratch, 1, t.rows
	}
	multiply(t.c[lo*t.n+t.n0:], t.n, a, rowA, colA, t.panels, t.kc, hi-lo, t.nc, t.kc, start, bias)
	if t.last && t.Activation != None {
		for i := lo; i < hi; i++ {
			row := i*t.n + t.n0
			activate(t.out[row:row+t.nc], t.c[row:row+t.nc], t.Activation)
		}
	}
}

// packPanel copies a part of B, k rows of width <= 16, into rows of 16 with
// zeros behind. Element (i, j) of the part is b[i*row + j*col]; one stride is 1.
func packPanel(dst, b []float32, row, col, k, width int) {
	if col == 1 {
		for i := range k {
			d := dst[i*panelWidth:][:panelWidth]
			clear(d[copy(d, b[i*row:][:width]):])
		}
		return
	}
	if width < panelWidth {
		clear(dst)
	}
	for j := 0; j < width; j += 8 {
		transpose(dst[j:], panelWidth, b[j*col:], col, k, min(8, width-j))
	}
}

// multiply computes m x n of C on one thread, from a strided A and packed
// panels of B, of which it takes the first k of packed rows. Start says what C
// starts from: 1 its own value, 2 the bias.
func multiply(c []float32, rowC int, a []float32, rowA, colA int, panels []float32, packed, m, n, k, start int, bias []float32) {
	var edge [tileRows * panelWidth]float32 // a tile of C that is narrower than the kernel's
	var wide [panelWidth]float32
	for j := 0; j < n; j += panelWidth {
		width := min(panelWidth, n-j)
		panel := panels[j*packed:]
		var b []float32
		if start&2 != 0 {
			b = bias[j:]
			if width < panelWidth {
				copy(wide[:], b)
				b = wide[:]
			}
		}
		for i := 0; i < m; i += tileRows {
			rows := min(tileRows, m-i)
			if width == panelWidth {
				gemmTile(rows, k, a[i*rowA:], rowA, colA, panel, c[i*rowC+j:], rowC, start, b)
				continue
			}
			for r := range rows {
				copy(edge[r*panelWidth:][:width], c[(i+r)*rowC+j:])
			}
			gemmTile(rows, k, a[i*rowA:], rowA, colA, panel, edge[:], panelWidth, start, b)
			for r := range rows {
				copy(c[(i+r)*rowC+j:][:width], edge[r*panelWidth:])
			}
		}
	}
}

// gemmTileGo computes rows <= 6 of 16 columns of C; see multiply.
func gemmTileGo(rows, k int, a []float32, rowA, colA int, panel, c []float32, rowC, start int, bias []float32) {
	for i := range rows {
		var sum [panelWidth]float32
		if start&2 != 0 {
			copy(sum[:], bias)
		}
		out := c[i*rowC:][:panelWidth]
		if start&1 != 0 {
			for j, v := range out {
				sum[j] += v
			}
		}
		for p := range k {
			x := a[i*rowA+p*colA]
			for j, v := range panel[p*panelWidth:][:panelWidth] {
				sum[j] += x * v
			}
		}
		copy(out, sum[:])
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
