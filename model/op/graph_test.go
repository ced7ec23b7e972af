package op_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/goclip/goclip/internal/kernel"
	"github.com/goclip/goclip/model/op"
	"github.com/goclip/goclip/model/vm"
)

// TestFanOut checks the gradient of arguments that are read more than once: x
// by two branches and a residual, w by both branches, so that Gorgonia sums.
func TestFanOut(t *testing.T) {
	const n, d = 5, 7
	test := opTest{
		shapes: []tensor.Shape{{n, d}, {d, d}, {d}},
		build: func(b *op.Builder, in []*G.Node) *G.Node {
			x, w, bias := in[0], in[1], in[2]
			h := b.LinearAct(b.LayerNormOperand(x, bias, bias, 1e-5), w, bias, kernel.GELU)
			return b.LinearAdd(h, w, bias, b.LinearFloat(x, w, nil))
		},
		ref: func(in [][]float64) []float64 {
			x, w, bias := in[0], in[1], in[2]
			h := linear(layerNorm(x, bias, bias, 1e-5), w, bias, d)
			for i, v := range h {
				h[i] = gelu(v)
			}
			y := linear(h, w, bias, d)
			for i, v := range linear(x, w, make([]float64, d), d) {
				y[i] += v
			}
			return y
		},
	}
	checkOp(t, test, false)
	checkOp(t, test, true)
}

// TestInjectedGradients checks that micro-batches, each run a second time with its rows
// of the loss's gradient by the embeddings, add up to the gradient of the batch.
func TestInjectedGradients(t *testing.T) {
	const n, parts, in, e = 6, 3, 9, 5
	rng := rand.New(rand.NewPCG(3, 4))
	w, scale := normal(rng, in*e), []float32{1.2}
	x, y := normal(rng, n*in), rows(normal(rng, n*e), e)

	b := op.NewBuilder(G.NewGraph())
	weight := given(t, b, "w", w, in, e)
	unit := b.Normalize(b.Project(given(t, b, "x", x, n, in), weight))
	logitScale := given(t, b, "scale", scale, 1)
	loss := b.ContrastiveLoss(unit, given(t, b, "y", y, n, e), logitScale, nil)
	must(t, b.Err())
	grads, err := G.Grad(loss, weight, logitScale)
	must(t, err)
	want := evaluate(t, unit, grads[0], grads[1])

	b = op.NewBuilder(G.NewGraph())
	embeddings := given(t, b, "embeddings", want[0], n, e)
	logitScale = given(t, b, "scale", scale, 1)
	loss = b.ContrastiveLoss(embeddings, given(t, b, "y", y, n, e), logitScale, nil)
	must(t, b.Err())
	grads, err = G.Grad(loss, embeddings, logitScale)
	must(t, err)
	cached := evaluate(t, grads...)
	diff(t, "gradient of the logit scale", cached[1], f64(want[2]), 1e-6)

	sum := make([]float32, in*e)
	for i := range parts {
		const m = n / parts
		b := op.NewBuilder(G.NewGraph())
		weight := given(t, b, "w", w, in, e)
		unit := b.Normalize(b.Project(given(t, b, "x", x[i*m*in:][:m*in], m, in), weight))
		must(t, b.Err())
		dy := given(t, b, "dy", cached[0][i*m*e:][:m*e], m, e)
		grads, err := G.Backpropagate(G.Nodes{unit}, G.Nodes{dy}, G.Nodes{weight})
		must(t, err)
		for j, v := range evaluate(t, grads...)[0] {
			sum[j] += v
		}
	}
	diff(t, "sum over micro-batches", sum, f64(want[1]), 1e-6)
}

// TestContrastiveProperties checks what the formula of the loss promises, on
// both sides of the 128 rows of the grid that exist at a time.
func TestContrastiveProperties(t *testing.T) {
	for _, size := range [][2]int{{2, 1}, {5, 8}, {129, 3}} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			n, e := size[0], size[1]
			rng := rand.New(rand.NewPCG(5, 6))
			x, y := rows(normal(rng, n*e), e), rows(normal(rng, n*e), e)
			want := contrastiveLoss(t, x, y, e)

			mirror := contrastiveLoss(t, y, x, e)
			diff(t, "loss of y, x", mirror[0], f64(want[0]), 1e-6)
			diff(t, "dx of y, x", mirror[1], f64(want[2]), 1e-6)
			diff(t, "dy of y, x", mirror[2], f64(want[1]), 1e-6)
			diff(t, "dscale of y, x", mirror[3], f64(want[3]), 1e-5)

			// One more coordinate, 1 and 0.7 in every row, moves all logits alike.
			moved := contrastiveLoss(t, widened(x, e, 1), widened(y, e, 0.7), e+1)
			diff(t, "loss of shifted logits", moved[0], f64(want[0]), 2e-6)

			order := rng.Perm(n)
			permuted := contrastiveLoss(t, permute(x, order, e), permute(y, order, e), e)
			diff(t, "loss of permuted pairs", permuted[0], f64(want[0]), 1e-6)
			diff(t, "dx of permuted pairs", permuted[1], f64(permute(want[1], order, e)), 1e-6)

			same := make([]float32, n*e)
			for i := range same {
				same[i] = x[i%e]
			}
			diff(t, "loss of equal rows", contrastiveLoss(t, same, same, e)[0], []float64{math.Log(float64(n))}, 1e-6)
		})
	}
}

// A row does not change when it is shifted, or scaled by a positive number; a
// row of equal values becomes beta, and NaN stays in its row.
func TestLayerNormRows(t *testing.T) {
	const d = 33
	rng := rand.New(rand.NewPCG(7, 8))
	x := normal(rng, 4*d)
	gamma, beta := normal(rng, d), normal(rng, d)
	eval := func(x []float32) []float32 {
		b := op.NewBuilder(G.NewGraph())
		y := b.LayerNorm(given(t, b, "x", x, 4, d), given(t, b, "gamma", gamma, d), given(t, b, "beta", beta, d), 1e-12)
		must(t, b.Err())
		return evaluate(t, y)[0]
	}
	want := eval(x)
	moved := slices.Clone(x)
	for i, v := range x {
		moved[i] = 4*v + 3
	}
	diff(t, "shifted and scaled", eval(moved), f64(want), 1e-5)

	for i := range d {
		moved[i] = 7
	}
	moved[d] = float32(math.NaN())
	got := eval(moved)
	diff(t, "row of equal values", got[:d], f64(beta), 1e-6)
	diff(t, "rows after one with NaN", got[2*d:], f64(want[2*d:]), 1e-5)
}

// A causal token does not see those after it, to the last bit, in a sequence
// that the kernel computes at once and in one that it computes in blocks.
func TestAttentionCausal(t *testing.T) {
	const heads, v, changed = 2, 8, 11
	const d = heads * v
	for _, tokens := range []int{19, 43} {
		qkv := normal(rand.New(rand.NewPCG(9, 10)), tokens*3*d)
		eval := func() []float32 {
			b := op.NewBuilder(G.NewGraph())
			y := b.Attention(given(t, b, "qkv", slices.Clone(qkv), tokens, 3*d), tokens, heads, true)
			must(t, b.Err())
			return evaluate(t, y)[0]
		}
		want := eval()
		for i := changed * 3 * d; i < len(qkv); i++ {
			qkv[i]++
		}
		got := eval()
		if !slices.Equal(got[:changed*d], want[:changed*d]) {
			t.Errorf("of %d tokens, a change of those from %d on changes an earlier one", tokens, changed)
		}
		if slices.Equal(got[changed*d:], want[changed*d:]) {
			t.Errorf("of %d tokens, a change of those from %d on changes nothing", tokens, changed)
		}
	}
}

// given adds an input that has a value.
func given(t *testing.T, b *op.Builder, name string, x []float32, shape ...int) *G.Node {
	t.Helper()
	n := b.Input(name, tensor.Float32, shape...)
	must(t, b.Err())
	must(t, G.Let(n, tensor.New(tensor.WithShape(shape...), tensor.WithBacking(x))))
	return n
}

// evaluate returns copies of the values of outputs.
func evaluate(t *testing.T, outputs ...*G.Node) (all [][]float32) {
	t.Helper()
	pool := kernel.NewPool(1)
	defer pool.Close()
	m, err := vm.Compile(outputs, vm.Options{Pool: pool})
	must(t, err)
	must(t, m.RunAll())
	for _, n := range outputs {
		all = append(all, slices.Clone(floats(t, n)))
	}
	return all
}

// contrastiveLoss returns the loss and the gradients of x, y, logit scale.
func contrastiveLoss(t *testing.T, x, y []float32, e int) [][]float32 {
	t.Helper()
	b := op.NewBuilder(G.NewGraph())
	in := []*G.Node{
		given(t, b, "x", x, len(x)/e, e), given(t, b, "y", y, len(y)/e, e), given(t, b, "scale", []float32{0.8}, 1),
	}
	loss := b.ContrastiveLoss(in[0], in[1], in[2], nil)
	must(t, b.Err())
	grads, err := G.Grad(loss, in...)
	must(t, err)
	return evaluate(t, append(G.Nodes{loss}, grads...)...)
}

// rows returns x with rows of d divided by their norms.
func rows(x []float32, d int) []float32 {
	y := make([]float32, len(x))
	for i, v := range unit(f64(x), d) {
		y[i] = float32(v)
	}
	return y
}

func widened(x []float32, d int, last float32) (y []float32) {
	for row := range slices.Chunk(x, d) {
		y = append(append(y, row...), last)
	}
	return y
}

func permute(x []float32, order []int, d int) (y []float32) {
	for _, i := range order {
		y = append(y, x[i*d:][:d]...)
	}
	return y
}
