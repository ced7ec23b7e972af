package op

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/goclip/goclip/model/hlo"
)

// AverageTokens computes the mean of the t rows of each sequence, the first skip apart:
// those of the patches, without the class token's.
//
// Shapes: x (N*t, D); the result is (N, D). A skip that leaves no row sets b.Err.
func (b *Builder) AverageTokens(x *G.Node, t, skip int) *G.Node {
	return b.apply(averageTokens{t, skip}, 1, x)[0]
}

type averageTokens struct{ t, skip int }

func (op averageTokens) String() string {
	return fmt.Sprintf("averageTokens{t: %d, skip: %d}", op.t, op.skip)
}

func (op averageTokens) shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	x := in[0]
	if x.Dims() != 2 || op.skip < 0 || op.t <= op.skip || x[0]%op.t != 0 {
		return nil, fmt.Errorf("have x %v; want (N*t, D), and t more than skip", x)
	}
	return []tensor.Shape{{x[0] / op.t, x[1]}}, nil
}

func (op averageTokens) run(p *Pool, out, in []Buffer, shapes []tensor.Shape) {
	p.AverageTokens(out[0].F, in[0].F, shapes[0][0]/op.t, op.t, op.skip, shapes[0][1])
}

func (op averageTokens) lower(b *hlo.Builder, in []hlo.Value) []hlo.Value {
	x := b.Reshape(in[0], in[0].Shape[0]/op.t, op.t, in[0].Shape[1])
	sum := b.Sum(b.Slice(x, 1, op.skip, op.t), 1)
	return []hlo.Value{b.Times(sum, 1/float64(op.t-op.skip))}
}

func (averageTokens) traits() Traits { return Traits{} }

func (averageTokens) wrt() []bool { return []bool{true} }

func (op averageTokens) grad(b *Builder, _, _ []*G.Node, dy *G.Node) []*G.Node {
	return b.apply(averageTokensGrad(op), 1, dy)
}

type averageTokensGrad struct{ t, skip int }

func (op averageTokensGrad) String() string {
	return fmt.Sprintf("averageTokensGrad{t: %d, skip: %d}", op.t, op.skip)
}

func (op averageTokensGrad) shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	return []tensor.Shape{{in[0][0] * op.t, in[0][1]}}, nil
}

func (op averageTokensGrad) run(p *Pool, out, in []Buffer, shapes []tensor.Shape) {
	p.AverageTokensGrad(out[0].F, in[0].F, shapes[0][0], op.t, op.skip, shapes[0][1])
}

func (op averageTokensGrad) lower(b *hlo.Builder, in []hlo.Value) []hlo.Value {
	n, d := in[0].Shape[0], in[0].Shape[1]
	dx := b.Spread(b.Times(in[0], 1/float64(op.t-op.skip)), []int{n, op.t - op.skip, d}, 0, 2)
	if op.skip > 0 {
		dx = b.Concat(1, b.Full(hlo.F32, 0, n, op.skip, d), dx)
	}
	return []hlo.Value{b.Reshape(dx, n*op.t, d)}
}

func (averageTokensGrad) traits() Traits { return Traits{} }
