package train

import (
	"encoding/json"
	"fmt"
	"math"
)

// Metrics is one line of metrics.jsonl about training.
type Metrics struct {
	// Step counts optimizer updates, this one included; Epoch counts passes
	// over the training pairs, as a fraction.
	Step  int     `json:"step"`
	Epoch float64 `json:"epoch"`

	// Loss is the loss of this step's batch. LnN is the loss of a model that knows
	// nothing: the logarithm of the batch size, or of the sigmoid loss about one more,
	// and less where captions that repeat are no negatives. See [model.Config.GuessLoss].
	Loss float64 `json:"loss"`
	LnN  float64 `json:"ln_n"`

	// Pairs counts the pairs of the step.
	Pairs int `json:"batch,omitempty"`

	// Floor is the least mean loss that captions which repeat allow; left out
	// where none repeats.
	Floor float64 `json:"floor,omitempty"`

	// LogitScale is the factor on cosines, not its logarithm.
	LogitScale float64 `json:"logit_scale"`

	// LogitBias is what is added to logits; nil without the sigmoid loss.
	LogitBias *float64 `json:"logit_bias,omitempty"`

	LearningRate float64 `json:"learning_rate"`

	// GradNorm is the L2 norm of all gradients before clipping, GradNormImage
	// and GradNormText the norms of each tower's gradients.
	GradNorm      float64 `json:"grad_norm"`
	GradNormImage float64 `json:"grad_norm_image"`
	GradNormText  float64 `json:"grad_norm_text"`

	// CosinePairs is the mean cosine of the batch's true pairs, CosineRest
	// the mean over all other combinations.
	CosinePairs float64 `json:"cosine_pairs"`
	CosineRest  float64 `json:"cosine_rest"`

	// PairsPerSecond covers the steps since the previous line, without
	// evaluation and saving. WaitSeconds is how long they waited for data.
	PairsPerSecond float64 `json:"pairs_per_second"`
	WaitSeconds    float64 `json:"wait_seconds"`

	// ReadSeconds to TokenizeSeconds are how long the goroutines of the data
	// were busy with each stage since the previous line, summed up over them.
	ReadSeconds     float64 `json:"read_seconds"`
	DecodeSeconds   float64 `json:"decode_seconds"`
	ResizeSeconds   float64 `json:"resize_seconds"`
	TokenizeSeconds float64 `json:"tokenize_seconds"`

	// ReadBytes counts the bytes of image files and captions read since the
	// previous line, also in the first line after a resume.
	ReadBytes int64 `json:"read_bytes"`

	// Skipped counts the bad steps so far whose update was left out.
	Skipped int `json:"skipped,omitempty"`
}

// LnNName is what people call the number LnN.
func (m Metrics) LnNName() string {
	if m.LogitBias != nil {
		return "ln N + 1"
	}
	return "ln N"
}

// Batch is the number of pairs of the step; of a line that does not have it, as older
// ones, from LnN: with the sigmoid loss, that is ln N + 1 - 1/2N and less, so that N is
// half a pair above the exponential.
func (m Metrics) Batch() int {
	if m.Pairs > 0 {
		return m.Pairs
	}
	if m.LogitBias != nil {
		return int(math.Round(math.Exp(m.LnN-1) + 0.5))
	}
	return int(math.Round(math.Exp(m.LnN)))
}

// String is the line for people.
func (m Metrics) String() string {
	bias := ""
	if m.LogitBias != nil {
		bias = fmt.Sprintf("  bias %.2f", *m.LogitBias)
	}
	return fmt.Sprintf("step %d  epoch %.2f  loss %.3f (%s %.3f)  logit scale %.2f%s  lr %.2e  grad norm %.2f  "+
		"cosine %.3f / %.3f  %.0f pairs/s  waited %.2f s",
		m.Step, m.Epoch, m.Loss, m.LnNName(), m.LnN, m.LogitScale, bias, m.LearningRate, m.GradNorm,
		m.CosinePairs, m.CosineRest, m.PairsPerSecond, m.WaitSeconds)
}

// meanCosines returns the mean inner product of rows with equal index of x and y
// (N, E), and the mean over rows with different index. The second needs no N x N
// products: the sum over all combinations is the product of the sums.
func meanCosines(x, y []float32, n int) (pairs, rest float64) {
	e := len(x) / n
	sumX, sumY := make([]float64, e), make([]float64, e)
	for i, v := range x {
		sumX[i%e] += float64(v)
		sumY[i%e] += float64(y[i])
		pairs += float64(v) * float64(y[i])
	}
	var all float64
	for i, v := range sumX {
		all += v * sumY[i]
	}
	return pairs / float64(n), (all - pairs) / float64(n*(n-1))
}

// writeLine appends v to t.Metrics as one line of JSON.
func (t *Trainer) writeLine(v any) error {
	if t.Metrics == nil {
		return nil
	}
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = t.Metrics.Write(append(line, '\n'))
	return err
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
