package op

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/goclip/goclip/model/hlo"
)

// Attention computes softmax(q kᵀ / sqrt(V)) v for each head of each sequence
// of t tokens. If causal, a token sees itself and those before it.
//
// Shapes: qkv (N*t, 3D), each row q, k and v of a token; the result is
// (N*t, D), of the type of qkv. D is heads times V.
//
// Source: Vaswani et al., "Attention Is All You Need", arXiv:1706.03762, eq. 1.
func (b *Builder) Attention(qkv *G.Node, t, heads int, causal bool) *G.Node {
	return b.apply(attention{t, heads, causal, qkv != nil && qkv.Dtype() == BFloat16}, 2, qkv)[0]
}

// attention maps qkv to the result and the log-sum-exp of each query (N, H, T):
// the probabilities are recomputed for the gradient, never kept.
type attention struct {
	t, heads int
	causal   bool
	bf16     bool // qkv and the result are bfloat16
}

func (op attention) String() string {
	return fmt.Sprintf("attention{t: %d, heads: %d, causal: %v, bf16: %v}", op.t, op.heads, op.causal, op.bf16)
}

func (op attention) shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	qkv := in[0]
	if qkv.Dims() != 2 || op.t < 1 || op.heads < 1 || qkv[0]%op.t != 0 || qkv[1]%(3*op.heads) != 0 {
		return nil, fmt.Errorf("have qkv %v; want (N*t, 3*heads*V)", qkv)
	}
	return []tensor.Shape{{qkv[0], qkv[1] / 3}, {qkv[0] / op.t, op.heads, op.t}}, nil
}

func (op attention) run(p *Pool, out, in []Buffer, shapes []tensor.Shape) {
	if op.bf16 {
		p.AttentionBF16(out[0].H, out[1].F, in[0].H, shapes[0][0]/op.t, op.t, op.heads, op.causal)
		return
	}
	p.Attention(out[0].F, out[1].F, in[0].F, shapes[0][0]/op.t, op.t, op.heads, op.causal)
}

func (op attention) lower(b *hlo.Builder, in []hlo.Value) []hlo.Value {
	s, _, _, v := op.scores(b, in[0])
	most := b.Largest(s, 3)
	e := b.Exp(b.Sub(s, b.Spread(most, s.Shape, 0, 1, 2)))
	sum := b.Sum(e, 3)
	probs := b.Div(e, b.Spread(sum, s.Shape, 0, 1, 2))
	y := b.Dot(in[0].Type, b.To(in[0].Type, probs), v, 2, 3, 2)
	return []hlo.Value{op.join(b, y), b.Add(most, b.Log(sum))}
}

// scores are q kᵀ / sqrt(V) (N, H, T, T), -Inf where a token is not seen; and q, k and v.
func (op attention) scores(b *hlo.Builder, qkv hlo.Value) (s, q, k, v hlo.Value) {
	d := qkv.Shape[1] / 3
	part := func(i int) hlo.Value { return op.cut(b, b.Slice(qkv, 1, i*d, (i+1)*d)) }
	q, k, v = part(0), part(1), part(2)
	s = b.Times(b.Dot(hlo.F32, q, k, 2, 3, 3), op.scale(d))
	if op.causal {
		seen := b.Compare("GE", b.Iota(2, s.Shape...), b.Iota(3, s.Shape...))
		s = b.Where(seen, s, b.Full(hlo.F32, math.Inf(-1), s.Shape...))
	}
	return s, q, k, v
}

func (op attention) scale(d int) float64 { return 1 / math.Sqrt(float64(d/op.heads)) }

// cut makes (N, H, T, V) of x (N*T, D); join is its inverse.
func (op attention) cut(b *hlo.Builder, x hlo.Value) hlo.Value {
	n, d := x.Shape[0]/op.t, x.Shape[1]
	return b.Transpose(b.Reshape(x, n, op.t, op.heads, d/op.heads), 0, 2, 1, 3)
}

func (op attention) join(b *hlo.Builder, x hlo.Value) hlo.Value {
	return b.Reshape(b.Transpose(x, 0, 2, 1, 3), x.Shape[0]*op.t, op.heads*x.Shape[3])
}

func (op attention) traits() Traits {
	return Traits{BF16In: []int{0}, BF16Out: when(op.bf16, 0)}
}

func (op attention) wrt() []bool { return []bool{true} }

func (op attention) grad(b *Builder, in, out []*G.Node, dy *G.Node) []*G.Node {
	return b.apply(attentionGrad{op}, 1, in[0], out[0], out[1], dy)
}

// attentionGrad maps qkv, y, lse, dy to dqkv.
type attentionGrad struct{ of attention }

func (op attentionGrad) String() string { return "grad of " + op.of.String() }

func (op attentionGrad) shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	if _, err := same(in[1], in[3]); err != nil {
		return nil, err
	}
	return []tensor.Shape{in[0]}, nil
}

func (op attentionGrad) run(p *Pool, out, in []Buffer, shapes []tensor.Shape) {
	a, n := op.of, shapes[0][0]/op.of.t
	if a.bf16 {
		p.AttentionGradBF16(out[0].H, in[0].H, in[1].H, in[2].F, in[3].H, n, a.t, a.heads, a.causal)
		return
	}
	p.AttentionGrad(out[0].F, in[0].F, in[1].F, in[2].F, in[3].F, n, a.t, a.heads, a.causal)
}

func (op attentionGrad) lower(b *hlo.Builder, in []hlo.Value) []hlo.Value {
	of, t := op.of, in[0].Type
	s, q, k, v := of.scores(b, in[0])
	y, dy := of.cut(b, in[1]), of.cut(b, in[3])
	rows := func(x hlo.Value) hlo.Value { return b.Spread(x, s.Shape, 0, 1, 2) }
	probs := b.Exp(b.Sub(s, rows(in[2])))
	dv := b.Dot(t, b.To(t, probs), dy, 2, 2, 2)
	delta := b.Sum(b.Mul(wide(b, dy), wide(b, y)), 3)
	ds := b.Mul(probs, b.Sub(b.Dot(hlo.F32, dy, v, 2, 3, 3), rows(delta)))
	ds = b.To(t, b.Times(ds, of.scale(in[0].Shape[1]/3)))
	dq, dk := b.Dot(t, ds, k, 2, 3, 2), b.Dot(t, ds, q, 2, 2, 2)
	return []hlo.Value{b.Concat(1, of.join(b, dq), of.join(b, dk), of.join(b, dv))}
}

func (op attentionGrad) traits() Traits {
	return Traits{BF16In: []int{0, 1, 3}, BF16Out: when(op.of.bf16, 0)}
}
