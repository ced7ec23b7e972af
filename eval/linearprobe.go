package eval

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"gonum.org/v1/gonum/optimize"

	"github.com/goclip/goclip/eval/embeddings"
	"github.com/goclip/goclip/internal/kernel"
	"github.com/goclip/goclip/model"
)

// A LinearProbe is a linear classifier of embeddings: multinomial logistic regression.
type LinearProbe struct {
	// Weights (C, E) and Bias (C) give the logits x Wᵀ + b.
	Weights []float32
	Bias    []float32

	// C is the inverse strength of the L2 penalty of the fit.
	C float64
}

// A Labeled is a set of embeddings (N, E) with a label each.
type Labeled struct {
	X      []float32
	Labels []int
}

func (l Labeled) check(classes int) (e int, err error) {
	n := len(l.Labels)
	if n == 0 || len(l.X)%n != 0 {
		return 0, fmt.Errorf("eval: have %d numbers for %d labels; want one row per label", len(l.X), n)
	}
	for i, label := range l.Labels {
		if label < 0 || label >= classes {
			return 0, fmt.Errorf("eval: row %d has label %d; want 0 to %d", i, label, classes-1)
		}
	}
	return len(l.X) / n, embeddings.Check("embeddings", l.X, len(l.X)/n)
}

// FitLinearProbe minimizes, by L-BFGS,
//
//	c * sum of the cross-entropies + |W|² / 2
//
// which is what scikit-learn's LogisticRegression minimizes, with all classes
// in one softmax and no penalty on the bias. The search begins at start, or at
// 0 if that is nil. Products and exponentials are float32, sums over rows
// float64; the weights are within about 1e-3 of those at the minimum. A c that
// is not positive, fewer than 2 classes, a label outside of them, and numbers
// that are not finite are errors.
func FitLinearProbe(ctx context.Context, pool *model.Pool, train Labeled, classes int, c float64,
	start *LinearProbe) (*LinearProbe, error) {
	return fitLinearProbe(ctx, pool.OrDefault(), train, classes, c, start, 1e-6)
}

// fitLinearProbe ends where no derivative of the mean loss is larger than tolerance.
func fitLinearProbe(ctx context.Context, pool *model.Pool, train Labeled, classes int, c float64, start *LinearProbe,
	tolerance float64) (*LinearProbe, error) {
	e, err := train.check(classes)
	if err != nil {
		return nil, err
	}
	if !(c > 0) || classes < 2 {
		return nil, fmt.Errorf("eval: linear probe: c %g, %d classes; want c > 0 and at least 2", c, classes)
	}
	f, at := newProbeLoss(pool, train, e, classes, c), make([]float64, classes*(e+1))
	if start != nil {
		for i, v := range slices.Concat(start.Weights, start.Bias) {
			at[i] = float64(v)
		}
	}
	result, err := optimize.Minimize(
		optimize.Problem{Func: f.value, Grad: f.gradient}, at,
		&optimize.Settings{GradientThreshold: tolerance, MajorIterations: 1000, Recorder: untilDone{ctx},
			Converger: &optimize.FunctionConverge{Relative: 1e-8, Iterations: 10}},
		&optimize.LBFGS{Store: 10})
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	// Near the minimum, rounding ends the line search before the gradient is
	// small enough: that is the end as well.
	ended := err == nil || errors.Is(err, optimize.ErrLinesearcherFailure) || errors.Is(err, optimize.ErrNoProgress)
	if result == nil || result.X == nil || !ended {
		return nil, fmt.Errorf("eval: linear probe: c %g: %w", c, err)
	}
	x := make([]float32, len(result.X))
	for i, v := range result.X {
		x[i] = float32(v)
	}
	return &LinearProbe{Weights: x[: classes*e : classes*e], Bias: x[classes*e:], C: c}, nil
}

// untilDone ends a minimization with its context.
type untilDone struct{ ctx context.Context }

func (u untilDone) Init() error { return u.ctx.Err() }

func (u untilDone) Record(*optimize.Location, optimize.Operation, *optimize.Stats) error {
	return u.ctx.Err()
}

// A probeLoss is the objective of FitLinearProbe, divided by c N.
type probeLoss struct {
	pool       *model.Pool
	data       Labeled
	e, classes int
	penalty    float64 // 1 / (c N)

	at      []float64 // where loss and gradients were computed
	loss    float64
	weights []float32 // (C, E), at
	bias    []float32
	logits  []float32 // (N, C), then their gradient
	dw      []float32
	db      []float64
}

func newProbeLoss(pool *model.Pool, data Labeled, e, classes int, c float64) *probeLoss {
	n := len(data.Labels)
	return &probeLoss{pool: pool, data: data, e: e, classes: classes, penalty: 1 / (c * float64(n)),
		weights: make([]float32, classes*e), bias: make([]float32, classes), logits: make([]float32, n*classes),
		dw: make([]float32, classes*e), db: make([]float64, classes)}
}

func (f *probeLoss) value(at []float64) float64 {
	f.compute(at)
	return f.loss
}

func (f *probeLoss) gradient(grad, at []float64) {
	f.compute(at)
	for i, v := range f.dw {
		grad[i] = float64(v) + f.penalty*at[i]
	}
	copy(grad[len(f.dw):], f.db)
}

// compute finds loss and gradient of a point, once.
func (f *probeLoss) compute(at []float64) {
	if slices.Equal(f.at, at) {
		return
	}
	f.at = append(f.at[:0], at...)
	f.loss = 0
	for i := range f.weights {
		f.weights[i] = float32(at[i])
		f.loss += f.penalty / 2 * at[i] * at[i]
	}
	for i := range f.bias {
		f.bias[i] = float32(at[len(f.weights)+i])
	}
	n := len(f.data.Labels)
	product(f.pool, f.logits, f.data.X, f.weights, n, f.classes, f.e, kernel.Gemm{TransB: true, Bias: f.bias})
	losses := make([]float64, n)
	parallel(f.pool.Threads(), n, func(_, lo, hi int) {
		for i := lo; i < hi; i++ {
			losses[i] = crossEntropy(f.logits[i*f.classes:][:f.classes], f.data.Labels[i], 1/float32(n))
		}
	})
	clear(f.db)
	for i, l := range losses {
		f.loss += l / float64(n)
		for j, v := range f.logits[i*f.classes:][:f.classes] {
			f.db[j] += float64(v)
		}
	}
	product(f.pool, f.dw, f.logits, f.data.X, f.classes, f.e, n, kernel.Gemm{TransA: true})
}

// crossEntropy returns -ln softmax(logits)[label] and replaces logits by its
// gradient times scale.
func crossEntropy(logits []float32, label int, scale float32) float64 {
	own := float64(logits[label])
	lse := kernel.Softmax(logits, scale)
	logits[label] -= scale
	return lse - own
}

// Predict returns the most probable class of each embedding (N, E); of equally
// probable ones, the first.
func (p *LinearProbe) Predict(pool *model.Pool, x []float32) []int {
	logits := p.logits(pool, x)
	predicted := make([]int, len(logits)/len(p.Bias))
	for i := range predicted {
		row := logits[i*len(p.Bias):][:len(p.Bias)]
		predicted[i] = slices.Index(row, slices.Max(row))
	}
	return predicted
}

// Score measures the probe on labeled embeddings. Classes are named by their
// numbers.
func (p *LinearProbe) Score(pool *model.Pool, test Labeled) (z ZeroShot, err error) {
	classes := len(p.Bias)
	if _, err := test.check(classes); err != nil {
		return z, err
	}
	names := make([]string, classes)
	for i := range names {
		names[i] = strconv.Itoa(i)
	}
	logits, row := p.logits(pool, test.X), make([]float64, classes)
	return tally(names, len(test.Labels), func(visit func(label int, scores []float64)) error {
		for i, label := range test.Labels {
			for j, v := range logits[i*classes:][:classes] {
				row[j] = float64(v)
			}
			visit(label, row)
		}
		return nil
	})
}

func (p *LinearProbe) logits(pool *model.Pool, x []float32) []float32 {
	classes := len(p.Bias)
	e := len(p.Weights) / classes
	logits := make([]float32, len(x)/e*classes)
	product(pool.OrDefault(), logits, x, p.Weights, len(x)/e, classes, e, kernel.Gemm{TransB: true, Bias: p.Bias})
	return logits
}
