package op

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/goclip/goclip/model/hlo"
)

// Patches cuts images into square patches, so that the patch embedding of a
// vision transformer, a convolution whose stride is its size, is a product.
//
// Shapes: images (N, 3, S, S); the result is (N*(S/patch)², 3*patch²), patches
// in rows from the top left, elements by channel, row, column. What is left over on the
// right and at the bottom is in none. Images have no gradient.
//
// Source: Dosovitskiy et al., arXiv:2010.11929, section 3.1.
func (b *Builder) Patches(images *G.Node, patch int) *G.Node {
	return b.apply(patches{patch}, 1, images)[0]
}

type patches struct{ patch int }

func (op patches) String() string { return fmt.Sprintf("patches{%d}", op.patch) }

func (op patches) shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	x := in[0]
	if x.Dims() != 4 || x[1] != 3 || x[2] != x[3] || op.patch < 1 || x[2] < op.patch {
		return nil, fmt.Errorf("have images %v; want (N, 3, S, S) with S at least %d", x, op.patch)
	}
	grid := x[2] / op.patch
	return []tensor.Shape{{x[0] * grid * grid, 3 * op.patch * op.patch}}, nil
}

func (op patches) run(p *Pool, out, in []Buffer, shapes []tensor.Shape) {
	p.Unfold(out[0].F, in[0].F, shapes[0][0], shapes[0][2], op.patch)
}

func (op patches) lower(b *hlo.Builder, in []hlo.Value) []hlo.Value {
	x, p := in[0], op.patch
	n, grid := x.Shape[0], x.Shape[2]/p
	for dim := 2; dim <= 3; dim++ { // without what is left over
		x = b.Slice(x, dim, 0, grid*p)
	}
	x = b.Transpose(b.Reshape(x, n, 3, grid, p, grid, p), 0, 2, 4, 1, 3, 5)
	return []hlo.Value{b.Reshape(x, n*grid*grid, 3*p*p)}
}

func (patches) traits() Traits { return Traits{Cheap: true} }

// Assemble puts the class token before the patches of each image and adds the
// position embeddings.
//
// Shapes: patches (N*P, D), class (D), position (P+1, D); the result is
// (N*(P+1), D).
func (b *Builder) Assemble(patches, class, position *G.Node) *G.Node {
	return b.apply(assemble{}, 1, patches, class, position)[0]
}

type assemble struct{}

func (assemble) String() string { return "assemble" }

func (assemble) shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	x, class, position := in[0], in[1], in[2]
	if x.Dims() != 2 || position.Dims() != 2 || !class.Eq(x[1:]) || position[1] != x[1] ||
		position[0] < 2 || x[0]%(position[0]-1) != 0 {
		return nil, fmt.Errorf("have patches %v, class %v, position %v; want (N*P, D), (D), (P+1, D)", x, class, position)
	}
	return []tensor.Shape{{x[0] / (position[0] - 1) * position[0], x[1]}}, nil
}

func (assemble) run(p *Pool, out, in []Buffer, shapes []tensor.Shape) {
	t := shapes[2][0]
	p.Assemble(out[0].F, in[0].F, in[1].F, in[2].F, shapes[0][0]/(t-1), t)
}

func (assemble) lower(b *hlo.Builder, in []hlo.Value) []hlo.Value {
	x, class, position := in[0], in[1], in[2]
	t, d := position.Shape[0], position.Shape[1]
	n := x.Shape[0] / (t - 1)
	y := b.Concat(1, b.Spread(class, []int{n, 1, d}, 2), b.Reshape(x, n, t-1, d))
	return []hlo.Value{b.Reshape(b.Add(y, b.Spread(position, y.Shape, 1, 2)), n*t, d)}
}

func (assemble) traits() Traits { return Traits{} }

func (assemble) wrt() []bool { return []bool{true, true, true} }

func (assemble) grad(b *Builder, in, _ []*G.Node, dy *G.Node) []*G.Node {
	return b.apply(assembleGrad{in[2].Shape()[0]}, 3, dy)
}

// assembleGrad maps dy to dpatches, dclass, dposition; t is P+1.
type assembleGrad struct{ t int }

func (op assembleGrad) String() string { return fmt.Sprintf("assembleGrad{%d}", op.t) }

func (op assembleGrad) shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	n, d := in[0][0]/op.t, in[0][1]
	return []tensor.Shape{{n * (op.t - 1), d}, {d}, {op.t, d}}, nil
}

func (op assembleGrad) run(p *Pool, out, in []Buffer, shapes []tensor.Shape) {
	p.AssembleGrad(out[0].F, out[1].F, out[2].F, in[0].F, shapes[0][0]/op.t, op.t)
}

func (op assembleGrad) lower(b *hlo.Builder, in []hlo.Value) []hlo.Value {
	n, d := in[0].Shape[0]/op.t, in[0].Shape[1]
	dy := b.Reshape(in[0], n, op.t, d)
	position := b.Sum(dy, 0)
	dpatches := b.Reshape(b.Slice(dy, 1, 1, op.t), n*(op.t-1), d)
	return []hlo.Value{dpatches, b.Reshape(b.Slice(position, 0, 0, 1), d), position}
}

func (assembleGrad) traits() Traits { return Traits{} }

// AddPosition adds the position embeddings to the tokens of each sequence: what Assemble
// does for a tower without a class token.
//
// Shapes: x (N*T, D), position (T, D); the result is (N*T, D).
func (b *Builder) AddPosition(x, position *G.Node) *G.Node {
	return b.apply(addPosition{}, 1, x, position)[0]
}

type addPosition struct{}

func (addPosition) String() string { return "addPosition" }

func (addPosition) shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	x, position := in[0], in[1]
	if x.Dims() != 2 || position.Dims() != 2 || position[1] != x[1] || x[0]%position[0] != 0 {
		return nil, fmt.Errorf("have x %v, position %v; want (N*T, D), (T, D)", x, position)
	}
	return []tensor.Shape{x}, nil
}

func (addPosition) run(p *Pool, out, in []Buffer, shapes []tensor.Shape) {
	p.AddPosition(out[0].F, in[0].F, in[1].F, shapes[0][0]/shapes[1][0])
}

func (addPosition) lower(b *hlo.Builder, in []hlo.Value) []hlo.Value {
	x, position := in[0], in[1]
	t, d := position.Shape[0], position.Shape[1]
	y := b.Reshape(x, x.Shape[0]/t, t, d)
	return []hlo.Value{b.Reshape(b.Add(y, b.Spread(position, y.Shape, 1, 2)), x.Shape...)}
}

func (addPosition) traits() Traits { return Traits{InPlace: []int{0}} }

func (addPosition) wrt() []bool { return []bool{true, true} }

func (addPosition) grad(b *Builder, in, _ []*G.Node, dy *G.Node) []*G.Node {
	return []*G.Node{dy, b.apply(addPositionGrad{in[1].Shape()}, 1, dy)[0]}
}

// addPositionGrad maps dy to dposition: the sum over all sequences.
type addPositionGrad struct{ position tensor.Shape }

func (op addPositionGrad) String() string { return fmt.Sprintf("addPositionGrad{%v}", op.position) }

func (op addPositionGrad) shapes([]tensor.Shape) ([]tensor.Shape, error) {
	return []tensor.Shape{op.position}, nil
}

func (addPositionGrad) run(p *Pool, out, in []Buffer, _ []tensor.Shape) {
	p.ColumnSum(out[0].F, in[0].F)
}

func (op addPositionGrad) lower(b *hlo.Builder, in []hlo.Value) []hlo.Value {
	t, d := op.position[0], op.position[1]
	return []hlo.Value{b.Sum(b.Reshape(in[0], in[0].Shape[0]/t, t, d), 0)}
}

func (addPositionGrad) traits() Traits { return Traits{} }
