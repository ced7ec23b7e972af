package op

import (
	"fmt"
	"math"
	"slices"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/goclip/goclip/internal/kernel"
	"github.com/goclip/goclip/model/hlo"
)

// Linear computes y = x wᵀ + bias, as bfloat16 if b.BF16.
//
// Shapes: x (N, I), w (O, I) as PyTorch stores it, bias (O); the result is (N, O).
// Other shapes set b.Err.
func (b *Builder) Linear(x, w, bias *G.Node) *G.Node {
	return b.apply(linear{bias: true, bf16: b.BF16, out16: b.BF16}, 1, x, w, bias)[0]
}

// LinearFloat is Linear whose result is always float32: where the residual stream
// begins, as in the patch embedding, and where a tower ends. A nil bias is none.
func (b *Builder) LinearFloat(x, w, bias *G.Node) *G.Node {
	return b.apply(linear{bias: bias != nil, bf16: b.BF16}, 1, optional(bias, x, w)...)[0]
}

// LinearAdd computes y = x wᵀ + bias + residual, where residual is (N, O). The
// result is float32.
func (b *Builder) LinearAdd(x, w, bias, residual *G.Node) *G.Node {
	return b.apply(linear{bias: true, residual: true, bf16: b.BF16}, 1, x, w, bias, residual)[0]
}

// LinearAct computes y = a(x wᵀ + bias), as bfloat16 if b.BF16.
func (b *Builder) LinearAct(x, w, bias *G.Node, a Activation) *G.Node {
	return b.apply(linear{bias: true, activation: a, bf16: b.BF16, out16: b.BF16}, 2, x, w, bias)[0]
}

// linear maps x, w[, bias][, residual] to y and, with an activation, to the
// values before it, which the gradient needs.
type linear struct {
	bias, residual bool
	activation     Activation
	bf16           bool // operands are rounded
	out16          bool // results are bfloat16
}

func (op linear) String() string {
	return fmt.Sprintf("linear{bias: %v, residual: %v, activation: %v, bf16: %v}",
		op.bias, op.residual, op.activation, op.bf16)
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
	if op.activation != None {
		return []tensor.Shape{y, y}, nil
	}
	return []tensor.Shape{y}, nil
}

func (op linear) run(p *Pool, out, in []Buffer, shapes []tensor.Shape) {
	g := kernel.Gemm{TransB: true, Activation: op.activation, BF16: op.bf16, A16: in[0].H, C16: out[0].H}
	if op.bias {
		g.Bias = in[2].F
	}
	if op.residual {
		g.Residual = in[3].F
	}
	if op.activation != None {
		g.Pre, g.Pre16 = out[1].F, out[1].H
	}
	p.Gemm(out[0].F, in[0].F, in[1].F, shapes[0][0], shapes[1][0], shapes[0][1], g)
}

func (op linear) lower(b *hlo.Builder, in []hlo.Value) []hlo.Value {
	y := multiply(b, in[0], in[1], 1, 1, op.bf16, op.out16)
	if op.bias {
		y = b.Add(y, b.Spread(b.To(y.Type, in[2]), y.Shape, 1))
	}
	if op.activation != None {
		a, _ := activation(b, wide(b, y), op.activation)
		return []hlo.Value{a, y}
	}
	if op.residual {
		y = b.Add(y, in[3])
	}
	return []hlo.Value{y}
}

// multiply is a product of matrices as Gemm has it: operands are rounded if bf16, the
// result if out16.
func multiply(b *hlo.Builder, x, y hlo.Value, cx, cy int, bf16, out16 bool) hlo.Value {
	operand, result := hlo.F32, hlo.F32
	if bf16 {
		operand = hlo.BF16
	}
	if out16 {
		result = hlo.BF16
	}
	return b.Dot(result, b.To(operand, x), b.To(operand, y), 0, cx, cy)
}

func wide(b *hlo.Builder, x hlo.Value) hlo.Value { return b.To(hlo.F32, x) }

func (op linear) traits() Traits {
	return Traits{
		InPlace:  when(op.residual, 3),
		BF16In:   when(op.bf16, 0),
		BF16Out:  when(op.out16, 0, 1),
		Optional: []int{1}, // only the gradient reads the values before the activation
	}
}

func (op linear) activate(p *Pool, out, in []Buffer) {
	p.Activate(out[0].F, in[0].F, op.activation)
}

func (op linear) wrt() []bool {
	return slices.Repeat([]bool{true}, 2+count(op.bias)+count(op.residual))
}

func (op linear) grad(b *Builder, in, out []*G.Node, dy *G.Node) []*G.Node {
	d, dbias := dy, (*G.Node)(nil)
	switch {
	case op.activation != None:
		both := b.apply(activateGrad{op.activation, op.out16}, 2, out[1], dy)
		d, dbias = both[0], both[1]
	case op.bias:
		dbias = b.apply(columnSum{}, 1, d)[0]
	}
	dw := b.product(d, in[0], true, false) // first, as in[0] may be recomputed for it and die
	grads := []*G.Node{b.gradProduct(in[0], d, in[1], false, false), dw}
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

// activateGrad maps the values before an activation (N, D) and dy to dx and the
// sum of its rows (D), the gradient of a bias.
type activateGrad struct {
	Activation
	bf16 bool // arguments and dx are bfloat16
}

func (op activateGrad) String() string {
	return fmt.Sprintf("activateGrad{%v, bf16: %v}", op.Activation, op.bf16)
}

func (op activateGrad) shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	x, err := same(in[0], in[1])
	return append(x, in[0][1:]), err
}

func (op activateGrad) run(p *Pool, out, in []Buffer, _ []tensor.Shape) {
	if op.bf16 {
		p.ActivateGradSumBF16(out[0].H, out[1].F, in[0].H, in[1].H, op.Activation)
		return
	}
	if out[1].F == nil {
		p.ActivateGrad(out[0].F, in[0].F, in[1].F, op.Activation)
		return
	}
	p.ActivateGradSum(out[0].F, out[1].F, in[0].F, in[1].F, op.Activation)
}

func (op activateGrad) lower(b *hlo.Builder, in []hlo.Value) []hlo.Value {
	_, slope := activation(b, wide(b, in[0]), op.Activation)
	dx := b.Mul(slope, wide(b, in[1]))
	return []hlo.Value{dx, b.Sum(dx, 0)}
}

// activation is the activation of x, and its derivative.
func activation(b *hlo.Builder, x hlo.Value, a Activation) (y, slope hlo.Value) {
	one := b.Full(hlo.F32, 1, x.Shape...)
	gated := func(u, du hlo.Value) (y, slope hlo.Value) { // x sigma(u)
		gate := b.Logistic(u)
		y = b.Mul(x, gate)
		return y, b.Add(gate, b.Mul(b.Mul(y, b.Sub(one, gate)), du))
	}
	switch a {
	case QuickGELU:
		return gated(b.Times(x, 1.702), b.Times(one, 1.702))
	case GELUTanh: // (1 + tanh(u)) / 2 is sigma(2u)
		c, square := 2*math.Sqrt(2/math.Pi), b.Mul(x, x)
		return gated(b.Times(b.Mul(x, b.Plus(b.Times(square, 0.044715), 1)), c),
			b.Times(b.Plus(b.Times(square, 3*0.044715), 1), c))
	}
	cdf := b.Times(b.Add(b.Erf(b.Times(x, 1/math.Sqrt2)), one), 0.5)
	density := b.Times(b.Exp(b.Times(b.Mul(x, x), -0.5)), 1/math.Sqrt(2*math.Pi))
	return b.Mul(x, cdf), b.Add(cdf, b.Mul(x, density))
}

func (op activateGrad) traits() Traits {
	return Traits{
		InPlace:  []int{0, 1},
		BF16In:   []int{0, 1},
		BF16Out:  when(op.bf16, 0),
		Optional: when(!op.bf16, 1),
	}
}

// columnSum maps x (N, D) to the sum of its rows (D).
type columnSum struct{}

func (columnSum) String() string { return "columnSum" }

func (columnSum) shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	return []tensor.Shape{{in[0][1]}}, nil
}

func (columnSum) run(p *Pool, out, in []Buffer, _ []tensor.Shape) {
	if in[0].H != nil {
		p.ColumnSumBF16(out[0].F, in[0].H)
		return
	}
	p.ColumnSum(out[0].F, in[0].F)
}

func (columnSum) lower(b *hlo.Builder, in []hlo.Value) []hlo.Value {
	return []hlo.Value{b.Sum(wide(b, in[0]), 0)}
}

func (columnSum) traits() Traits { return Traits{BF16In: []int{0}} }
