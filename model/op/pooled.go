package op

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/goclip/goclip/internal/kernel"
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
// Shapes: x (N*t, D), w (3D, D), bias (3D), the result (N, D). Without ids the
// token is the first of its sequence and sees all; with ids (N, t) of int32 it
// is the first that has the largest id, and sees none behind it.
//
// Source: Vaswani et al., arXiv:1706.03762, section 3.2.2, in another order.
func (b *Builder) PooledAttention(x, w, bias, ids *G.Node, t, heads int) *G.Node {
	if ids == nil {
		return b.apply(pooled{t, heads, false, b.BF16}, 7, x, w, bias)[0]
	}
	return b.apply(pooled{t, heads, true, b.BF16}, 7, x, w, bias, ids)[0]
}

// pooled maps x, w, bias[, ids] to the result; the rows of the tokens (N, D);
// their queries q (N*H, D), spread so that the row of a head is 0 outside of
// it; u = q wk (N*H, D); the probabilities (N*H, t); sum_j p_j x_j (N*H, D);
// and memory (N*H, D).
type pooled struct {
	t, heads int
	ids      bool
	bf16     bool
}

func (op pooled) String() string {
	return fmt.Sprintf("pooledAttention{t: %d, heads: %d, ids: %v, bf16: %v}", op.t, op.heads, op.ids, op.bf16)
}

func (op pooled) shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	x, w, bias := in[0], in[1], in[2]
	if x.Dims() != 2 || op.t < 1 || op.heads < 1 || x[0]%op.t != 0 || x[1]%op.heads != 0 ||
		!w.Eq(tensor.Shape{3 * x[1], x[1]}) || !bias.Eq(w[:1]) {
		return nil, fmt.Errorf("have x %v, w %v, bias %v; want (N*t, heads*V), (3D, D), (3D)", x, w, bias)
	}
	n, d := x[0]/op.t, x[1]
	if op.ids && !in[3].Eq(tensor.Shape{n, op.t}) {
		return nil, fmt.Errorf("have x %v, ids %v; want (N*t, D), (N, t)", x, in[3])
	}
	one, head := tensor.Shape{n, d}, tensor.Shape{n * op.heads, d}
	return []tensor.Shape{one, one, head, head, {n * op.heads, op.t}, head, head}, nil
}

func (op pooled) run(p *Pool, out, in []Buffer, shapes []tensor.Shape) {
	n, d := shapes[0][0]/op.t, shapes[0][1]
	x, bias, wq, wk, wv := in[0].F, in[2].F, in[1].F[:d*d], in[1].F[d*d:2*d*d], in[1].F[2*d*d:]
	y, rows, q, u, probs, o, parts := out[0].F, out[1].F, out[2].F, out[3].F, out[4].F, out[5].F, out[6].F
	ids := op.idsOf(in, 3)
	if ids == nil {
		p.SelectFirst(rows, x, n, op.t, d)
	} else {
		p.SelectLargest(rows, x, ids, n, op.t, d)
	}
	p.Gemm(y, rows, wq, n, d, d, kernel.Gemm{BF16: op.bf16, TransB: true, Bias: bias[:d]})
	p.SpreadHeads(q, y, n, op.heads)
	p.Gemm(u, q, wk, n*op.heads, d, d, kernel.Gemm{BF16: op.bf16})
	p.PooledAttention(o, probs, u, x, ids, n, op.t, op.heads, op.scale(d))
	p.Gemm(parts, o, wv, n*op.heads, d, d, kernel.Gemm{BF16: op.bf16, TransB: true})
	p.GatherHeads(y, parts, bias[2*d:], n, op.heads)
}

func (op pooled) idsOf(in []Buffer, i int) []int32 {
	if !op.ids {
		return nil
	}
	return in[i].I
}

func (op pooled) scale(d int) float32 { return float32(1 / math.Sqrt(float64(d/op.heads))) }

func (op pooled) traits() Traits { return Traits{Tokens: when(op.ids, 3)} }

func (op pooled) wrt() []bool {
	if op.ids {
		return []bool{true, true, true, false}
	}
	return []bool{true, true, true}
}

func (op pooled) grad(b *Builder, in, out []*G.Node, dy *G.Node) []*G.Node {
	args := []*G.Node{in[0], in[1], out[1], out[2], out[3], out[4], out[5], dy}
	grads := b.apply(pooledGrad{op}, 7, append(args, in[3:]...)...)[:3]
	if op.ids {
		grads = append(grads, nil)
	}
	return grads
}

// pooledGrad maps x, w, rows, q, u, probs, o, dy[, ids] to dx, dw, dbias and
// memory: three of (N*H, D), one of (N, D).
type pooledGrad struct{ of pooled }

func (op pooledGrad) String() string { return "grad of " + op.of.String() }

func (op pooledGrad) shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	x, w, rows, q, dy := in[0], in[1], in[2], in[3], in[7]
	if _, err := same(rows, dy); err != nil {
		return nil, err
	}
	return []tensor.Shape{x, w, w[:1], q, q, q, rows}, nil
}

func (op pooledGrad) run(p *Pool, out, in []Buffer, shapes []tensor.Shape) {
	n, d := shapes[2][0], shapes[2][1]
	of, heads, square := op.of, n*op.of.heads, d*d
	x, rows, q, u, probs, o, dy := in[0].F, in[2].F, in[3].F, in[4].F, in[5].F, in[6].F, in[7].F
	wq, wk, wv := in[1].F[:square], in[1].F[square:2*square], in[1].F[2*square:]
	dx, dwq, dwk, dwv := out[0].F, out[1].F[:square], out[1].F[square:2*square], out[1].F[2*square:]
	dbias, dparts, do, du, dq := out[2].F, out[3].F, out[4].F, out[5].F, out[6].F
	ids := of.idsOf(in, 8)

	p.SpreadHeads(dparts, dy, n, of.heads)
	p.Gemm(do, dparts, wv, heads, d, d, kernel.Gemm{BF16: of.bf16})
	p.Gemm(dwv, dparts, o, d, d, heads, kernel.Gemm{BF16: of.bf16, TransA: true})
	p.PooledAttentionGrad(du, dx, do, probs, u, x, ids, n, of.t, of.heads, of.scale(d))
	p.Gemm(dwk, q, du, d, d, heads, kernel.Gemm{BF16: of.bf16, TransA: true})
	dqs, drows := do, dparts[:n*d] // which are read no more
	p.Gemm(dqs, du, wk, heads, d, d, kernel.Gemm{BF16: of.bf16, TransB: true})
	p.GatherHeads(dq, dqs, nil, n, of.heads)
	p.Gemm(dwq, dq, rows, d, d, n, kernel.Gemm{BF16: of.bf16, TransA: true})
	p.Gemm(drows, dq, wq, n, d, d, kernel.Gemm{BF16: of.bf16})
	p.AddRows(dx, drows, ids, n, of.t)

	p.ColumnSum(dbias[:d], dq)
	clear(dbias[d : 2*d]) // the same for all keys: no probability depends on it
	p.ColumnSum(dbias[2*d:], dy)
}

func (op pooledGrad) traits() Traits { return Traits{Tokens: when(op.of.ids, 8)} }
