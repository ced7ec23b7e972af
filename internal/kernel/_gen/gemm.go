package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// gemm writes a kernel for tiles of the given number of vectors, with a body for
// each number of rows up to the highest.
//
// There are 34 bodies in three kernels: 6 for AVX2, and for AVX-512 14 each with one
// and with two vectors. A body keeps all sums of its tile in registers, and
// instructions name their registers, so that a loop cannot run over them. One body
// that always computed the highest tile would waste work wherever rows do not fill
// it: products of attention have some 10 to 25 rows, which are cut into tiles of
// about equal height (17 into 9 and 8), and a query alone has one. Bodies of one
// vector compute the last 16 columns or fewer in half the time of two. An element is
// the same sum in every body.
//
// AVX2 has one width, of two vectors and no mask: Go copies the last columns. With
// AVX-512, 14 rows of two vectors fill the 32 registers.
func gemm(set instructionSet, vectors, highest int) {
	isa = set
	function(fmt.Sprintf("gemm%d", isa.lanes*vectors), "(t *gemmTiles)", gemmDoc)
	args := pointer("t")
	moving := map[string]Mem{} // copies of the fields that change from tile to tile
	for _, name := range []string{"tiles", "b", "c", "from", "bias", "next"} {
		v, local := GP64(), AllocLocal(8)
		MOVQ(field(args, name), v)
		MOVQ(v, local)
		moving[name] = local
	}
	rows := GP64()
	MOVQ(field(args, "rows"), rows)
	choose(rows, 1, highest)
	for rows := 1; rows <= highest; rows++ {
		(&gemmBody{rows: rows, vectors: vectors, moving: moving}).write()
	}
}

// choose jumps to the body for a number of rows, which is between lo and hi.
func choose(rows reg.GPVirtual, lo, hi int) {
	if lo == hi {
		JMP(LabelRef(fmt.Sprintf("rows%d", lo)))
		return
	}
	middle := (lo + hi + 1) / 2
	low := fmt.Sprintf("below%d", middle)
	CMPQ(rows, Imm(uint64(middle)))
	JLT(LabelRef(low))
	choose(rows, middle, hi)
	Label(low)
	choose(rows, lo, middle-1)
}

const gemmDoc = `computes tiles of C side by side, by the body for their height:

	for tile := range t.tiles {
		for i := range t.rows {
			for j := range columns { // of the last vector, those in t.mask
				var sum float32
				for k := range t.rows*t.pace + t.rest {
					sum += t.a[i*t.rowA+k*t.colA] * t.b[tile][k*t.rowB+j]
				}
				if t.start&2 != 0 {
					sum += t.bias[tile*columns+j]
				}
				if t.start&1 != 0 {
					sum += t.from[i*t.rowC+tile*columns+j]
				}
				t.c[i*t.rowC+tile*columns+j] = sum
			}
		}
	}

where columns are 16 or 32, and t.b[tile] is their panel or two of B.`

// field is a field of the struct to which args points.
func field(args reg.GPVirtual, name string) Mem {
	f, err := Param("t").Dereference(args).Field(name).Resolve()
	if err != nil {
		panic(err)
	}
	return f.Addr
}

// A gemmBody is the part of a kernel for tiles of a number of rows. Its registers
// are its own.
type gemmBody struct {
	rows, vectors int
	moving        map[string]Mem
	mask          reg.Register // of the last vector, or nil

	rowA, colA, row3, row5, row7 reg.GPVirtual // multiples of rowA

	acc []wide // the sums of each row
	bs  wide   // a row of B
	x   reg.VecVirtual
}

// label is the name of a place in this body.
func (t *gemmBody) label(name string) string { return fmt.Sprintf("%s%d", name, t.rows) }

// loaded is a register with a field of the struct.
func (t *gemmBody) loaded(name string) reg.GPVirtual {
	v := pointer("t")
	MOVQ(field(v, name), v)
	return v
}

// current is a register with a field that changes from tile to tile.
func (t *gemmBody) current(name string) reg.GPVirtual {
	v := GP64()
	MOVQ(t.moving[name], v)
	return v
}

// whole says that vector v of a row has no mask.
func (t *gemmBody) whole(v int) bool { return t.mask == nil || v < t.vectors-1 }

func (t *gemmBody) write() {
	Label(t.label("rows"))
	t.rowA, t.colA = t.loaded("rowA"), t.loaded("colA")
	t.row3, t.row5, t.row7 = GP64(), GP64(), GP64()
	LEAQ(Mem{Base: t.rowA, Index: t.rowA, Scale: 2}, t.row3)
	LEAQ(Mem{Base: t.rowA, Index: t.rowA, Scale: 4}, t.row5)
	if isa.lanes == 16 {
		args, k := pointer("t"), K()
		KMOVW(field(args, "mask"), k)
		t.mask = k
	}
	if t.rows > 7 {
		LEAQ(Mem{Base: t.row3, Index: t.rowA, Scale: 4}, t.row7)
	}
	Label(t.label("tile"))
	t.multiply()
	t.add()
	t.store()
	t.advance()
	DECQ(t.moving["tiles"])
	JNZ(LabelRef(t.label("tile")))
	end()
}

// rowsOfA are the places of one column of A; a7 points to its eighth row.
func (t *gemmBody) rowsOfA(a, a7 reg.GPVirtual) (at []Mem) {
	for _, base := range []reg.GPVirtual{a, a7} {
		at = append(at, Mem{Base: base},
			Mem{Base: base, Index: t.rowA, Scale: 1},
			Mem{Base: base, Index: t.rowA, Scale: 2},
			Mem{Base: base, Index: t.row3, Scale: 1},
			Mem{Base: base, Index: t.rowA, Scale: 4},
			Mem{Base: base, Index: t.row5, Scale: 1},
			Mem{Base: base, Index: t.row3, Scale: 2})
	}
	return at[:t.rows]
}

// multiply makes the sums of a tile. Before every pace steps of K it prefetches a
// row of what is needed at the end, and a part of the rows of A that come next:
// all of them at once would stall. After the last row it takes the rest of K.
func (t *gemmBody) multiply() {
	a, a7, b, p := t.loaded("a"), GP64(), t.current("b"), GP64()
	if t.rows > 7 {
		LEAQ(Mem{Base: a, Index: t.row7, Scale: 1}, a7)
	}
	t.acc = make([]wide, t.rows)
	for i := range t.acc {
		t.acc[i] = zeros(t.vectors)
	}
	panels := []Mem{{Base: b}, {Base: b, Disp: 32}}
	if isa.lanes == 16 && t.vectors == 2 {
		panels[1] = Mem{Base: b, Index: t.loaded("panel"), Scale: 1}
	}
	t.bs, t.x = registers(t.vectors), isa.register()
	rowB := t.loaded("rowB")
	step := func() {
		for v, m := range panels[:t.vectors] {
			VMOVUPS(m, t.bs[v])
		}
		ADDQ(rowB, b)
		for i, at := range t.rowsOfA(a, a7) {
			VBROADCASTSS(at, t.x)
			do(VFMADD231PS, t.bs, t.x, t.acc[i])
		}
		ADDQ(t.colA, a)
		if t.rows > 7 {
			ADDQ(t.colA, a7)
		}
	}
	// There is no register left for the struct: each use loads it.
	left, rows, next, from := GP64(), GP64(), t.current("next"), t.current("from")
	MOVQ(U64(uint64(t.rows)), rows)
	MOVQ(t.moving["c"], p)
	SUBQ(p, from)
	Load(Param("t"), left)
	CMPQ(field(left, "pace"), Imm(0))
	JNE(LabelRef(t.label("prefetch")))
	XORQ(rows, rows)
	Label(t.label("prefetch"))
	DECQ(rows)
	JLT(LabelRef(t.label("rest")))
	Load(Param("t"), left)
	PREFETCHT0(Mem{Base: p})
	PREFETCHT0(Mem{Base: p, Disp: bytes(t.vectors) - 1})
	PREFETCHT0(Mem{Base: p, Index: from, Scale: 1})
	PREFETCHT0(Mem{Base: p, Index: from, Scale: 1, Disp: bytes(t.vectors) - 1})
	ADDQ(field(left, "rowC"), p)
	PREFETCHT1(Mem{Base: next})
	PREFETCHT1(Mem{Base: next, Disp: 64})
	ADDQ(t.rowA, next)
	MOVQ(field(left, "pace"), left)
	JMP(LabelRef(t.label("steps")))
	Label(t.label("rest"))
	CMPQ(rows, I8(-1))
	JNE(LabelRef(t.label("bias")))
	Load(Param("t"), left)
	MOVQ(field(left, "rest"), left)
	TESTQ(left, left)
	JZ(LabelRef(t.label("bias")))
	Label(t.label("steps"))
	if isa.lanes == 8 && t.rows == 6 { // most tiles, of short steps: four hide the loop
		SUBQ(Imm(4), left)
		JLT(LabelRef("few"))
		Label("four")
		for range 4 {
			step()
		}
		SUBQ(Imm(4), left)
		JGE(LabelRef("four"))
		Label("few")
		ADDQ(Imm(4), left)
		JZ(LabelRef(t.label("prefetch")))
	}
	Label(t.label("one"))
	step()
	DECQ(left)
	JNZ(LabelRef(t.label("one")))
	JMP(LabelRef(t.label("prefetch")))
}

// add adds the bias and from to the sums, where start asks for them.
func (t *gemmBody) add() {
	Label(t.label("bias"))
	start := t.loaded("start")
	TESTQ(U32(2), start)
	JZ(LabelRef(t.label("add")))
	bias := t.current("bias")
	for v := range t.vectors {
		m := Mem{Base: bias, Disp: bytes(v)}
		if t.whole(v) {
			VMOVUPS(m, t.bs[v])
		} else {
			VMOVUPS_Z(m, t.mask, t.bs[v])
		}
	}
	for i := range t.acc {
		do(VADDPS, t.bs, t.acc[i], t.acc[i])
	}
	Label(t.label("add"))
	TESTQ(U32(1), start)
	JZ(LabelRef(t.label("store")))
	from := t.current("from")
	t.eachRow(from, func(i, v int, m Mem) {
		if t.whole(v) {
			VADDPS(m, t.acc[i][v], t.acc[i][v])
			return
		}
		VMOVUPS_Z(m, t.mask, t.x)
		VADDPS(t.x, t.acc[i][v], t.acc[i][v])
	})
}

func (t *gemmBody) store() {
	Label(t.label("store"))
	t.eachRow(t.current("c"), func(i, v int, m Mem) {
		if t.whole(v) {
			VMOVUPS(t.acc[i][v], m)
		} else {
			VMOVUPS(t.acc[i][v], t.mask, m)
		}
	})
}

// eachRow visits the vectors of a tile that lies at p, with the strides of C.
func (t *gemmBody) eachRow(p reg.GPVirtual, visit func(i, v int, m Mem)) {
	rowC := t.loaded("rowC")
	for i := range t.acc {
		for v := range t.vectors {
			visit(i, v, Mem{Base: p, Disp: bytes(v)})
		}
		if i < t.rows-1 {
			ADDQ(rowC, p)
		}
	}
}

// advance moves on to the next tile.
func (t *gemmBody) advance() {
	width := Imm(uint64(bytes(t.vectors)))
	if bytes(t.vectors) > 127 {
		width = U32(uint32(bytes(t.vectors)))
	}
	for _, name := range []string{"c", "from", "bias"} {
		ADDQ(width, t.moving[name])
	}
	panel := t.loaded("panel")
	if isa.lanes == 16 && t.vectors == 2 {
		ADDQ(panel, panel)
	}
	ADDQ(panel, t.moving["b"])
	ADDQ(t.loaded("tileNext"), t.moving["next"])
}
