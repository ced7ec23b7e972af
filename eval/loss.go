package eval

import (
	"context"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/goclip/goclip/eval/embeddings"
	"github.com/goclip/goclip/model"
)

// A PairLoss is the training loss over pairs that training does not see.
type PairLoss struct {
	// Loss is the mean over Batches batches of Batch pairs, always the same ones.
	Loss    float64 `json:"loss"`
	Batch   int     `json:"batch"`
	Batches int     `json:"batches"`

	// LnN is the loss of a model that knows nothing, as in a line of training.
	LnN float64 `json:"ln_n"`
}

// PairLoss is the loss that training with a step would have on the pairs of s: each
// image with the first of its captions, in batches of step.Batch of a fixed shuffle. Pairs
// left over are not counted; a set of fewer than step.Batch is one batch. The same text
// is a negative or not as step.SameTexts says. Fewer than 2 pairs are an error.
func (e *Embedder) PairLoss(ctx context.Context, pool *model.Pool, s *embeddings.Set, l Logits,
	step model.StepConfig) (PairLoss, error) {
	first := make([]int, len(s.Images)/s.Width)
	for i := range first {
		first[i] = -1
	}
	for j, i := range s.ImageOf {
		if first[i] < 0 {
			first[i] = j
		}
	}
	var images, texts []float32
	var same []int
	known := map[string]int{}
	tokens := make([]int32, e.config.Text.ContextLength)
	for _, i := range rand.New(rand.NewPCG(1, 2)).Perm(len(first)) {
		j := first[i]
		if j < 0 {
			continue
		}
		images, texts = append(images, s.Image(i)...), append(texts, s.Text(j)...)
		e.tokenizer.Tokenize(tokens, s.Captions[j])
		key := fmt.Sprint(tokens)
		if _, ok := known[key]; !ok {
			known[key] = len(known)
		}
		same = append(same, known[key])
	}
	p := PairLoss{Batch: min(step.Batch, len(same))}
	if p.Batch < 2 {
		return p, fmt.Errorf("eval: %d pairs with captions; want at least 2 for a loss", len(same))
	}
	p.Batches = len(same) / p.Batch
	for b := range p.Batches {
		lo, hi := b*p.Batch, (b+1)*p.Batch
		var ids []int
		if step.SameTexts {
			ids = same[lo:hi]
		}
		loss, err := Loss(ctx, pool, images[lo*s.Width:hi*s.Width], texts[lo*s.Width:hi*s.Width], ids, p.Batch, l)
		if err != nil {
			return p, err
		}
		p.Loss += loss / float64(p.Batches)
		p.LnN += guessLoss(ids, p.Batch, l.Sigmoid) / float64(p.Batches)
	}
	return p, nil
}

// guessLoss is the loss of a batch for a model that knows nothing but how often texts
// repeat, where those with equal ids are no negatives; without ids, all are.
func guessLoss(ids []int, n int, sigmoid bool) float64 {
	counts := map[int]int{}
	for i := range n {
		id := -1 - i // of its own
		if ids != nil {
			id = ids[i]
		}
		counts[id]++
	}
	var same, left float64                                // in the mean: equal texts, and the logarithm of what a choice is among
	for _, id := range slices.Sorted(maps.Keys(counts)) { // a fixed order of additions
		c := float64(counts[id])
		same += c * c / float64(n)
		left += c * math.Log(float64(n)-c+1) / float64(n)
	}
	if sigmoid {
		return model.GuessSigmoid(n, same)
	}
	return left
}

// Loss is the contrastive loss of one batch of n pairs, unit rows images and texts
// (N, E): CLIP's softmax,
//
//	mean_i ( log sum_j exp(z_ij - z_ii) + log sum_j exp(z_ji - z_ii) ) / 2, z = scale * cosine,
//
// or SigLIP's sum over all combinations of -log sigmoid(+-z), z with the bias, over N.
// Texts with equal ids are no negatives of each other's images: the softmax leaves them
// out, the sigmoid takes them for pairs. Without ids, each text is its own image's alone.
func Loss(ctx context.Context, pool *model.Pool, images, texts []float32, ids []int, n int,
	l Logits) (float64, error) {
	if n < 2 || len(images) != len(texts) || len(images)%n != 0 || len(images) == 0 || ids != nil && len(ids) != n {
		return 0, fmt.Errorf("eval: have %d and %d numbers, %d ids for %d pairs; want a row of each for each pair, 2 at least",
			len(images), len(texts), len(ids), n)
	}
	pool = pool.OrDefault()
	pair := func(i, j int) bool { return i == j || ids != nil && ids[i] == ids[j] }
	rows, columns, own := make([]float64, n), make([]float64, n), make([]float64, n)
	err := eachBlock(ctx, pool, images, texts, len(images)/n, func(b block) {
		for i := b.lo; i < b.hi; i++ {
			for k, c := range b.row(i) {
				j := b.left + k
				v := l.term(float64(c), i == j, pair(i, j))
				rows[i] += v
				columns[j] += v
				if i == j {
					own[i] = float64(c)
				}
			}
		}
	})
	if err != nil {
		return 0, err
	}
	var sum float64
	for i, c := range own {
		if l.Sigmoid {
			sum += rows[i]
			continue
		}
		// The terms are exp(z - scale), as no cosine is larger than 1.
		sum += (math.Log(rows[i])+math.Log(columns[i]))/2 + l.Scale*(1-c)
	}
	return sum / float64(n), nil
}

// term is what one combination of an image and a text adds to its row and column.
func (l Logits) term(cosine float64, own, pair bool) float64 {
	if !l.Sigmoid {
		if pair && !own {
			return 0
		}
		return math.Exp(l.Scale * (cosine - 1))
	}
	z := l.Scale*cosine + l.Bias
	if pair {
		z = -z
	}
	return max(z, 0) + math.Log1p(math.Exp(-math.Abs(z)))
}

// Mean is the mean of the six recalls: at 1, 5 and 10, of captions and of images.
func (r Retrieval) Mean() float64 {
	i, t := r.ImageToText, r.TextToImage
	return (i.R1 + i.R5 + i.R10 + t.R1 + t.R5 + t.R10) / 6
}

// Ceiling is the recall of a model that knows each image's captions and cannot tell
// equal ones apart: what captions that repeat leave of 100 %.
func Ceiling(captions []string, imageOf []int) Retrieval {
	byText := map[string][]int{} // the texts that have a caption
	images := 0
	for j, c := range captions {
		byText[c], images = append(byText[c], j), max(images, imageOf[j]+1)
	}
	others := func(j int) (n int) { // equal texts of other images
		for _, k := range byText[captions[j]] {
			if imageOf[k] != imageOf[j] {
				n++
			}
		}
		return n
	}
	byCaption, byImage := make([]ranked, len(captions)), make([]ranked, images)
	for i := range byImage {
		byImage[i] = math.MaxUint64
	}
	for j, i := range imageOf {
		equal := ranked(others(j)) << 32
		byCaption[j], byImage[i] = equal, min(byImage[i], equal)
	}
	byImage = slices.DeleteFunc(byImage, func(r ranked) bool { return r == math.MaxUint64 })
	return Retrieval{len(byImage), len(captions), recall(byImage), recall(byCaption)}
}
