package train

import (
	"math"
	"testing"

	"github.com/goclip/goclip/model"
)

// TestPairLosses holds that the losses of the pairs have the mean of the batch, with
// either loss, where captions repeat, and whether these are right or wrong.
func TestPairLosses(t *testing.T) {
	for _, loss := range []string{model.Softmax, model.Sigmoid} {
		seen := map[string]float64{}
		for _, positives := range []string{"pair", "caption"} {
			tr, _ := newTrainer(t)
			config := tr.Model.Config()
			config.Loss = loss
			m, err := model.New(config, 1)
			must(t, err)
			tr.Model, tr.Positives = m, positives
			tr.Step, err = m.NewStep(tr.Config.Step(), tr.Pool())
			must(t, err)
			tr.Step = led{tr.Step, func(_ int, _ []float32, tokens []int32) {
				copy(tokens[:10], tokens[10:]) // the first two captions are the same
			}, new(int)}
			n, err := tr.InspectNext(t.Context())
			must(t, err)
			var mean float64
			for _, p := range n.Pairs {
				mean += float64(p.Loss) / 5
			}
			if math.Abs(mean-float64(n.Loss)) > 1e-5 {
				t.Errorf("%s, %s: the losses of pairs have the mean %g, want %g", loss, positives, mean, n.Loss)
			}
			seen[positives] = mean
		}
		if math.Abs(seen["pair"]-seen["caption"]) < 1e-4 {
			t.Errorf("%s: the same loss %g whatever is positive", loss, seen["pair"])
		}
	}
}

// TestMetricsBatch holds that the size of the batch follows from the loss of guessing.
func TestMetricsBatch(t *testing.T) {
	bias := -3.0
	for _, n := range []int{2, 3, 10, 100, 4096, 32768} {
		softmax := Metrics{LnN: model.Config{Loss: model.Softmax}.GuessLoss(n)}
		sigmoid := Metrics{LnN: model.Config{Loss: model.Sigmoid}.GuessLoss(n), LogitBias: &bias}
		if softmax.Batch() != n || sigmoid.Batch() != n {
			t.Errorf("batch %d, %d; want %d", softmax.Batch(), sigmoid.Batch(), n)
		}
	}
}
