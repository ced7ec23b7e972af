package op

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/goclip/goclip/internal/kernel"
)

// Linear computes y = x wᵀ + bias.
//
// Shapes: x (N, I), w (O, I) as PyTorch stores it, bias (O) or nil; the result
// is (N, O). Other shapes set b.Err. If b.BF16, the result is bfloat16, but
// without a bias, as in the patch embedding, where the residual stream begins.
func (b *Builder) Linear(x, w, bias *G.Node) *G.Node {
	if bias == nil {
		return b.apply(linear{bf16: b.BF16}, 1, x, w)[0]
	}
	return b.apply(linear{bias: true, bf16: b.BF16, half: b.BF16}, 1, x, w, bias)[0]
}

// LinearAdd computes y = x wᵀ + bias + residual, where residual is (N, O). The
// result is float32.
func (b *Builder) LinearAdd(x, w, bias, residual *G.Node) *G.Node {
	return b.apply(linear{bias: true, residual: true, bf16: b.BF16}, 1, x, w, bias, residual)[0]
}

// LinearAct computes y = a(x wᵀ + bias), as bfloat16 if b.BF16.
func (b *Builder) LinearAct(x, w, bias *G.Node, a kernel.Activation) *G.Node {
	return b.apply(linear{bias: true, activation: a, bf16: b.BF16, half: b.BF16}, 2, x, w, bias)[0]
}

// linear maps x, w[, bias][, residual] to y and, with an activation, to the
// values before it, which the gradient needs.
type linear struct {
	bias, residual bool
	activation     kernel.Activation
	bf16           bool // operands are rounded
	half           bool // results are bfloat16
}

func (op linear) String() string {
	return fmt.Sprintf("linear{bias: %v, residual: %v, activation: %v, bf16: %v}", op.bias, op.residual, op.activation, op.bf16)
}

func (op linear) shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	x, w := in[0], in[1]
	if x.Dims() != 2 || w.Dims() != 2 || x[1] != w[1] {
		return nil, fmt.Errorf("have x %v, w %v; want (N, I), (O, I)", x, w)
	}
	y := tensor.Shape{x[0], w[0]}
	if op.bias && !in[2].Eq(tensor.Shape{w[0]}) {
		return nil, fmt.Errorf("have w %v, bias %v; want (O, I), (O)", w, in[2])
	}
	if op.residual && !in[3].Eq(y) {
		return nil, fmt.Errorf("have residual %v; want %v", in[3], y)
	}
	if op.activation != kernel.None {
		return []tensor.Shape{y, y}, nil
	}
	return []tensor.Shape{y}, nil
}

func (op linear) run(p *kernel.Pool, out, in []Buffer, shapes []tensor.Shape) {
	g := kernel.Gemm{TransB: true, Activation: op.activation, BF16: op.bf16, A16: in[0].H, C16: out[0].H}
	if op.bias {
		g.Bias = in[2].F
	}
	if op.residual {
		g.Residual = in[3].F
	}
	if op.activation != kernel.None {
		g.Pre, g.Pre16 = out[1].F, out[1].H
	}
	p.Gemm(out[0].F, in[0].F, in[1].F, shapes[0][0], shapes[1][0], shapes[0][1], g)
}

func (op linear) halves() []int { return []int{0}[:count(op.bf16)] }

func (op linear) rounds() []int { return []int{0, 1}[:2*count(op.half)] }

func (op linear) takes() []int {
	if op.residual {
		return []int{3}
	}
	return nil
}

// skips: without the values before the activation there is just no gradient.
func (op linear) skips() []int { return []int{1} }

func (op linear) wrt() []bool {
	return []bool{true, true, true, true}[:2+count(op.bias)+count(op.residual)]
}

func (op linear) grad(b *Builder, in, out []*G.Node, dy *G.Node) []*G.Node {
	d, dbias := dy, (*G.Node)(nil)
	switch {
	case op.activation != kernel.None:
		both := b.apply(activateGrad{op.activation, op.half}, 2, out[1], dy)
		d, dbias = both[0], both[1]
	case op.bias:
		dbias = b.apply(columnSum{}, 1, d)[0]
	}
	grads := []*G.Node{b.gradProduct(in[0], d, in[1], false, false), b.product(d, in[0], true, false)}
	if op.bias {
		grads = append(grads, dbias)
	}
	if op.residual {
		grads = append(grads, dy)
	}
	return grads
}

func count(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

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
	half           bool // the result is bfloat16
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

func (op product) run(p *kernel.Pool, out, in []Buffer, shapes []tensor.Shape) {
	m, k, n := op.sizes(shapes)
	p.Gemm(out[0].F, in[0].F, in[1].F, m, n, k, kernel.Gemm{TransA: op.transX, TransB: op.transY, BF16: op.bf16, A16: in[0].H, B16: in[1].H, C16: out[0].H})
}

func (op product) add(p *kernel.Pool, out, in []Buffer, shapes []tensor.Shape) {
	m, k, n := op.sizes(shapes)
	p.Gemm(out[0].F, in[0].F, in[1].F, m, n, k, kernel.Gemm{TransA: op.transX, TransB: op.transY, BF16: op.bf16, A16: in[0].H, B16: in[1].H, Accumulate: true})
}

func (op product) halves() []int { return []int{0, 1}[:2*count(op.bf16)] }

func (op product) rounds() []int { return []int{0}[:count(op.half)] }

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

// activateGrad maps the values before an activation (N, D) and dy to dx and the
// sum of its rows (D), the gradient of a bias.
type activateGrad struct {
	kernel.Activation
	half bool // arguments and dx are bfloat16
}

func (op activateGrad) String() string {
	return fmt.Sprintf("activateGrad{%v, bf16: %v}", op.Activation, op.half)
}

func (op activateGrad) shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	x, err := same(in[0], in[1])
	return append(x, in[0][1:]), err
}

func (op activateGrad) run(p *kernel.Pool, out, in []Buffer, _ []tensor.Shape) {
	if op.half {
		p.ActivateGradSumBF16(out[0].H, out[1].F, in[0].H, in[1].H, op.Activation)
		return
	}
	if out[1].F == nil {
		p.ActivateGrad(out[0].F, in[0].F, in[1].F, op.Activation)
		return
	}
	p.ActivateGradSum(out[0].F, out[1].F, in[0].F, in[1].F, op.Activation)
}

func (op activateGrad) skips() []int { return []int{1}[:count(!op.half)] }

func (op activateGrad) halves() []int { return []int{0, 1} }

func (op activateGrad) rounds() []int { return []int{0}[:count(op.half)] }

func (op activateGrad) takes() []int { return []int{0, 1} }

// columnSum maps x (N, D) to the sum of its rows (D).
type columnSum struct{}

func (columnSum) String() string { return "columnSum" }

func (columnSum) shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	return []tensor.Shape{{in[0][1]}}, nil
}

func (columnSum) run(p *kernel.Pool, out, in []Buffer, _ []tensor.Shape) {
	if in[0].H != nil {
		p.ColumnSumBF16(out[0].F, in[0].H)
		return
	}
	p.ColumnSum(out[0].F, in[0].F)
}

func (columnSum) halves() []int { return []int{0} }

func same(x, y tensor.Shape) ([]tensor.Shape, error) {
	if !x.Eq(y) {
		return nil, fmt.Errorf("have %v, %v; want equal shapes", x, y)
	}
	return []tensor.Shape{x}, nil
}
