package eval

import (
	"math"
	"slices"
)

// A Calibration compares how sure a classifier is with how often it is right.
type Calibration struct {
	// ECE is the expected calibration error: the mean, over images, of the
	// distance between Confidence and Accuracy of their bin.
	ECE  float64 `json:"ece"`
	Bins []Bin   `json:"bins"`
}

// A Bin holds the images whose most probable class has a probability above Low,
// up to Low of the next bin.
type Bin struct {
	Low        float64 `json:"low"`
	N          int     `json:"n"`
	Confidence float64 `json:"confidence"` // their mean probability; 0 without images
	Accuracy   float64 `json:"accuracy"`
}

// calibrationBins is the number of bins in the source of Calibrate.
const calibrationBins = 15

// Calibrate compares the probabilities that c gives unit image embeddings (N, E)
// with the truth. Scale is the factor on cosines, as in Predict.
//
// Source: Guo et al., "On Calibration of Modern Neural Networks",
// arXiv:1706.04599, eq. 5.
func (c *Classifier) Calibrate(images []float32, labels []int, scale float64) (Calibration, error) {
	k := Calibration{Bins: make([]Bin, calibrationBins)}
	for i := range k.Bins {
		k.Bins[i].Low = float64(i) / calibrationBins
	}
	err := c.each(images, labels, func(_, label int, cosines []float64) {
		largest, sum := slices.Max(cosines), 0.0
		for _, v := range cosines {
			sum += math.Exp(scale * (v - largest))
		}
		b := &k.Bins[min(calibrationBins-1, max(0, int(math.Ceil(calibrationBins/sum))-1))]
		b.N++
		b.Confidence += 1 / sum
		if rankOf(cosines, label) == 0 {
			b.Accuracy++
		}
	})
	for i := range k.Bins {
		if b := &k.Bins[i]; b.N > 0 {
			b.Confidence /= float64(b.N)
			b.Accuracy /= float64(b.N)
			k.ECE += math.Abs(b.Confidence-b.Accuracy) * float64(b.N) / float64(len(labels))
		}
	}
	return k, err
}

// Confusion counts, for each class of the images (rows), the classes that they
// were given (columns).
func (c *Classifier) Confusion(images []float32, labels []int) ([][]int, error) {
	counts := make([][]int, len(c.Classes))
	for i := range counts {
		counts[i] = make([]int, len(c.Classes))
	}
	err := c.each(images, labels, func(_, label int, cosines []float64) {
		counts[label][nearest(cosines)]++
	})
	return counts, err
}

// nearest is the class of rank 0. NaN is nearer than nothing.
func nearest(cosines []float64) int {
	best := 0
	for i, v := range cosines {
		if v > cosines[best] || math.IsNaN(cosines[best]) {
			best = i
		}
	}
	return best
}

// A TemplateScore is the accuracy of one template alone.
type TemplateScore struct {
	Template string  `json:"template"`
	Top1     float64 `json:"top1"`
}

// ScoreTemplates gives the accuracy of each template alone, by the unit
// embeddings (C * P, E) of the prompts that Prompts makes. A classifier of all
// templates together is what NewClassifier makes.
func ScoreTemplates(classes, templates []string, prompts, images []float32, labels []int) ([]TemplateScore, error) {
	if _, err := NewClassifier(classes, prompts, len(templates)); err != nil {
		return nil, err
	}
	e := len(prompts) / len(classes) / len(templates)
	scores := make([]TemplateScore, len(templates))
	for p, template := range templates {
		var alone []float32
		for i := range classes {
			alone = append(alone, prompts[(i*len(templates)+p)*e:][:e]...)
		}
		c, err := NewClassifier(classes, alone, 1)
		if err != nil {
			return nil, err
		}
		z, err := c.Score(images, labels)
		if err != nil {
			return nil, err
		}
		scores[p] = TemplateScore{template, z.Top1}
	}
	return scores, nil
}
