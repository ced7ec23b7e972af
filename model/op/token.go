package op

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/goclip/goclip/internal/kernel"
	"github.com/goclip/goclip/model/hlo"
)

// A Token says which token of each sequence is read, and what that token sees. The zero
// Token is the first of its sequence, and sees all.
type Token struct {
	At     int     // the token, where there are no IDs
	IDs    *G.Node // (N, t) of int32: the token is the end of the text
	EOT    int32   // the id of the end of a text; 0 means the largest of the text
	Causal bool    // the token sees none behind it
}

// place is the token as an attribute of a rule, for sequences of t tokens.
func (t Token) place(tokens int) place {
	return place{kernel.Place{T: tokens, At: t.At, EOT: t.EOT, Causal: t.Causal}, t.IDs != nil}
}

// with adds the ids, if there are any, to the arguments of a rule.
func (t Token) with(in ...*G.Node) []*G.Node {
	if t.IDs == nil {
		return in
	}
	return append(in, t.IDs)
}

// A place is a token whose ids are the last argument of its rule.
type place struct {
	kernel.Place
	ids bool
}

func (p place) String() string {
	if p.ids {
		return fmt.Sprintf("end of %d, id %d, causal: %v", p.T, p.EOT, p.Causal)
	}
	return fmt.Sprintf("token %d of %d, causal: %v", p.At, p.T, p.Causal)
}

// check says whether rows (N*t) and the ids, the last of in, fit.
func (p place) check(rows int, in []tensor.Shape) error {
	if p.T < 1 || p.At < 0 || p.At >= p.T || rows%p.T != 0 {
		return fmt.Errorf("have %d rows, token %d of %d; want sequences of them", rows, p.At, p.T)
	}
	if ids := in[len(in)-1]; p.ids && !ids.Eq(tensor.Shape{rows / p.T, p.T}) {
		return fmt.Errorf("have %d rows, ids %v; want N*t rows, ids (N, t)", rows, ids)
	}
	return nil
}

// of is the place with the ids among the arguments in.
func (p place) of(in []Buffer) kernel.Place {
	if p.ids {
		p.IDs = in[len(in)-1].I
	}
	return p.Place
}

// SelectToken takes the row of one token of each sequence of t.
//
// Shapes: x (N*t, D); the result is (N, D).
func (b *Builder) SelectToken(x *G.Node, token Token, t int) *G.Node {
	return b.apply(selectToken{token.place(t)}, 1, token.with(x)...)[0]
}

type selectToken struct{ at place }

func (op selectToken) String() string { return fmt.Sprintf("selectToken{%v}", op.at) }

func (op selectToken) shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	x := in[0]
	if x.Dims() != 2 {
		return nil, fmt.Errorf("have x %v; want (N*t, D)", x)
	}
	if err := op.at.check(x[0], in); err != nil {
		return nil, err
	}
	return []tensor.Shape{{x[0] / op.at.T, x[1]}}, nil
}

func (op selectToken) run(p *Pool, out, in []Buffer, shapes []tensor.Shape) {
	p.SelectToken(out[0].F, in[0].F, op.at.of(in), shapes[0][0]/op.at.T, shapes[0][1])
}

func (op selectToken) lower(b *hlo.Builder, in []hlo.Value) []hlo.Value {
	n, d := in[0].Shape[0]/op.at.T, in[0].Shape[1]
	return []hlo.Value{op.at.take(b, b.Reshape(in[0], n, op.at.T, d), op.at.places(b, in, n))}
}

// places are the numbers (N) of the tokens; ids, if any, are the last of in.
func (p place) places(b *hlo.Builder, in []hlo.Value, n int) hlo.Value {
	if !p.ids {
		return b.Full(hlo.I32, float64(p.At), n)
	}
	ids := in[len(in)-1]
	end := b.Spread(b.Largest(ids, 1), ids.Shape, 0)
	if p.EOT != 0 {
		end = b.Full(hlo.I32, float64(p.EOT), ids.Shape...)
	}
	count, none := b.Iota(1, ids.Shape...), b.Full(hlo.I32, float64(p.T), ids.Shape...)
	first := b.Least(b.Where(b.Compare("EQ", ids, end), count, none), 1)
	// A text without that id ends at its first token: see [kernel.Place].
	return b.Where(b.Compare("LT", first, b.Full(hlo.I32, float64(p.T), n)), first, b.Full(hlo.I32, 0, n))
}

// is says which tokens of shape (N, T, D) the places (N) name.
func (place) is(b *hlo.Builder, places hlo.Value, shape []int) hlo.Value {
	return b.Compare("EQ", b.Iota(1, shape...), b.Spread(places, shape, 0))
}

// take is the rows of x (N, T, D) at the places (N); put is zeros with dy (N, D) there.
func (p place) take(b *hlo.Builder, x, places hlo.Value) hlo.Value {
	return b.Sum(b.Where(p.is(b, places, x.Shape), x, b.Full(hlo.F32, 0, x.Shape...)), 1)
}

func (p place) put(b *hlo.Builder, dy, places hlo.Value) hlo.Value {
	shape := []int{dy.Shape[0], p.T, dy.Shape[1]}
	return b.Where(p.is(b, places, shape), b.Spread(dy, shape, 0, 2), b.Full(hlo.F32, 0, shape...))
}

func (op selectToken) traits() Traits { return Traits{Tokens: when(op.at.ids, 1)} }

func (op selectToken) wrt() []bool { return []bool{true, false}[:1+count(op.at.ids)] }

func (op selectToken) grad(b *Builder, in, _ []*G.Node, dy *G.Node) []*G.Node {
	dx := b.apply(selectTokenGrad(op), 1, append([]*G.Node{dy}, in[1:]...)...)
	return append(dx, make([]*G.Node, count(op.at.ids))...)
}

// selectTokenGrad maps dy[, ids] to dx.
type selectTokenGrad struct{ at place }

func (op selectTokenGrad) String() string { return fmt.Sprintf("selectTokenGrad{%v}", op.at) }

func (op selectTokenGrad) shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	dy := in[0]
	if err := op.at.check(dy[0]*op.at.T, in); err != nil {
		return nil, err
	}
	return []tensor.Shape{{dy[0] * op.at.T, dy[1]}}, nil
}

func (op selectTokenGrad) run(p *Pool, out, in []Buffer, shapes []tensor.Shape) {
	p.SelectTokenGrad(out[0].F, in[0].F, op.at.of(in), shapes[0][0], shapes[0][1])
}

func (op selectTokenGrad) lower(b *hlo.Builder, in []hlo.Value) []hlo.Value {
	n, d := in[0].Shape[0], in[0].Shape[1]
	return []hlo.Value{b.Reshape(op.at.put(b, in[0], op.at.places(b, in, n)), n*op.at.T, d)}
}

func (op selectTokenGrad) traits() Traits { return Traits{Tokens: when(op.at.ids, 1)} }
