package op

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/goclip/goclip/internal/kernel"
	"github.com/goclip/goclip/model/hlo"
)

// PooledAttention is the self-attention of one token of each sequence, with
// the projections to queries, keys and values in it: what the last block of a
// tower needs, of which one row is read. With q, k, v = x wᵀ + bias cut in
// three, it is, for that token,
//
//	softmax(q kᵀ / sqrt(V)) v
//
// but no key and no value is computed: a score q . k_j is (q wk) . x_j plus a
// number that is the same for all j, which changes no softmax, and sum_j p_j v_j is
// (sum_j p_j x_j) wvᵀ + bias.
//
// Shapes: x (N*t, D), w (3D, D), bias (3D), the result (N, D).
//
// Source: Vaswani et al., arXiv:1706.03762, section 3.2.2, in another order.
func (b *Builder) PooledAttention(x, w, bias *G.Node, token Token, t, heads int) *G.Node {
	op := pooled{at: token.place(t), heads: heads, bf16: b.BF16}
	return b.apply(op, 7, token.with(x, w, bias)...)[0]
}

// ProbeAttention is PooledAttention for a token that is no part of the sequence, but the
// same for all of them: the learned probe (D), which sees all.
//
// Source: Zhai et al., "Scaling Vision Transformers", arXiv:2106.04560, section 3.2,
// which names it the multihead attention pooling head.
func (b *Builder) ProbeAttention(x, w, bias, probe *G.Node, t, heads int) *G.Node {
	op := pooled{at: Token{}.place(t), probe: true, heads: heads, bf16: b.BF16}
	return b.apply(op, 7, x, w, bias, probe)[0]
}

// pooled maps x, w, bias[, probe or ids] to the result; the rows of the tokens (N, D);
// their queries q (N*H, D), spread so that the row of a head is 0 outside of
// it; u = q wk (N*H, D); the probabilities (N*H, t); sum_j p_j x_j (N*H, D);
// and memory (N*H, D).
type pooled struct {
	at    place
	probe bool
	heads int
	bf16  bool
}

func (op pooled) String() string {
	return fmt.Sprintf("pooledAttention{%v, probe: %v, heads: %d, bf16: %v}", op.at, op.probe, op.heads, op.bf16)
}

func (op pooled) shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	x, w, bias := in[0], in[1], in[2]
	if x.Dims() != 2 || op.heads < 1 || x[1]%op.heads != 0 ||
		!w.Eq(tensor.Shape{3 * x[1], x[1]}) || !bias.Eq(w[:1]) {
		return nil, fmt.Errorf("have x %v, w %v, bias %v; want (N*t, heads*V), (3D, D), (3D)", x, w, bias)
	}
	if err := op.at.check(x[0], in); err != nil {
		return nil, err
	}
	if op.probe && !in[3].Eq(x[1:]) {
		return nil, fmt.Errorf("have x %v, probe %v; want (N*t, D), (D)", x, in[3])
	}
	n, d := x[0]/op.at.T, x[1]
	one, head := tensor.Shape{n, d}, tensor.Shape{n * op.heads, d}
	return []tensor.Shape{one, one, head, head, {n * op.heads, op.at.T}, head, head}, nil
}

func (op pooled) run(p *Pool, out, in []Buffer, shapes []tensor.Shape) {
	n, d := shapes[0][0]/op.at.T, shapes[0][1]
	x, bias, wq, wk, wv := in[0].F, in[2].F, in[1].F[:d*d], in[1].F[d*d:2*d*d], in[1].F[2*d*d:]
	y, rows, q, u, probs, o, parts := out[0].F, out[1].F, out[2].F, out[3].F, out[4].F, out[5].F, out[6].F
	at := op.at.of(in)
	if op.probe {
		for i := range n {
			copy(rows[i*d:][:d], in[3].F)
		}
	} else {
		p.SelectToken(rows, x, at, n, d)
	}
	p.Gemm(y, rows, wq, n, d, d, kernel.Gemm{BF16: op.bf16, TransB: true, Bias: bias[:d]})
	p.SpreadHeads(q, y, n, op.heads)
	p.Gemm(u, q, wk, n*op.heads, d, d, kernel.Gemm{BF16: op.bf16})
	p.PooledAttention(o, probs, u, x, at, n, op.heads, op.scale(d))
	p.Gemm(parts, o, wv, n*op.heads, d, d, kernel.Gemm{BF16: op.bf16, TransB: true})
	p.GatherHeads(y, parts, bias[2*d:], n, op.heads)
}

func (op pooled) scale(d int) float32 { return float32(1 / math.Sqrt(float64(d/op.heads))) }

func (op pooled) lower(b *hlo.Builder, in []hlo.Value) []hlo.Value {
	n, d := in[0].Shape[0]/op.at.T, in[0].Shape[1]
	x, places := b.Reshape(in[0], n, op.at.T, d), op.at.places(b, in, n)
	rows := op.at.take(b, x, places)
	if op.probe {
		rows = b.Spread(in[3], rows.Shape, 1)
	}
	third := func(i int) (w, bias hlo.Value) {
		return b.Slice(in[1], 0, i*d, (i+1)*d), b.Slice(in[2], 0, i*d, (i+1)*d)
	}
	wq, bq := third(0)
	wk, _ := third(1)
	wv, bv := third(2)
	q := multiply(b, rows, wq, 1, 1, op.bf16, false)
	q = op.spread(b, b.Add(q, b.Spread(bq, q.Shape, 1)))
	u := multiply(b, q, wk, 1, 0, op.bf16, false)
	s := b.Times(b.Dot(hlo.F32, b.Reshape(u, n, op.heads, d), x, 1, 2, 2), float64(op.scale(d))) // (N, H, T)
	if op.at.Causal {
		seen := b.Compare("LE", b.Iota(2, s.Shape...), b.Spread(places, s.Shape, 0))
		s = b.Where(seen, s, b.Full(hlo.F32, math.Inf(-1), s.Shape...))
	}
	e := b.Exp(b.Sub(s, b.Spread(b.Largest(s, 2), s.Shape, 0, 1)))
	probs := b.Div(e, b.Spread(b.Sum(e, 2), s.Shape, 0, 1))
	o := b.Reshape(b.Dot(hlo.F32, probs, x, 1, 2, 1), n*op.heads, d)
	parts := multiply(b, o, wv, 1, 1, op.bf16, false)
	y := op.gather(b, parts)
	y = b.Add(y, b.Spread(bv, y.Shape, 1))
	return []hlo.Value{y, rows, q, u, b.Reshape(probs, n*op.heads, op.at.T), o, parts}
}

// spread makes of x (N, D) a row for each head (N*H, D), 0 outside of the head's
// channels; gather takes each head's channels of such rows.
func (op pooled) spread(b *hlo.Builder, x hlo.Value) hlo.Value {
	shape := []int{x.Shape[0], op.heads, x.Shape[1]}
	y := b.Where(op.ownChannels(b, shape), b.Spread(x, shape, 0, 2), b.Full(hlo.F32, 0, shape...))
	return b.Reshape(y, shape[0]*op.heads, shape[2])
}

func (op pooled) gather(b *hlo.Builder, x hlo.Value) hlo.Value {
	shape := []int{x.Shape[0] / op.heads, op.heads, x.Shape[1]}
	return b.Sum(b.Where(op.ownChannels(b, shape), b.Reshape(x, shape...), b.Full(hlo.F32, 0, shape...)), 1)
}

func (op pooled) ownChannels(b *hlo.Builder, shape []int) hlo.Value {
	size := b.Full(hlo.I32, float64(shape[2]/op.heads), shape...)
	return b.Compare("EQ", b.Iota(1, shape...), b.Div(b.Iota(2, shape...), size))
}

func (op pooled) traits() Traits { return Traits{Tokens: when(op.at.ids, 3)} }

func (op pooled) wrt() []bool {
	return []bool{true, true, true, op.probe}[:3+count(op.probe || op.at.ids)]
}

func (op pooled) grad(b *Builder, in, out []*G.Node, dy *G.Node) []*G.Node {
	args := []*G.Node{in[0], in[1], out[1], out[2], out[3], out[4], out[5], dy}
	if op.probe {
		grads := b.apply(pooledGrad{op}, 8, args...)
		return append(grads[:3:3], grads[7])
	}
	grads := b.apply(pooledGrad{op}, 7, append(args, in[3:]...)...)
	return append(grads[:3:3], make([]*G.Node, count(op.at.ids))...)
}

// pooledGrad maps x, w, rows, q, u, probs, o, dy[, ids] to dx, dw, which may be left
// out, dbias and memory: three of (N*H, D), one of (N, D). With a probe, its gradient
// follows.
type pooledGrad struct{ of pooled }

func (op pooledGrad) String() string { return "grad of " + op.of.String() }

func (op pooledGrad) shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	x, w, rows, q, dy := in[0], in[1], in[2], in[3], in[7]
	if _, err := same(rows, dy); err != nil {
		return nil, err
	}
	return []tensor.Shape{x, w, w[:1], q, q, q, rows, x[1:]}[:7+count(op.of.probe)], nil
}

func (op pooledGrad) run(p *Pool, out, in []Buffer, shapes []tensor.Shape) {
	n, d := shapes[2][0], shapes[2][1]
	of, heads, square := op.of, n*op.of.heads, d*d
	x, rows, q, u, probs, o, dy := in[0].F, in[2].F, in[3].F, in[4].F, in[5].F, in[6].F, in[7].F
	wq, wk, wv := in[1].F[:square], in[1].F[square:2*square], in[1].F[2*square:]
	dx, dw := out[0].F, out[1].F
	dbias, dparts, do, du, dq := out[2].F, out[3].F, out[4].F, out[5].F, out[6].F
	at := of.at.of(in)

	p.SpreadHeads(dparts, dy, n, of.heads)
	p.Gemm(do, dparts, wv, heads, d, d, kernel.Gemm{BF16: of.bf16})
	weight := func(part int, x, y []float32, rows int) { // of queries, keys or values
		if dw != nil {
			p.Gemm(dw[part*square:][:square], x, y, d, d, rows, kernel.Gemm{BF16: of.bf16, TransA: true})
		}
	}
	weight(2, dparts, o, heads)
	p.PooledAttentionGrad(du, dx, do, probs, u, x, at, n, of.heads, of.scale(d))
	weight(1, q, du, heads)
	dqs, drows := do, dparts[:n*d] // which are read no more
	p.Gemm(dqs, du, wk, heads, d, d, kernel.Gemm{BF16: of.bf16, TransB: true})
	p.GatherHeads(dq, dqs, nil, n, of.heads)
	weight(0, dq, rows, n)
	p.Gemm(drows, dq, wq, n, d, d, kernel.Gemm{BF16: of.bf16})
	if of.probe {
		p.ColumnSum(out[7].F, drows)
	} else {
		p.AddRows(dx, drows, at, n)
	}

	p.ColumnSum(dbias[:d], dq)
	clear(dbias[d : 2*d]) // the same for all keys: no probability depends on it
	p.ColumnSum(dbias[2*d:], dy)
}

func (op pooledGrad) lower(b *hlo.Builder, in []hlo.Value) []hlo.Value {
	of, n, d := op.of, in[2].Shape[0], in[2].Shape[1]
	heads := func(x hlo.Value) hlo.Value { return b.Reshape(x, n, of.heads, x.Shape[1]) }
	third := func(i int) hlo.Value { return b.Slice(in[1], 0, i*d, (i+1)*d) }
	x, rows, q, u, probs, o, dy := b.Reshape(in[0], n, of.at.T, d), in[2], in[3], heads(in[4]), heads(in[5]), in[6], in[7]
	product := func(x, y hlo.Value, cx, cy int) hlo.Value { return multiply(b, x, y, cx, cy, of.bf16, false) }

	dparts := of.spread(b, dy)
	do, dwv := product(dparts, third(2), 1, 0), product(dparts, o, 0, 0)
	dp := b.Dot(hlo.F32, heads(do), x, 1, 2, 2)
	delta := b.Sum(b.Mul(probs, dp), 2)
	ds := b.Times(b.Mul(probs, b.Sub(dp, b.Spread(delta, dp.Shape, 0, 1))), float64(of.scale(d)))
	du := b.Reshape(b.Dot(hlo.F32, ds, x, 1, 2, 1), n*of.heads, d)
	dx := b.Add(b.Dot(hlo.F32, probs, heads(do), 1, 1, 1), b.Dot(hlo.F32, ds, u, 1, 1, 1))
	dwk := product(q, du, 0, 0)
	dq := of.gather(b, product(du, third(1), 1, 1))
	dwq, drows := product(dq, rows, 0, 0), product(dq, third(0), 1, 0)
	if !of.probe {
		dx = b.Add(dx, of.at.put(b, drows, of.at.places(b, in, n)))
	}
	// A bias is the same for all keys: no probability depends on it.
	dbias := b.Concat(0, b.Sum(dq, 0), b.Full(hlo.F32, 0, d), b.Sum(dy, 0))
	out := []hlo.Value{b.Reshape(dx, n*of.at.T, d), b.Concat(0, dwq, dwk, dwv), dbias, dparts, do, du, dq}
	if of.probe {
		out = append(out, b.Sum(drows, 0))
	}
	return out
}

func (op pooledGrad) traits() Traits {
	return Traits{Tokens: when(op.of.at.ids, 8), Optional: []int{1}}
}
