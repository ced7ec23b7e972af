package train

import (
	"fmt"
	"math"
)

// An Evaluation is a line of metrics.jsonl about a set that training does not see: of
// its labels, of its captions, or of both. What it has nothing of is nil.
type Evaluation struct {
	Step int    `json:"step"`
	Set  string `json:"set"`

	*Accuracy
	*PairScores
}

// An Accuracy is zero-shot accuracy on labeled images, as fractions, with the 95 %
// confidence interval of Top1.
type Accuracy struct {
	Top1    float64 `json:"top1"`
	Top5    float64 `json:"top5"`
	Low     float64 `json:"top1_low"`
	High    float64 `json:"top1_high"`
	N       int     `json:"n"`
	Classes int     `json:"classes"`
}

// PairScores are of pairs of images and captions: the loss, and recall as fractions.
type PairScores struct {
	// Loss is the mean over Batches batches of Batch pairs, always the same; LnN is
	// the loss of a model that knows nothing, as in Metrics.
	Loss    float64 `json:"loss"`
	LnN     float64 `json:"ln_n"`
	Batch   int     `json:"batch"`
	Batches int     `json:"batches"`

	// Images and Captions count what the recall is of. An image may have several
	// captions: finding one of them is finding it.
	Images   int `json:"images"`
	Captions int `json:"captions"`

	// Recall is the mean of the six that follow: how often the first 1, 5 and 10
	// captions for an image, and images for a caption, have a right one. Equal cosines,
	// as those of captions that repeat, are in random order.
	Recall         float64 `json:"recall"`
	ImageToTextR1  float64 `json:"image_to_text_r1"`
	ImageToTextR5  float64 `json:"image_to_text_r5"`
	ImageToTextR10 float64 `json:"image_to_text_r10"`
	TextToImageR1  float64 `json:"text_to_image_r1"`
	TextToImageR5  float64 `json:"text_to_image_r5"`
	TextToImageR10 float64 `json:"text_to_image_r10"`
}

// Error is the standard error of one recall of many queries.
func (p *PairScores) Error(recall float64) float64 {
	return math.Sqrt(recall * (1 - recall) / float64(max(1, p.Images)))
}

// Chance is the recall of the first k of guessing.
func (p *PairScores) Chance(k int) float64 { return min(1, float64(k)/float64(max(1, p.Images))) }

// Score is the number of an evaluation that a name stands for: val.recall, val.loss or
// val.top1.
func (e Evaluation) Score(name string) (score float64, ok bool) {
	switch {
	case name == "val.recall" && e.PairScores != nil:
		return e.Recall, true
	case name == "val.loss" && e.PairScores != nil:
		return e.PairScores.Loss, true
	case name == "val.top1" && e.Accuracy != nil:
		return e.Top1, true
	}
	return 0, false
}

// Lines are the evaluation for people, without its step: a line for labels, and one for
// captions.
func (e Evaluation) Lines() (all []string) {
	if a := e.Accuracy; a != nil {
		all = append(all, fmt.Sprintf("%s: %.1f %% top-1 (chance %.1f %%), top-5 %.1f %%, 95 %% between %.1f and %.1f, %d images",
			e.Set, 100*a.Top1, 100/float64(a.Classes), 100*a.Top5, 100*a.Low, 100*a.High, a.N))
	}
	if p := e.PairScores; p != nil {
		all = append(all, fmt.Sprintf("%s: loss %.3f (guessing %.3f), R@1/5/10 of captions %.1f/%.1f/%.1f %%, "+
			"of images %.1f/%.1f/%.1f %% (chance %.1f %%), %d images, %d captions",
			e.Set, p.Loss, p.LnN, 100*p.ImageToTextR1, 100*p.ImageToTextR5, 100*p.ImageToTextR10,
			100*p.TextToImageR1, 100*p.TextToImageR5, 100*p.TextToImageR10, 100*p.Chance(1), p.Images, p.Captions))
	}
	return all
}
