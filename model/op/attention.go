package op

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
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

func (op attentionGrad) traits() Traits {
	return Traits{BF16In: []int{0, 1, 3}, BF16Out: when(op.of.bf16, 0)}
}
