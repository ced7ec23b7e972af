package eval

import (
	"io"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/model"
)

// refLoss is the formula of the papers in float64, over the whole grid.
func refLoss(x, y []float32, ids []int, n int, l Logits) (sum float64) {
	e := len(x) / n
	z := func(i, j int) (s float64) {
		for k := range e {
			s += float64(x[i*e+k]) * float64(y[j*e+k])
		}
		return l.Scale*s + l.Bias
	}
	same := func(i, j int) bool { return i == j || ids != nil && ids[i] == ids[j] }
	for i := range n {
		var row, column float64
		for j := range n {
			if l.Sigmoid {
				sign := -1.0
				if same(i, j) {
					sign = 1
				}
				sum += math.Log(1+math.Exp(-sign*z(i, j))) / float64(n)
			} else if i == j || !same(i, j) {
				row, column = row+math.Exp(z(i, j)-z(i, i)), column+math.Exp(z(j, i)-z(i, i))
			}
		}
		if !l.Sigmoid {
			sum += (math.Log(row) + math.Log(column)) / 2 / float64(n)
		}
	}
	return sum
}

// TestLoss compares the loss by blocks with the formula, on both sides of a block.
func TestLoss(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{2, 7, blockSize + 3} {
		x, y := unitRows(rng, n, 8), unitRows(rng, n, 8)
		ids := make([]int, n)
		for i := range ids {
			ids[i] = i / 2
		}
		for _, l := range []Logits{{Scale: 14}, {Scale: 100}, {Scale: 10, Bias: -3, Sigmoid: true}} {
			for _, ids := range [][]int{nil, ids} {
				if n == 2 && ids != nil && !l.Sigmoid {
					continue // nothing to choose from: 0 by any formula
				}
				got, err := Loss(t.Context(), newPool(t, 2), x, y, ids, n, l)
				if want := refLoss(x, y, ids, n, l); err != nil || math.Abs(got-want) > 2e-5*(1+want) {
					t.Errorf("Loss of %d pairs, %+v, same texts %v = %.7g, %v; want %.7g", n, l, ids != nil, got, err, want)
				}
			}
		}
	}
	if _, err := Loss(t.Context(), nil, []float32{1}, []float32{1}, nil, 1, Logits{}); err == nil {
		t.Error("the loss of one pair: no error")
	}
}

// TestPairLoss holds that the loss of an evaluation is the loss of training on the same
// pairs, with either loss and whatever equal captions are, and what guessing costs then.
func TestPairLoss(t *testing.T) {
	for _, loss := range []string{model.Softmax, model.Sigmoid} {
		for _, same := range []bool{false, true} {
			was, with, d := untrained(t)
			c := was.Config()
			c.Loss = loss
			m, err := model.New(c, 1)
			must(t, err)
			e := embedder(t, m, with.tokenizer)
			s, err := e.Embed(t.Context(), d, true, data.NewLedger(io.Discard, data.Config{}))
			must(t, err)
			step := model.StepConfig{Batch: len(s.Labels), SameTexts: same}
			train, err := m.NewTrainStep(step, newPool(t, 1))
			must(t, err)
			s.Captions[3], s.Texts = s.Captions[1], append([]float32(nil), s.Texts...)
			copy(s.Text(3), s.Text(1))
			must(t, d.Scan(t.Context(), 32, 5, nil, func(x data.Examples) error {
				copy(train.Images(), x.Images)
				return nil
			}))
			for i, caption := range s.Captions {
				e.tokenizer.Tokenize(train.Tokens()[i*16:][:16], caption)
			}
			want, err := train.Run()
			must(t, err)
			got, err := e.PairLoss(t.Context(), nil, s, LogitsOf(m), step)
			if err != nil || math.Abs(got.Loss-float64(want)) > 1e-5 || got.Batches != 1 || got.Batch != 5 {
				t.Errorf("%s, same texts %v: %+v, %v; want the loss %g of a batch of 5", loss, same, got, err, want)
			}
			guess, err := e.PairLoss(t.Context(), nil, s, guessing(same, loss), step)
			if err != nil || math.Abs(guess.Loss-guess.LnN) > 1e-6 {
				t.Errorf("%s, same texts %v: a guess has the loss %g, %v; want ln_n %g", loss, same, guess.Loss, err, guess.LnN)
			}
		}
	}
}

// guessing are logits that say nothing but how often a combination is a pair: of 25, 7
// are where texts 1 and 3 are equal.
func guessing(same bool, loss string) Logits {
	odds := 5. / 20
	if same {
		odds = 7. / 18
	}
	return Logits{Bias: math.Log(odds), Sigmoid: loss == model.Sigmoid}
}

// TestCeiling has captions of which three images share one; image 3 has one of its own too.
func TestCeiling(t *testing.T) {
	captions, imageOf := []string{"a", "a", "b", "a", "c"}, []int{0, 1, 2, 3, 3}
	got := Ceiling(captions, imageOf)
	want := Retrieval{
		Images: 4, Texts: 5,
		ImageToText: Recall{R1: (1./3 + 1./3 + 1 + 1) / 4, R5: 1, R10: 1, MedianRank: 1.5, MeanRank: 1.5},
		TextToImage: Recall{R1: (3*1./3 + 2) / 5, R5: 1, R10: 1, MedianRank: 2, MeanRank: (3*2 + 2) / 5.},
	}
	if d := cmp.Diff(want, got, close12); d != "" {
		t.Errorf("Ceiling (-want +got):\n%s", d)
	}
	if got := want.Mean(); math.Abs(got-(2./3+0.6+4)/6) > 1e-12 {
		t.Errorf("Mean = %g", got)
	}
	// A model that puts each image at its captions reaches it.
	texts := make([]float32, 5*4)
	for j, c := range captions {
		texts[j*4+strings.Index("abc", c)] = 1
	}
	images := []float32{1, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0}
	best, err := Retrieve(t.Context(), nil, images, texts, imageOf)
	if err != nil || best.ImageToText.R1 != got.ImageToText.R1 {
		t.Errorf("Retrieve = %+v, %v; want R@1 of captions at its ceiling %g", best, err, got.ImageToText.R1)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
