package eval

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/gonum/optimize"

	"github.com/goclip/goclip/internal/kernel"
)

// A Probe is a linear classifier of embeddings: multinomial logistic regression.
type Probe struct {
	// Weights (C, E) and Bias (C) give the logits x Wᵀ + b.
	Weights []float32
	Bias    []float32

	// C is the inverse strength of the L2 penalty that it was fitted with.
	C float64
}

// A Labelled is a set of embeddings (N, E) with a label each.
type Labelled struct {
	X      []float32
	Labels []int
}

func (l Labelled) check(classes int) (e int, err error) {
	n := len(l.Labels)
	if n == 0 || len(l.X)%n != 0 {
		return 0, fmt.Errorf("eval: have %d numbers for %d labels; want one row per label", len(l.X), n)
	}
	for i, label := range l.Labels {
		if label < 0 || label >= classes {
			return 0, fmt.Errorf("eval: row %d has label %d; want 0 to %d", i, label, classes-1)
		}
	}
	return len(l.X) / n, checkRows("embeddings", l.X, len(l.X)/n)
}

// FitProbe minimizes, by L-BFGS,
//
//	c * sum of the cross-entropies + |W|² / 2
//
// which is what scikit-learn's LogisticRegression minimizes, with all classes
// in one softmax and a bias that no penalty touches. Start, if not nil, is where
// the search begins. Products and exponentials are float32, sums over rows
// float64; the result is within about 1e-3 of the minimum's weights.
func FitProbe(ctx context.Context, pool *kernel.Pool, train Labelled, classes int, c float64, start *Probe) (*Probe, error) {
	return fitProbe(ctx, pool, train, classes, c, start, 1e-6)
}

// fitProbe ends where no derivative of the mean loss is larger than tolerance.
func fitProbe(ctx context.Context, pool *kernel.Pool, train Labelled, classes int, c float64, start *Probe, tolerance float64) (*Probe, error) {
	e, err := train.check(classes)
	if err != nil {
		return nil, err
	}
	if !(c > 0) || classes < 2 {
		return nil, fmt.Errorf("eval: probe: c %g, %d classes; want c > 0 and at least 2", c, classes)
	}
	f := newProbeLoss(pool, train, e, classes, c)
	at := make([]float64, classes*(e+1))
	if start != nil {
		for i, v := range start.Weights {
			at[i] = float64(v)
		}
		for i, v := range start.Bias {
			at[classes*e+i] = float64(v)
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
	if result == nil || result.X == nil || err != nil && !errors.Is(err, optimize.ErrLinesearcherFailure) && !errors.Is(err, optimize.ErrNoProgress) {
		return nil, fmt.Errorf("eval: probe: c %g: %w", c, err)
	}
	p := &Probe{Weights: make([]float32, classes*e), Bias: make([]float32, classes), C: c}
	for i, v := range result.X[:classes*e] {
		p.Weights[i] = float32(v)
	}
	for i, v := range result.X[classes*e:] {
		p.Bias[i] = float32(v)
	}
	return p, nil
}

// untilDone ends a minimization with its context.
type untilDone struct{ ctx context.Context }

func (u untilDone) Init() error { return u.ctx.Err() }

func (u untilDone) Record(*optimize.Location, optimize.Operation, *optimize.Stats) error {
	return u.ctx.Err()
}

// A probeLoss is the objective of FitProbe, divided by c N.
type probeLoss struct {
	pool       *kernel.Pool
	data       Labelled
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

func newProbeLoss(pool *kernel.Pool, data Labelled, e, classes int, c float64) *probeLoss {
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
	f.pool.Gemm(f.logits, f.data.X, f.weights, n, f.classes, f.e, kernel.Gemm{TransB: true, Bias: f.bias})
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
	f.pool.Gemm(f.dw, f.logits, f.data.X, f.classes, f.e, n, kernel.Gemm{TransA: true})
}

// crossEntropy returns -ln softmax(logits)[label] and replaces logits by its
// gradient times scale.
func crossEntropy(logits []float32, label int, scale float32) float64 {
	own := float64(logits[label])
	lse := kernel.Softmax(logits, scale)
	logits[label] -= scale
	return lse - own
}

// Predict returns the most probable class of each embedding (N, E).
func (p *Probe) Predict(pool *kernel.Pool, x []float32) []int {
	logits := p.logits(pool, x)
	predicted := make([]int, len(logits)/len(p.Bias))
	for i := range predicted {
		row := logits[i*len(p.Bias):][:len(p.Bias)]
		predicted[i] = slices.Index(row, slices.Max(row))
	}
	return predicted
}

// Score measures the probe on embeddings with labels.
func (p *Probe) Score(pool *kernel.Pool, test Labelled) (z ZeroShot, err error) {
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

func (p *Probe) logits(pool *kernel.Pool, x []float32) []float32 {
	classes := len(p.Bias)
	e := len(p.Weights) / classes
	logits := make([]float32, len(x)/e*classes)
	pool.Gemm(logits, x, p.Weights, len(x)/e, classes, e, kernel.Gemm{TransB: true, Bias: p.Bias})
	return logits
}

// SweepProbe looks for the c with the best accuracy on validation, from 1e-6 to
// 1e6: first in steps of 100, then halving the step around the best until it is
// an eighth of a decade, as the CLIP paper does (appendix A.3). Of equally good
// ones it takes the smallest, the strongest penalty. The probe returned is then
// fitted on train and validation together. All are fitted to scikit-learn's
// tolerance, a gradient of 1e-4, or a hundredth of the gradient by weights of 0
// where that is less: with a thousand classes it begins below scikit-learn's.
func SweepProbe(ctx context.Context, pool *kernel.Pool, train, validation Labelled, classes int) (*Probe, error) {
	if _, err := validation.check(classes); err != nil {
		return nil, err
	}
	e, err := train.check(classes)
	if err != nil {
		return nil, err
	}
	loss := newProbeLoss(pool, train, e, classes, 1)
	loss.compute(make([]float64, classes*(e+1)))
	tolerance := min(1e-4, float64(max(slices.Max(loss.dw), -slices.Min(loss.dw)))/100)
	accuracies, probes := map[int]float64{}, map[int]*Probe{} // by eighths of a decade
	try := func(eighths int) error {
		if _, done := accuracies[eighths]; done || eighths < -48 || eighths > 48 {
			return nil
		}
		var start *Probe // of the next smaller c: larger weights would drown what a small c finds
		for i := eighths - 1; start == nil && i >= -48; i-- {
			start = probes[i]
		}
		p, err := fitProbe(ctx, pool, train, classes, math.Pow(10, float64(eighths)/8), start, tolerance)
		if err != nil {
			return err
		}
		accuracies[eighths], probes[eighths] = Accuracy(p.Predict(pool, validation.X), validation.Labels), p
		return nil
	}
	best := func() int {
		b := 48
		for eighths, a := range accuracies {
			if a > accuracies[b] || a == accuracies[b] && eighths < b {
				b = eighths
			}
		}
		return b
	}
	for eighths := -48; eighths <= 48; eighths += 16 {
		if err := try(eighths); err != nil {
			return nil, err
		}
	}
	for step := 8; step >= 1; step /= 2 {
		around := best()
		for _, eighths := range []int{around - step, around + step} {
			if err := try(eighths); err != nil {
				return nil, err
			}
		}
	}
	both := Labelled{slices.Concat(train.X, validation.X), slices.Concat(train.Labels, validation.Labels)}
	return fitProbe(ctx, pool, both, classes, math.Pow(10, float64(best())/8), probes[best()], tolerance)
}
