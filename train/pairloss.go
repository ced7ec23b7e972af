package train

import (
	"math"
	"slices"

	"github.com/goclip/goclip/model"
)

// pairLosses are what the image and the text of each of n pairs have to do with the loss
// of the last batch, which is the mean of either.
func (t *Trainer) pairLosses(cosine func(i, j int) float64, n int) (images, texts []float64) {
	scale, bias := t.Model.LogitScale(), t.Model.LogitBias()
	logit := func(i, j int) float64 { return scale*cosine(i, j) + bias }
	isPair := t.positives(n)
	if t.Model.Config().Loss == model.Sigmoid {
		return sigmoidLosses(logit, isPair, n)
	}
	return softmaxLosses(logit, isPair, n, scale)
}

// positives says which image belongs to which text.
func (t *Trainer) positives(n int) func(i, j int) bool {
	if t.Positives != "caption" {
		return func(i, j int) bool { return i == j }
	}
	tokens, context := t.Step.Tokens(), len(t.Step.Tokens())/n
	return func(i, j int) bool {
		return slices.Equal(tokens[i*context:][:context], tokens[j*context:][:context])
	}
}

// guessOf is the loss that a model which knows nothing has on the last batch, of n pairs:
// of the softmax, the choice among the texts that are negatives and the pair's own.
func (t *Trainer) guessOf(n int) float64 {
	if t.Positives != "caption" {
		return t.guess()
	}
	isPair := t.positives(n)
	var same, left float64
	for i := range n {
		var pairs float64
		for j := range n {
			if isPair(i, j) {
				pairs++
			}
		}
		same += pairs / float64(n)
		left += math.Log(float64(n)-pairs+1) / float64(n)
	}
	if t.Model.Config().Loss == model.Sigmoid {
		return model.GuessSigmoid(n, same)
	}
	return left
}

// softmaxLosses are the log-sum-exps of the rows and of the columns of the logits, less
// the pair's own, and without what else is one. Cosines are at most 1, so that no
// exponential of a logit less the largest overflows.
func softmaxLosses(
	logit func(i, j int) float64, isPair func(i, j int) bool, n int, largest float64,
) (rows, columns []float64) {
	rows, columns = make([]float64, n), make([]float64, n)
	for i := range n {
		for j := range n {
			if i == j || !isPair(i, j) {
				v := math.Exp(logit(i, j) - largest)
				rows[i] += v
				columns[j] += v
			}
		}
	}
	for i := range n {
		own := largest - logit(i, i)
		rows[i], columns[i] = math.Log(rows[i])+own, math.Log(columns[i])+own
	}
	return rows, columns
}

// sigmoidLosses are the sums over rows and columns of the loss of each combination.
func sigmoidLosses(logit func(i, j int) float64, isPair func(i, j int) bool, n int) (rows, columns []float64) {
	rows, columns = make([]float64, n), make([]float64, n)
	for i := range n {
		for j := range n {
			l := logit(i, j)
			if isPair(i, j) {
				l = -l
			}
			v := max(l, 0) + math.Log1p(math.Exp(-math.Abs(l)))
			rows[i] += v
			columns[j] += v
		}
	}
	return rows, columns
}
