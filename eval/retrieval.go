package eval

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/goclip/goclip/eval/embeddings"
	"github.com/goclip/goclip/internal/kernel"
	"github.com/goclip/goclip/model"
)

// Retrieval says how well images find their captions and captions their images.
type Retrieval struct {
	Images int `json:"images"`
	Texts  int `json:"texts"`

	ImageToText Recall `json:"image_to_text"`
	TextToImage Recall `json:"text_to_image"`
}

// A Recall is the result of many queries. R1, R5 and R10 are the fractions of
// queries whose answer is among the first 1, 5 and 10; a rank counts from 1.
type Recall struct {
	R1         float64 `json:"r1"`
	R5         float64 `json:"r5"`
	R10        float64 `json:"r10"`
	MedianRank float64 `json:"median_rank"`
	MeanRank   float64 `json:"mean_rank"`
}

// Retrieve ranks all texts for each image and all images for each text, by the
// cosine of unit rows images (N, E) and texts (M, E). Text j belongs to image
// imageOf[j]. The answer to an image is the nearest of its own texts, as in the
// CLIP paper's retrieval; its other texts are passed over.
//
// Equal cosines are in random order: the result is its expectation. An answer
// that g others precede and e others equal has rank g + 1 + e/2, and is among
// the first k with probability (k - g) / (e + 1), cut to 0 and 1. So a model
// that gives everything the same embedding has the recall of chance, and
// the order of the data plays no part.
//
// An image without a text, and numbers that are not finite, are errors.
func Retrieve(ctx context.Context, pool *model.Pool, images, texts []float32, imageOf []int) (r Retrieval, err error) {
	pool = pool.OrDefault()
	if len(imageOf) == 0 || len(texts)%len(imageOf) != 0 {
		return r, fmt.Errorf("eval: have %d numbers for %d texts; want one row per text", len(texts), len(imageOf))
	}
	e := len(texts) / len(imageOf)
	if err := embeddings.Check("texts", texts, e); err != nil {
		return r, err
	}
	if err := embeddings.Check("images", images, e); err != nil {
		return r, err
	}
	n := len(images) / e
	textsOf, err := group(imageOf, n)
	if err != nil {
		return r, err
	}
	ofText := ownCosines(pool, images, texts, imageOf, e)
	ofImage := make([]float32, n)
	for i, own := range textsOf {
		ofImage[i] = ofText[own[0]]
		for _, j := range own {
			ofImage[i] = max(ofImage[i], ofText[j])
		}
	}
	byImage, byText, err := rank(ctx, pool, images, texts, textsOf, ofImage, ofText)
	if err != nil {
		return r, err
	}
	return Retrieval{n, len(imageOf), recall(byImage), recall(byText)}, nil
}

// rank counts the wrong answers to each image and to each text, by the cosines
// ofImage and ofText with their right answers.
func rank(ctx context.Context, pool *model.Pool, images, texts []float32, textsOf [][]int,
	ofImage, ofText []float32) (byImage, byText []ranked, err error) {
	byImage, byText = make([]ranked, len(ofImage)), make([]ranked, len(ofText))
	inColumn := make([][]ranked, pool.Threads())
	for i := range inColumn {
		inColumn[i] = make([]ranked, blockSize)
	}
	err = eachBlock(ctx, pool, images, texts, len(images)/len(ofImage), func(b block) {
		parallel(pool.Threads(), b.hi-b.lo, func(worker, lo, hi int) {
			counts := inColumn[worker][:b.right-b.left]
			for i := b.lo + lo; i < b.lo+hi; i++ {
				row := b.row(i)
				for _, j := range textsOf[i] {
					if b.left <= j && j < b.right {
						row[j-b.left] = -math.MaxFloat32 // no answer to itself
					}
				}
				byImage[i] += countNearer(counts, row, ofImage[i], ofText[b.left:b.right])
			}
		})
		for _, counts := range inColumn {
			for j, c := range counts[:b.right-b.left] {
				byText[b.left+j] += c
			}
			clear(counts)
		}
	})
	return byImage, byText, err
}

// group lists the texts of each of n images.
func group(imageOf []int, n int) ([][]int, error) {
	textsOf := make([][]int, n)
	for j, i := range imageOf {
		if i < 0 || i >= n {
			return nil, fmt.Errorf("eval: text %d belongs to image %d; want 0 to %d", j, i, n-1)
		}
		textsOf[i] = append(textsOf[i], j)
	}
	for i, own := range textsOf {
		if len(own) == 0 {
			return nil, fmt.Errorf("eval: image %d has no text; want at least one", i)
		}
	}
	return textsOf, nil
}

// ownCosines returns the cosine of each text with its image. They are diagonals
// of small products, so that they have the bits that the same two embeddings get
// elsewhere in the grid.
func ownCosines(pool *model.Pool, images, texts []float32, imageOf []int, e int) []float32 {
	const part = 64
	own := make([]float32, len(imageOf))
	theirs, square := make([]float32, part*e), make([]float32, part*part)
	for lo := 0; lo < len(own); lo += part {
		n := min(part, len(own)-lo)
		for i := range n {
			copy(theirs[i*e:(i+1)*e], images[imageOf[lo+i]*e:])
		}
		product(pool, square[:n*n], theirs[:n*e], texts[lo*e:(lo+n)*e], n, n, e, kernel.Gemm{TransB: true})
		for i := range n {
			own[lo+i] = square[i*n+i] + 0 // which makes -0 to 0, for countNearer
		}
	}
	return own
}

// ranked counts the wrong answers of a query: those nearer than the right one
// in the low half, those at least as near in the high half.
type ranked uint64

func (r ranked) nearer() int { return int(uint32(r)) }
func (r ranked) equal() int  { return int(r>>32) - r.nearer() }

// countNearer counts the cosines of a row that are larger than own, and adds to
// counts the cosines that are larger than their column's own. It has no branch,
// which no processor could predict: the sign bit of own - cosine says that the
// cosine is larger; the sign bit of the same bits less one, that it is at least
// equal.
func countNearer(counts []ranked, row []float32, own float32, ofColumn []float32) ranked {
	var nearer, atLeast uint32
	counts, ofColumn = counts[:len(row)], ofColumn[:len(row)]
	for j, c := range row {
		d := math.Float32bits(own - c)
		nearer += d >> 31
		atLeast += (d - 1) >> 31
		d = math.Float32bits(ofColumn[j] - c)
		counts[j] += ranked(d>>31) | ranked((d-1)>>31)<<32
	}
	return ranked(nearer) | ranked(atLeast)<<32
}

// recall sums up queries.
func recall(queries []ranked) (r Recall) {
	ranks := make([]float64, len(queries))
	n := float64(len(queries))
	for i, q := range queries {
		g, e := float64(q.nearer()), float64(q.equal())
		ranks[i] = g + 1 + e/2
		r.MeanRank += ranks[i]
		for _, at := range []struct {
			sum *float64
			k   float64
		}{{&r.R1, 1}, {&r.R5, 5}, {&r.R10, 10}} {
			*at.sum += min(1, max(0, (at.k-g)/(e+1)))
		}
	}
	for _, sum := range []*float64{&r.R1, &r.R5, &r.R10, &r.MeanRank} {
		*sum /= n
	}
	slices.Sort(ranks)
	r.MedianRank = (ranks[(len(ranks)-1)/2] + ranks[len(ranks)/2]) / 2
	return r
}
