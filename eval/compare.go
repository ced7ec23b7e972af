package eval

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

// A Comparison says whether one model is better than another on the same images.
type Comparison struct {
	N int `json:"n"`

	// A and B are the mean scores of the models, and Difference is B - A. Low
	// and High are the 95 % confidence interval of Difference.
	A          float64 `json:"a"`
	B          float64 `json:"b"`
	Difference float64 `json:"difference"`
	Low        float64 `json:"low"`
	High       float64 `json:"high"`

	// P is the two-sided p-value: the probability of a difference at least as
	// large, in either direction, if both models were equally good. Real says
	// that 0 lies outside of the interval.
	P    float64 `json:"p"`
	Real bool    `json:"real"`
}

// resamples is the number of draws of a bootstrap, which gives P to about 0.003.
const resamples = 10_000

// Compare compares the scores of two models on the same images, such as 1 for
// right and 0 for wrong, by the paired bootstrap: an image is drawn with both of
// its scores, so that images that are hard for both models do not hide the
// difference between them. The seed makes the draws repeatable. No images, or
// different numbers of them, are an error.
//
// Source: Efron and Tibshirani, "An Introduction to the Bootstrap" (1993),
// chapters 8 and 13 (percentile intervals).
func Compare(a, b []float64, seed uint64) (Comparison, error) {
	n := len(a)
	c := Comparison{N: n}
	if n == 0 || len(b) != n {
		return c, fmt.Errorf("eval: compare %d scores with %d; want as many, of the same images", n, len(b))
	}
	differences := make([]float64, n)
	for i := range a {
		c.A += a[i] / float64(n)
		c.B += b[i] / float64(n)
		differences[i] = b[i] - a[i]
		c.Difference += differences[i] / float64(n)
	}
	rng := rand.New(rand.NewPCG(seed, 0))
	means := make([]float64, resamples)
	below, above := 1, 1 // the sample itself counts, so that P is never 0
	for r := range means {
		var sum float64
		for range n {
			sum += differences[rng.IntN(n)]
		}
		means[r] = sum / float64(n)
		if means[r] <= 0 {
			below++
		}
		if means[r] >= 0 {
			above++
		}
	}
	slices.Sort(means)
	c.Low, c.High = means[resamples*25/1000], means[resamples*975/1000-1]
	c.P = min(1, 2*float64(min(below, above))/(resamples+1))
	c.Real = c.Low > 0 || c.High < 0
	return c, nil
}

// String is the comparison as a sentence.
func (c Comparison) String() string {
	verdict := "may be chance"
	if c.Real {
		verdict = "is real"
	}
	return fmt.Sprintf("B - A = %+.2f points (95 %% between %+.2f and %+.2f, p = %.2g): the difference %s",
		100*c.Difference, 100*c.Low, 100*c.High, c.P, verdict)
}

// Right is 1 for each image that is given its label, and 0 for each other.
func (c *Classifier) Right(images []float32, labels []int) ([]float64, error) {
	right := make([]float64, len(labels))
	err := c.each(images, labels, func(i, label int, cosines []float64) {
		if rankOf(cosines, label) == 0 {
			right[i] = 1
		}
	})
	return right, err
}
