package op

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/goclip/goclip/internal/kernel"
	"github.com/goclip/goclip/model/hlo"
)

// Project computes y = x w, with x (N, I) and w (I, O): the last matrix of a
// tower, which CLIP stores the other way round.
func (b *Builder) Project(x, w *G.Node) *G.Node { return b.product(x, w, false, false) }

// product multiplies two matrices, either transposed.
func (b *Builder) product(x, y *G.Node, transX, transY bool) *G.Node {
	return b.apply(product{transX, transY, b.BF16, false}, 1, x, y)[0]
}

// gradProduct is product for the gradient of a value, which has its type.
func (b *Builder) gradProduct(of, x, y *G.Node, transX, transY bool) *G.Node {
	return b.apply(product{transX, transY, b.BF16, of.Dtype() == BFloat16}, 1, x, y)[0]
}

type product struct {
	transX, transY bool
	bf16           bool // operands are rounded
	out16          bool // the result is bfloat16
}

func (op product) String() string {
	return fmt.Sprintf("product{transX: %v, transY: %v, bf16: %v}", op.transX, op.transY, op.bf16)
}

func (op product) shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	x, y := in[0], in[1]
	if x.Dims() != 2 || y.Dims() != 2 {
		return nil, fmt.Errorf("have %v, %v; want two matrices", x, y)
	}
	m, k, n := op.sizes(in)
	if inner := y[count(op.transY)]; inner != k {
		return nil, fmt.Errorf("have %v, %v; want inner sizes that agree", x, y)
	}
	return []tensor.Shape{{m, n}}, nil
}

func (op product) sizes(in []tensor.Shape) (m, k, n int) {
	x, y := in[0], in[1]
	return x[count(op.transX)], x[1-count(op.transX)], y[1-count(op.transY)]
}

func (op product) run(p *Pool, out, in []Buffer, shapes []tensor.Shape) {
	op.multiply(p, out, in, shapes, false)
}

func (op product) add(p *Pool, out, in []Buffer, shapes []tensor.Shape) {
	op.multiply(p, out, in, shapes, true)
}

func (op product) multiply(p *Pool, out, in []Buffer, shapes []tensor.Shape, accumulate bool) {
	m, k, n := op.sizes(shapes)
	p.Gemm(out[0].F, in[0].F, in[1].F, m, n, k, kernel.Gemm{
		TransA: op.transX, TransB: op.transY, Accumulate: accumulate,
		BF16: op.bf16, A16: in[0].H, B16: in[1].H, C16: out[0].H,
	})
}

func (op product) lower(b *hlo.Builder, in []hlo.Value) []hlo.Value {
	return []hlo.Value{multiply(b, in[0], in[1], 1-count(op.transX), count(op.transY), op.bf16, op.out16)}
}

func (op product) traits() Traits {
	return Traits{BF16In: when(op.bf16, 0, 1), BF16Out: when(op.out16, 0)}
}

func (op product) wrt() []bool { return []bool{true, true} }

// grad: with Z = X Y, dX = dZ Yᵀ and dY = Xᵀ dZ, transposed where X or Y is.
func (op product) grad(b *Builder, in, _ []*G.Node, dz *G.Node) []*G.Node {
	x, y := in[0], in[1]
	dx := b.gradProduct(x, dz, y, false, !op.transY)
	if op.transX {
		dx = b.gradProduct(x, y, dz, op.transY, true)
	}
	dy := b.gradProduct(y, x, dz, !op.transX, false)
	if op.transY {
		dy = b.gradProduct(y, dz, x, true, op.transX)
	}
	return []*G.Node{dx, dy}
}
