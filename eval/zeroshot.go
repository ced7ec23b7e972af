package eval

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// A Classifier scores embeddings against one unit vector per class.
type Classifier struct {
	Classes []string

	// Weights (C, E) has one unit row per class.
	Weights []float32
}

// NewClassifier makes a classifier of the prompts' unit embeddings (C * P, E),
// in which the P prompts of a class follow each other: the weight of a class
// is the mean of its prompts, normalized again. A class whose mean has no
// direction is an error. An ensemble of prompts is better than one: Radford et
// al., arXiv:2103.00020, section 3.1.4.
func NewClassifier(classes []string, prompts []float32, perClass int) (*Classifier, error) {
	rows := len(classes) * perClass
	if rows == 0 || len(prompts) == 0 || len(prompts)%rows != 0 {
		return nil, fmt.Errorf("eval: have %d numbers for %d classes with %d prompts each; want one row per prompt",
			len(prompts), len(classes), perClass)
	}
	e := len(prompts) / rows
	weights := make([]float32, len(classes)*e)
	mean := make([]float64, e)
	for c, name := range classes {
		clear(mean)
		for i, v := range prompts[c*perClass*e : (c+1)*perClass*e] {
			mean[i%e] += float64(v)
		}
		var norm float64
		for _, v := range mean {
			norm += v * v
		}
		if norm = math.Sqrt(norm); !(norm > 0) || math.IsInf(norm, 0) {
			return nil, fmt.Errorf("eval: class %q: its prompts have mean %g; want a direction", name, norm)
		}
		for i, v := range mean {
			weights[c*e+i] = float32(v / norm)
		}
	}
	return &Classifier{Classes: classes, Weights: weights}, nil
}

// Cosines writes to dst (C) the cosine of the unit vector x (E) with each class.
func (c *Classifier) Cosines(dst []float64, x []float32) {
	for i := range dst {
		var sum float64
		for j, w := range c.Weights[i*len(x) : (i+1)*len(x)] {
			sum += float64(w) * float64(x[j])
		}
		dst[i] = sum
	}
}

// ZeroShot is the accuracy of a classifier on labeled images. Accuracies are
// fractions.
type ZeroShot struct {
	Top1 float64 `json:"top1"`
	Top5 float64 `json:"top5"`

	// Low and High are the 95 % confidence interval of Top1.
	Low  float64 `json:"top1_low"`
	High float64 `json:"top1_high"`

	// N counts images, Classes the classes to choose from. MeanPerClass is the
	// mean of Top1 over the classes that have images.
	N            int     `json:"n"`
	Classes      int     `json:"classes"`
	MeanPerClass float64 `json:"mean_per_class"`

	PerClass []ClassScore `json:"per_class"`
}

// Chance is the accuracy of guessing.
func (z ZeroShot) Chance() float64 { return 1 / float64(z.Classes) }

// A ClassScore is the accuracy on the images of one class.
type ClassScore struct {
	Class string  `json:"class"`
	N     int     `json:"n"`
	Top1  float64 `json:"top1"`
	Top5  float64 `json:"top5"`
}

// Score classifies unit image embeddings (N, E). A label is the index of a
// class; another label is an error, since a wrong class list makes every
// number meaningless. Of classes with equal cosines the one first in the list
// counts as nearer. Classes without images are left out of PerClass.
func (c *Classifier) Score(images []float32, labels []int) (ZeroShot, error) {
	return tally(c.Classes, len(labels), func(visit func(int, []float64)) error {
		return c.each(images, labels, func(_, label int, cosines []float64) { visit(label, cosines) })
	})
}

// tally counts how often the label of one of n images has the highest scores.
func tally(classes []string, n int, each func(visit func(label int, scores []float64)) error) (ZeroShot, error) {
	z := ZeroShot{N: n, Classes: len(classes)}
	type count struct{ n, top1, top5 int }
	counts := make([]count, z.Classes)
	var all count
	err := each(func(label int, scores []float64) {
		rank := rankOf(scores, label)
		k := &counts[label]
		k.n++
		if rank < 1 {
			k.top1++
			all.top1++
		}
		if rank < 5 {
			k.top5++
			all.top5++
		}
	})
	if err != nil {
		return z, err
	}
	z.Top1 = float64(all.top1) / float64(z.N)
	z.Top5 = float64(all.top5) / float64(z.N)
	z.Low, z.High = Wilson(all.top1, z.N)
	for i, k := range counts {
		if k.n == 0 {
			continue
		}
		score := ClassScore{classes[i], k.n, float64(k.top1) / float64(k.n), float64(k.top5) / float64(k.n)}
		z.PerClass = append(z.PerClass, score)
		z.MeanPerClass += score.Top1
	}
	z.MeanPerClass /= float64(len(z.PerClass))
	return z, nil
}

// each visits the cosines of each image with all classes, which the next visit
// overwrites.
func (c *Classifier) each(images []float32, labels []int, visit func(i, label int, cosines []float64)) error {
	n, classes := len(labels), len(c.Classes)
	if n == 0 || len(images) == 0 || len(images)/n*n != len(images) || len(images)/n*classes != len(c.Weights) {
		return fmt.Errorf("eval: have %d numbers for %d labels and %d classes; want one row per label", len(images), n,
			classes)
	}
	e := len(images) / n
	cosines := make([]float64, classes)
	for i, label := range labels {
		if label < 0 || label >= classes {
			return fmt.Errorf("eval: image %d has label %d; want 0 to %d, the lines of the class list", i, label,
				classes-1)
		}
		c.Cosines(cosines, images[i*e:(i+1)*e])
		visit(i, label, cosines)
	}
	return nil
}

// rankOf counts the classes nearer than label. NaN is never nearer, and a
// label whose own cosine is NaN comes last.
func rankOf(cosines []float64, label int) (rank int) {
	own := cosines[label]
	if math.IsNaN(own) {
		return len(cosines)
	}
	for i, v := range cosines {
		if v > own || v == own && i < label {
			rank++
		}
	}
	return rank
}

// Wilson is the 95 % confidence interval of a proportion, as fractions.
//
// Source: Wilson, "Probable inference, the law of succession, and statistical
// inference", JASA 22 (1927). Unlike the normal interval it stays in [0, 1].
func Wilson(hits, n int) (low, high float64) {
	if n == 0 {
		return 0, 1
	}
	const z = 1.959963984540054 // 97.5 % quantile of the normal distribution
	p, m := float64(hits)/float64(n), float64(n)
	center := (p + z*z/(2*m)) / (1 + z*z/m)
	half := z / (1 + z*z/m) * math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	return max(0, center-half), min(1, center+half)
}

// A Label is a class with its probability.
type Label struct {
	Class       string  `json:"label"`
	Probability float64 `json:"probability"`
}

// Probabilities returns the probability of each class (C) for the unit embedding x
// (E), from its cosines with the classes.
func (c *Classifier) Probabilities(x []float32, logits Logits) []float64 {
	p := make([]float64, len(c.Classes))
	c.Cosines(p, x)
	logits.probabilities(p)
	return p
}

// Predict is each class with its probability for the unit embedding x (E), the
// most probable first.
func (c *Classifier) Predict(x []float32, logits Logits) []Label {
	labels := make([]Label, len(c.Classes))
	for i, p := range c.Probabilities(x, logits) {
		labels[i] = Label{c.Classes[i], p}
	}
	slices.SortStableFunc(labels, func(a, b Label) int { return cmp.Compare(b.Probability, a.Probability) })
	return labels
}
