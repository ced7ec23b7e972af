package report

import (
	"context"
	"fmt"
	"math"
)

// TSNE places rows of x (N, E) in the plane so that neighbors stay neighbors:
// t-distributed stochastic neighbor embedding of their Euclidean distances. The
// result is (N, 2), around a mean of 0. Distances between groups mean little.
//
// Perplexity is about the number of neighbors that each row keeps; it is
// lowered to a third of the others where there are few. Start (N, 2), such as the
// two principal components, is where the search begins, so nothing is random.
// It takes memory and time in N²: 2,000 rows half a minute.
//
// Source: van der Maaten and Hinton, JMLR 9 (2008). Start and learning rate
// follow Kobak and Berens, doi:10.1038/s41467-019-13056-x.
func TSNE(ctx context.Context, x []float64, e int, start []float64, perplexity float64) ([]float64, error) {
	n := len(start) / 2
	if n < 4 || len(x) != n*e || !(perplexity > 0) {
		return nil, fmt.Errorf("report: t-SNE: have %d numbers in rows of %d, a start of %d rows, perplexity %g; "+
			"want at least 4 rows and a positive perplexity", len(x), e, n, perplexity)
	}
	p := affinities(x, e, n, min(perplexity, float64(n-1)/3))
	const (
		steps, early = 750, 250 // steps of early exaggeration
		exaggeration = 12.0
	)
	rate := max(50, float64(n)/exaggeration)
	y := scaled(start, 1e-4)
	grad, velocity, gains := make([]float64, 2*n), make([]float64, 2*n), make([]float64, 2*n)
	for i := range gains {
		gains[i] = 1
	}
	for step := range steps {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		factor, momentum := 1.0, 0.8
		if step < early {
			factor, momentum = exaggeration, 0.5
		}
		tsneGradient(grad, y, p, factor)
		for i, g := range grad {
			if g*velocity[i] < 0 { // it goes on downhill
				gains[i] += 0.2
			} else {
				gains[i] = max(0.01, 0.8*gains[i])
			}
			velocity[i] = momentum*velocity[i] - rate*gains[i]*g
			y[i] += velocity[i]
		}
	}
	return scaled(y, 0), nil
}

// scaled is y (N, 2) around a mean of 0, with the given deviation of its first
// column; 0 leaves it as it is.
func scaled(y []float64, deviation float64) []float64 {
	n := float64(len(y) / 2)
	var mean [2]float64
	for i, v := range y {
		mean[i%2] += v / n
	}
	z, variance := make([]float64, len(y)), 0.0
	for i, v := range y {
		z[i] = v - mean[i%2]
		if i%2 == 0 {
			variance += z[i] * z[i] / n
		}
	}
	if deviation == 0 || variance == 0 {
		return z
	}
	for i := range z {
		z[i] *= deviation / math.Sqrt(variance)
	}
	return z
}

// affinities are the symmetric probabilities (N, N) that rows are neighbors.
// Before they are made symmetric, each row has the given perplexity.
func affinities(x []float64, e, n int, perplexity float64) []float64 {
	p, distances := make([]float64, n*n), make([]float64, n)
	for i := range n {
		for j := range n {
			distances[j] = 0
			for d, v := range x[i*e : (i+1)*e] {
				distances[j] += (v - x[j*e+d]) * (v - x[j*e+d])
			}
		}
		neighbors(p[i*n:(i+1)*n], distances, i, math.Log(perplexity))
	}
	for i := range n {
		for j := range i {
			v := (p[i*n+j] + p[j*n+i]) / float64(2*n)
			p[i*n+j], p[j*n+i] = v, v
		}
	}
	return p
}

// neighbors fills in row i of the probabilities: a Gaussian of the distances with
// the given entropy, in nats, by bisection of its precision.
func neighbors(p, distances []float64, i int, entropy float64) {
	nearest := math.Inf(1)
	for j, d := range distances {
		if j != i {
			nearest = min(nearest, d)
		}
	}
	low, high, precision := 0.0, math.Inf(1), 1.0
	for range 60 {
		var sum, mean float64
		for j, d := range distances {
			p[j] = 0
			if j != i {
				p[j] = math.Exp(-precision * (d - nearest))
				sum += p[j]
				mean += p[j] * precision * (d - nearest)
			}
		}
		for j := range p {
			p[j] /= sum
		}
		switch have := math.Log(sum) + mean/sum; {
		case math.Abs(have-entropy) < 1e-5:
			return
		case have > entropy:
			low = precision
		default:
			high = precision
		}
		if precision = (low + high) / 2; math.IsInf(high, 1) {
			precision = 2 * low
		}
	}
}

// tsneGradient is the gradient, by y, of the divergence of y's affinities from
// factor times p.
func tsneGradient(grad, y, p []float64, factor float64) {
	n := len(y) / 2
	var sum float64
	for i := range n {
		for j := range i {
			sum += 2 * closeness(y, i, j)
		}
	}
	clear(grad)
	for i := range n {
		for j := range i {
			q := closeness(y, i, j)
			force := 4 * (factor*p[i*n+j] - q/sum) * q
			for d := range 2 {
				pull := force * (y[2*i+d] - y[2*j+d])
				grad[2*i+d] += pull
				grad[2*j+d] -= pull
			}
		}
	}
}

// closeness is the affinity of rows i and j by a t distribution, before it is
// divided by the sum of all.
func closeness(y []float64, i, j int) float64 {
	dx, dy := y[2*i]-y[2*j], y[2*i+1]-y[2*j+1]
	return 1 / (1 + dx*dx + dy*dy)
}
