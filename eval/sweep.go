package eval

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/goclip/goclip/model"
)

// HoldOut draws a fifth of the rows, by the seed: part. Rest are the others.
func (l Labeled) HoldOut(seed uint64) (rest, part Labeled) {
	n := len(l.Labels)
	for i, from := range rand.New(rand.NewPCG(seed, 0)).Perm(n) {
		to := &rest
		if i < n/5 {
			to = &part
		}
		e := len(l.X) / n
		to.X, to.Labels = append(to.X, l.X[from*e:][:e]...), append(to.Labels, l.Labels[from])
	}
	return rest, part
}

// SweepLinearProbe looks for the c with the best accuracy on validation, from
// 1e-6 to 1e6: first in steps of 100, then halving the step around the best
// until it is an eighth of a decade, as the CLIP paper does (appendix A.3). Of
// equally good ones it takes the smallest, the strongest penalty. The probe
// returned is then fitted on train and validation together.
//
// All are fitted to scikit-learn's tolerance, a gradient of 1e-4, or a hundredth
// of the gradient by weights of 0 where that is less: with a thousand classes
// that gradient is below 1e-4 already.
func SweepLinearProbe(ctx context.Context, pool *model.Pool, train, validation Labeled, classes int) (*LinearProbe,
	error) {
	pool = pool.OrDefault()
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
	s := sweep{pool, train, validation, classes, tolerance, map[int]float64{}, map[int]*LinearProbe{}}
	for eighths := -sweepEnd; eighths <= sweepEnd; eighths += 16 {
		if err := s.try(ctx, eighths); err != nil {
			return nil, err
		}
	}
	for step := 8; step >= 1; step /= 2 {
		around := s.best()
		for _, eighths := range []int{around - step, around + step} {
			if err := s.try(ctx, eighths); err != nil {
				return nil, err
			}
		}
	}
	s.train = Labeled{slices.Concat(train.X, validation.X), slices.Concat(train.Labels, validation.Labels)}
	return s.fit(ctx, s.best(), s.probes[s.best()])
}

// A sweep holds what has been tried; c is 10 to the power of eighths / 8.
type sweep struct {
	pool              *model.Pool
	train, validation Labeled
	classes           int
	tolerance         float64

	accuracies map[int]float64 // on validation, by eighths
	probes     map[int]*LinearProbe
}

// sweepEnd is the largest number of eighths, and its negative the smallest.
const sweepEnd = 48

func (s *sweep) fit(ctx context.Context, eighths int, start *LinearProbe) (*LinearProbe, error) {
	return fitLinearProbe(ctx, s.pool, s.train, s.classes, math.Pow(10, float64(eighths)/8), start, s.tolerance)
}

// try fits and scores a probe, once, and none past the ends.
func (s *sweep) try(ctx context.Context, eighths int) error {
	if _, done := s.accuracies[eighths]; done || eighths < -sweepEnd || eighths > sweepEnd {
		return nil
	}
	var start *LinearProbe // of the next smaller c: larger weights would drown what a small c finds
	for i := eighths - 1; start == nil && i >= -sweepEnd; i-- {
		start = s.probes[i]
	}
	p, err := s.fit(ctx, eighths, start)
	if err != nil {
		return err
	}
	s.accuracies[eighths], s.probes[eighths] = Accuracy(p.Predict(s.pool, s.validation.X), s.validation.Labels), p
	return nil
}

// best is the best that has been tried, the smallest of equally good ones.
func (s *sweep) best() int {
	b := sweepEnd
	for eighths, a := range s.accuracies {
		if a > s.accuracies[b] || a == s.accuracies[b] && eighths < b {
			b = eighths
		}
	}
	return b
}
